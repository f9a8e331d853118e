/* folded.c - attention of one query a head, with the projections of keys and values folded into it.
 */
#include "kern/kern.h"

#include <math.h>

static float score_scale(const bt_folded *f)
{
    return 1.0f / sqrtf((float)(f->C / f->H));
}

void bt_folded_forward(const bt_folded *f, float *z)
{
    bt_mat n = bt_mat_of(f->n, f->T, f->C), p = bt_mat_of(f->p, f->H, f->T);
    bt_gemm(p, bt_mat_of(f->u, f->H, f->C), false, n, true, score_scale(f), 0);
    for (size_t h = 0; h < f->H; h++) {
        float *row = f->p + h * f->T;
        float sum = bt_exp_sum(row, row, bt_max(row, f->T), f->T);
        for (size_t j = 0; j < f->T; j++)
            row[j] /= sum;
    }
    bt_gemm(bt_mat_of(z, f->H, f->C), p, false, n, false, 1, 0);
}

/* ds = p (dp - sum p dp), in place of dp. */
static void softmax_backward(float *ds, const float *p, size_t n)
{
    float sum = 0;
    for (size_t j = 0; j < n; j++)
        sum += p[j] * ds[j];
    for (size_t j = 0; j < n; j++)
        ds[j] = p[j] * (ds[j] - sum);
}

void bt_folded_backward(const bt_folded *f, float *du, float *dn, float *ds, const float *dz)
{
    bt_mat n = bt_mat_of(f->n, f->T, f->C), u = bt_mat_of(f->u, f->H, f->C);
    bt_mat p = bt_mat_of(f->p, f->H, f->T), s = bt_mat_of(ds, f->H, f->T);
    bt_mat out = bt_mat_of(dn, f->T, f->C), z = bt_mat_of(dz, f->H, f->C);
    bt_gemm(s, z, false, n, true, 1, 0);
    for (size_t h = 0; h < f->H; h++)
        softmax_backward(ds + h * f->T, f->p + h * f->T, f->T);
    bt_gemm(bt_mat_of(du, f->H, f->C), s, false, n, false, score_scale(f), 0);
    bt_gemm(out, p, true, z, false, 1, 1);
    bt_gemm(out, s, true, u, false, score_scale(f), 1);
}
