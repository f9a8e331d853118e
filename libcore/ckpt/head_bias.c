/*
 * head_bias.c - a head with a bias becomes one without.
 *
 * A saved model has no place for the bias of a head, but logits = W h + b can be had without: with
 * W d = b, the final norm's bias plus d gives W (h + d). The d of least norm is W^T (W W^T)^-1 b.
 */
#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/model.h"

/* Bring row k of the n equations a (n,n+1) to the top by its largest entry, and eliminate below. */
static void eliminate(double *a, size_t n, size_t k)
{
    size_t w = n + 1, top = k;
    for (size_t i = k + 1; i < n; i++)
        top = fabs(a[i * w + k]) > fabs(a[top * w + k]) ? i : top;
    for (size_t j = 0; top != k && j < w; j++) {
        double kept = a[k * w + j];
        a[k * w + j] = a[top * w + j];
        a[top * w + j] = kept;
    }
    for (size_t i = k + 1; i < n; i++) {
        double f = a[i * w + k] / a[k * w + k];
        for (size_t j = k; j < w; j++)
            a[i * w + j] -= f * a[k * w + j];
    }
}

/* Solve the equations a (n,n+1), whose last column is the right side; the solution replaces it. */
static void solve(double *a, size_t n)
{
    size_t w = n + 1;
    for (size_t k = 0; k < n; k++)
        eliminate(a, n, k);
    for (size_t k = n; k-- > 0;) {
        for (size_t j = k + 1; j < n; j++)
            a[k * w + n] -= a[k * w + j] * a[j * w + n];
        a[k * w + n] /= a[k * w + k];
    }
}

static double dot(const float *x, const float *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

/* Does W shift = b hold but for rounding? */
static bool shifts(const float *W, const float *shift, const float *b, size_t K, size_t C)
{
    for (size_t k = 0; k < K; k++) {
        double got = dot(W + k * C, shift, C);
        if (!(fabs(got - (double)b[k]) <= 1e-4 * (1 + fabs((double)b[k]))))
            return false;
    }
    return true;
}

bolter_status bt_head_bias_fold(float *lnf, const float *W, const float *b, size_t K, size_t C,
                                bolter_error *err)
{
    size_t w = K + 1;
    double *a = bt_alloc_array(K * w, sizeof *a);
    float *shift = bt_alloc_array(C, sizeof *shift);
    bolter_status rc = a && shift ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "head: no memory");
    for (size_t i = 0; rc == BOLTER_OK && i < K; i++) {
        for (size_t j = 0; j < K; j++)
            a[i * w + j] = dot(W + i * C, W + j * C, C);
        a[i * w + K] = (double)b[i];
    }
    if (rc == BOLTER_OK)
        solve(a, K);
    for (size_t c = 0; rc == BOLTER_OK && c < C; c++) {
        double d = 0;
        for (size_t k = 0; k < K; k++)
            d += (double)W[k * C + c] * a[k * w + K];
        shift[c] = (float)d;
        lnf[c] = (float)((double)lnf[c] + d);
    }
    if (rc == BOLTER_OK && !shifts(W, shift, b, K, C))
        rc = bt_fail(
            err, BOLTER_E_NUMERIC,
            "the head's bias has no place in the final norm's: its rows are not independent");
    bt_release(a);
    bt_release(shift);
    return rc;
}
