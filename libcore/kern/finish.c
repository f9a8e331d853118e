/* finish.c - what happens with the sums of a tile where its registers cannot do it at once. */
#include "kern/tile.h"
#include "kern/vector.h"

static inline void finish_row(float *y, const float *sums, const float *bias, size_t cols,
                              bt_finish finish)
{
    if (finish == BT_STORE)
        for (size_t j = 0; j < cols; j++)
            y[j] = sums[j] + bias[j];
    else if (finish == BT_ADD)
        for (size_t j = 0; j < cols; j++)
            y[j] += sums[j] + bias[j];
    else if (finish == BT_GELU)
        for (size_t j = 0; j < cols; j++)
            y[j] = bt_geluf(sums[j] + bias[j]);
    else
        for (size_t j = 0; j < cols; j++)
            y[j] = bt_geluf(y[j] + sums[j] + bias[j]);
}

/* Whole panels, nearly all there are, get loops of a known length. */
BT_CLONES
void bt_finish_tile(const bt_target *to, const float *sums, size_t n)
{
    float *y = to->y;
    for (size_t i = 0; i < n; i++, y += to->stride, sums += BT_PANEL) {
        if (to->cols == BT_PANEL)
            finish_row(y, sums, to->bias, BT_PANEL, to->finish);
        else
            finish_row(y, sums, to->bias, to->cols, to->finish);
    }
}
