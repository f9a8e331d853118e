/* linear.c - y = x w + b and its gradients. */
#include <string.h>

#include "kern/product.h"
#include "kern/vector.h"

/* Rows from which on a tile is worth bringing both factors into its order. */
#define MANY_ROWS 32

void bt_mill_multiply(const bt_mill *mill, size_t rows, bt_mat c, bt_mat a, bool ta, bt_mat b, bool tb,
                      bool add)
{
    if (mill && mill->tile && rows >= MANY_ROWS)
        bt_product(mill->tile, c, a, ta, b, tb, add, mill->scratch);
    else
        bt_gemm(c, a, ta, b, tb, 1, add ? 1 : 0);
}

void bt_linear_forward(const bt_mill *mill, bt_mat y, bt_mat x, bt_mat w, const float *b)
{
    for (size_t i = 0; b && i < y.rows; i++)
        memcpy(y.data + i * y.stride, b, y.cols * sizeof *b);
    bt_mill_multiply(mill, x.rows, y, x, false, w, false, b);
}

BT_CLONES
static void add_rows(float *sum, const float *row, size_t rows, size_t cols, size_t stride)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            sum[j] += row[i * stride + j];
}

void bt_linear_backward(const bt_mill *mill, bt_mat dx, bool add, bt_mat dw, float *db, bt_mat dy,
                        bt_mat x, bt_mat w)
{
    if (dx.data)
        bt_mill_multiply(mill, x.rows, dx, dy, false, w, true, add);
    if (dw.data)
        bt_mill_multiply(mill, x.rows, dw, x, true, dy, false, true);
    if (db)
        add_rows(db, dy.data, dy.rows, dy.cols, dy.stride);
}
