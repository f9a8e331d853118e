/* linear.c - y = x w + b and its gradients. */
#include "kern/kern.h"

#include <string.h>

#include "kern/vector.h"

void bt_linear_forward(bt_mat y, bt_mat x, bt_mat w, const float *b)
{
    for (size_t i = 0; b && i < y.rows; i++)
        memcpy(y.data + i * y.stride, b, y.cols * sizeof *b);
    bt_gemm(y, x, false, w, false, 1, b ? 1 : 0);
}

BT_CLONES
static void add_rows(float *sum, const float *row, size_t rows, size_t cols, size_t stride)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            sum[j] += row[i * stride + j];
}

void bt_linear_backward(bt_mat dx, float beta, bt_mat dw, float *db, bt_mat dy, bt_mat x, bt_mat w)
{
    if (dx.data)
        bt_gemm(dx, dy, false, w, true, 1, beta);
    if (dw.data)
        bt_gemm(dw, x, true, dy, false, 1, 1);
    if (db)
        add_rows(db, dy.data, dy.rows, dy.cols, dy.stride);
}
