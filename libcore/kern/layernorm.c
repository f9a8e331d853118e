/* layernorm.c - layer normalisation over the channels of each token. */
#include "kern/kern.h"

#include <math.h>

#include "kern/vector.h"

/* Sums run in double: one mean decides every value of its row. */
BT_CLONES
static void moments(const float *x, size_t C, double *mean, double *variance)
{
    double sum[BT_LANES] = {0}, square[BT_LANES] = {0};
    size_t i = 0;
    for (; i + BT_LANES <= C; i += BT_LANES)
        for (size_t l = 0; l < BT_LANES; l++)
            sum[l] += (double)x[i + l];
    for (size_t l = 0; i < C; i++, l++)
        sum[l] += (double)x[i];
    double m = 0;
    for (size_t l = 0; l < BT_LANES; l++)
        m += sum[l];
    m /= (double)C;
    for (i = 0; i + BT_LANES <= C; i += BT_LANES)
        for (size_t l = 0; l < BT_LANES; l++)
            square[l] += ((double)x[i + l] - m) * ((double)x[i + l] - m);
    for (size_t l = 0; i < C; i++, l++)
        square[l] += ((double)x[i] - m) * ((double)x[i] - m);
    double v = 0;
    for (size_t l = 0; l < BT_LANES; l++)
        v += square[l];
    *mean = m;
    *variance = v / (double)C;
}

BT_CLONES
void bt_layernorm_again(float *out, const float *mean, const float *rstd, const float *x,
                        const float *w, const float *b, size_t n, size_t C)
{
    for (size_t t = 0; t < n; t++) {
        float m = mean[t], r = rstd[t];
        for (size_t i = 0; i < C; i++)
            out[t * C + i] = (x[t * C + i] - m) * r * w[i] + b[i];
    }
}

void bt_layernorm_forward(float *out, float *mean, float *rstd, const float *x, const float *w,
                          const float *b, size_t n, size_t C, float eps)
{
    for (size_t t = 0; t < n; t++) {
        double m, v;
        moments(x + t * C, C, &m, &v);
        mean[t] = (float)m;
        rstd[t] = (float)(1.0 / sqrt(v + (double)eps));
    }
    bt_layernorm_again(out, mean, rstd, x, w, b, n, C);
}

/* With h = (x - mean) rstd and g = dy w: dx += rstd (g - mean(g) - h mean(g h)). */
BT_CLONES
static void backward_row(float *dx, const float *dy, const float *x, float mean, float rstd,
                         const float *w, size_t C)
{
    float g_sum[BT_LANES] = {0}, gh_sum[BT_LANES] = {0};
    size_t i = 0;
    for (; i + BT_LANES <= C; i += BT_LANES) {
        for (size_t l = 0; l < BT_LANES; l++) {
            float g = dy[i + l] * w[i + l];
            g_sum[l] += g;
            gh_sum[l] += g * (x[i + l] - mean) * rstd;
        }
    }
    for (size_t l = 0; i < C; i++, l++) {
        float g = dy[i] * w[i];
        g_sum[l] += g;
        gh_sum[l] += g * (x[i] - mean) * rstd;
    }
    float g_mean = bt_lane_sum(g_sum) / (float)C, gh_mean = bt_lane_sum(gh_sum) / (float)C;
    for (i = 0; i < C; i++)
        dx[i] += rstd * (dy[i] * w[i] - g_mean - (x[i] - mean) * rstd * gh_mean);
}

BT_CLONES
static void parameter_row(float *dw, float *db, const float *dy, const float *x, float mean,
                          float rstd, size_t C)
{
    for (size_t i = 0; dw && i < C; i++)
        dw[i] += dy[i] * (x[i] - mean) * rstd;
    for (size_t i = 0; db && i < C; i++)
        db[i] += dy[i];
}

void bt_layernorm_backward(float *dx, float *dw, float *db, const float *dy, const float *x,
                           const float *mean, const float *rstd, const float *w, size_t n, size_t C)
{
    for (size_t t = 0; t < n; t++) {
        if (dx)
            backward_row(dx + t * C, dy + t * C, x + t * C, mean[t], rstd[t], w, C);
        if (dw || db)
            parameter_row(dw, db, dy + t * C, x + t * C, mean[t], rstd[t], C);
    }
}
