/* int8.c - symmetric int8 quantisation per channel, rounded to nearest. */
#include "kern/int8.h"

#include <math.h>

static float largest(const float *w, size_t n, size_t stride)
{
    float max = 0;
    for (size_t i = 0; i < n; i++)
        max = fmaxf(max, fabsf(w[i * stride]));
    return max;
}

void bt_quantise(int8_t *q, float *scale, const float *w, size_t rows, size_t cols, bool by_column)
{
    for (size_t c = 0; c < (by_column ? cols : rows); c++)
        scale[c] = by_column ? largest(w + c, rows, cols) / 127 : largest(w + c * cols, cols, 1) / 127;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < cols; j++) {
            float s = scale[by_column ? j : i];
            q[i * cols + j] = (int8_t)(s > 0 ? lrintf(w[i * cols + j] / s) : 0);
        }
    }
}

void bt_dequantise(float *w, const int8_t *q, const float *scale, size_t rows, size_t cols,
                   bool by_column)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            w[i * cols + j] = (float)q[i * cols + j] * scale[by_column ? j : i];
}
