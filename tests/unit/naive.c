/* naive.c - the kernels again, slow and plain. */
#include "tests/unit/naive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

void naive_gemm(const struct naive_product *p, double *c, const double *a, const double *b)
{
    for (size_t i = 0; i < p->M; i++) {
        for (size_t j = 0; j < p->N; j++) {
            double sum = 0;
            for (size_t k = 0; k < p->K; k++)
                sum += (p->ta ? a[k * p->M + i] : a[i * p->K + k]) *
                       (p->tb ? b[j * p->K + k] : b[k * p->N + j]);
            double *to = &c[i * p->N + j];
            *to = p->alpha * sum + (p->beta == 0 ? 0 : p->beta * *to);
        }
    }
}

void naive_linear(double *y, const double *x, const double *w, const double *b, size_t N, size_t I,
                  size_t O)
{
    for (size_t t = 0; t < N; t++) {
        for (size_t o = 0; o < O; o++) {
            y[t * O + o] = b ? b[o] : 0;
            for (size_t i = 0; i < I; i++)
                y[t * O + o] += x[t * I + i] * w[i * O + o];
        }
    }
}

void naive_linear_backward(double *dx, double *dw, double *db, const double *dy, const double *x,
                           const double *w, size_t N, size_t I, size_t O)
{
    memset(dx, 0, N * I * sizeof *dx);
    memset(dw, 0, I * O * sizeof *dw);
    memset(db, 0, O * sizeof *db);
    for (size_t t = 0; t < N; t++) {
        for (size_t o = 0; o < O; o++) {
            double d = dy[t * O + o];
            db[o] += d;
            for (size_t i = 0; i < I; i++) {
                dx[t * I + i] += d * w[i * O + o];
                dw[i * O + o] += d * x[t * I + i];
            }
        }
    }
}

static void moments(const double *x, size_t C, double eps, double *mean, double *rstd)
{
    double variance = 0;
    *mean = 0;
    for (size_t i = 0; i < C; i++)
        *mean += x[i] / (double)C;
    for (size_t i = 0; i < C; i++)
        variance += (x[i] - *mean) * (x[i] - *mean) / (double)C;
    *rstd = 1 / sqrt(variance + eps);
}

void naive_layernorm(double *y, const double *x, const double *w, const double *b, size_t N, size_t C,
                     double eps)
{
    for (size_t t = 0; t < N; t++) {
        double mean, rstd;
        moments(x + t * C, C, eps, &mean, &rstd);
        for (size_t i = 0; i < C; i++)
            y[t * C + i] = (x[t * C + i] - mean) * rstd * w[i] + b[i];
    }
}

/* By the chain rule term by term: dy_j depends on x_i directly, through the mean, and through rstd. */
void naive_layernorm_backward(double *dx, double *dw, double *db, const double *dy, const double *x,
                              const double *w, size_t N, size_t C, double eps)
{
    memset(dw, 0, C * sizeof *dw);
    memset(db, 0, C * sizeof *db);
    for (size_t t = 0; t < N; t++) {
        const double *xt = x + t * C, *dyt = dy + t * C;
        double mean, rstd;
        moments(xt, C, eps, &mean, &rstd);
        for (size_t i = 0; i < C; i++) {
            dw[i] += dyt[i] * (xt[i] - mean) * rstd;
            db[i] += dyt[i];
            dx[t * C + i] = 0;
            for (size_t j = 0; j < C; j++) {
                double centred = (i == j) - 1 / (double)C;
                double of_rstd = -rstd * rstd * rstd * (xt[i] - mean) / (double)C;
                dx[t * C + i] += dyt[j] * w[j] * (centred * rstd + (xt[j] - mean) * of_rstd);
            }
        }
    }
}

double naive_gelu(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
}

double naive_gelu_slope(double x)
{
    double u = sqrt(2 / pi) * (x + 0.044715 * x * x * x), t = tanh(u);
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x);
}

static size_t seen(const bt_attention *a, size_t i)
{
    return a->causal ? a->first + i + 1 : a->T;
}

/* Attention weights p (T) of query i in head h; the logarithm of their sum before division. */
static double weights(const bt_attention *a, double *p, size_t h, size_t i, const double *q,
                      const double *kv)
{
    size_t D = a->C / a->H, n = seen(a, i);
    double max = -INFINITY, sum = 0;
    for (size_t j = 0; j < n; j++) {
        p[j] = 0;
        for (size_t d = 0; d < D; d++)
            p[j] += q[i * a->C + h * D + d] * kv[j * 2 * a->C + h * D + d] / sqrt((double)D);
        max = fmax(max, p[j]);
    }
    for (size_t j = 0; j < n; j++)
        sum += exp(p[j] - max);
    for (size_t j = 0; j < n; j++)
        p[j] = exp(p[j] - max) / sum;
    return max + log(sum);
}

void naive_attention(const bt_attention *a, double *out, double *lse, const double *q,
                     const double *kv)
{
    size_t D = a->C / a->H;
    double *p = calloc(a->T, sizeof *p);
    memset(out, 0, a->n_q * a->C * sizeof *out);
    for (size_t h = 0; h < a->H; h++) {
        for (size_t i = 0; i < a->n_q; i++) {
            lse[h * a->n_q + i] = weights(a, p, h, i, q, kv);
            for (size_t j = 0; j < seen(a, i); j++)
                for (size_t d = 0; d < D; d++)
                    out[i * a->C + h * D + d] += p[j] * kv[j * 2 * a->C + a->C + h * D + d];
        }
    }
    free(p);
}

void naive_attention_backward(const bt_attention *a, double *dq, double *dkv, const double *dout,
                              const double *q, const double *kv)
{
    size_t C = a->C, D = C / a->H;
    double *p = calloc(2 * a->T, sizeof *p), *dp = p + a->T;
    memset(dq, 0, a->n_q * C * sizeof *dq);
    memset(dkv, 0, a->T * 2 * C * sizeof *dkv);
    for (size_t h = 0; h < a->H; h++) {
        for (size_t i = 0; i < a->n_q; i++) {
            const double *qi = q + i * C + h * D, *di = dout + i * C + h * D;
            double mixed = 0;
            weights(a, p, h, i, q, kv);
            for (size_t j = 0; j < seen(a, i); j++) {
                dp[j] = 0;
                for (size_t d = 0; d < D; d++) {
                    dp[j] += di[d] * kv[j * 2 * C + C + h * D + d];
                    dkv[j * 2 * C + C + h * D + d] += p[j] * di[d];
                }
                mixed += p[j] * dp[j];
            }
            for (size_t j = 0; j < seen(a, i); j++) {
                double ds = p[j] * (dp[j] - mixed) / sqrt((double)D);
                for (size_t d = 0; d < D; d++) {
                    dq[i * C + h * D + d] += ds * kv[j * 2 * C + h * D + d];
                    dkv[j * 2 * C + h * D + d] += ds * qi[d];
                }
            }
        }
    }
    free(p);
}

double naive_xent(double *dlogits, const double *logits, size_t n, size_t label, double scale)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp(logits[i] - logits[label]);
    for (size_t i = 0; dlogits && i < n; i++)
        dlogits[i] = scale * (exp(logits[i] - logits[label]) / sum - (i == label));
    return log(sum);
}

void naive_adamw(double *p, const double *g, double *m, double *v, size_t n, const bt_adamw *o)
{
    double b1 = (double)o->beta1, b2 = (double)o->beta2, lr = (double)o->lr;
    for (size_t i = 0; i < n; i++) {
        double grad = g[i] * (double)o->scale;
        m[i] = b1 * m[i] + (1 - b1) * grad;
        v[i] = b2 * v[i] + (1 - b2) * grad * grad;
        double m_hat = m[i] / (1 - pow(b1, (double)o->step));
        double v_hat = v[i] / (1 - pow(b2, (double)o->step));
        p[i] -= lr * (double)o->weight_decay * p[i];
        p[i] -= lr * m_hat / (sqrt(v_hat) + (double)o->eps);
    }
}
