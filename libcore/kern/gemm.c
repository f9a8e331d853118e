/*
 * gemm.c - matrix products through the BLAS; the only file that knows it.
 *
 * Debian's libopenblas is an alternative that the administrator can switch. Its serial build is not
 * safe to call from several threads, so calls take turns there.
 */
#include "kern/kern.h"

#include <cblas.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t serial_turn = PTHREAD_MUTEX_INITIALIZER;

bt_mat bt_mat_of(const float *data, size_t rows, size_t cols)
{
    bt_mat m = {.rows = rows, .cols = cols, .stride = cols};
    memcpy(&m.data, &data, sizeof m.data);
    return m;
}

bt_mat bt_mat_cols(bt_mat m, size_t first, size_t cols)
{
    return (bt_mat){m.data ? m.data + first : NULL, m.rows, cols, m.stride};
}

bt_mat bt_mat_rows(bt_mat m, size_t first, size_t rows)
{
    return (bt_mat){m.data ? m.data + first * m.stride : NULL, rows, m.cols, m.stride};
}

void bt_gemm_single_thread(void)
{
    openblas_set_num_threads(1);
}

void bt_gemm(bt_mat c, bt_mat a, bool ta, bt_mat b, bool tb, float alpha, float beta)
{
    size_t k = ta ? a.rows : a.cols;
    if (c.rows == 0 || c.cols == 0)
        return;
    bool take_turns = openblas_get_parallel() == OPENBLAS_SEQUENTIAL;
    if (take_turns)
        pthread_mutex_lock(&serial_turn);
    cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans,
                (blasint)c.rows, (blasint)c.cols, (blasint)k, alpha, a.data, (blasint)a.stride,
                b.data, (blasint)b.stride, beta, c.data, (blasint)c.stride);
    if (take_turns)
        pthread_mutex_unlock(&serial_turn);
}
