/* adamw.c - Adam with decoupled weight decay, fused into one pass; and the norm for clipping. */
#include "kern/kern.h"

#include <math.h>

#include "kern/vector.h"

/* As PyTorch orders it: p -= lr wd p, then p -= lr / c1 * m / (sqrt(v / c2) + eps). */
BT_CLONES
static void update(float *p, const float *g, float *m, float *v, size_t n, float keep, float rate,
                   float root_c2, const bt_adamw *o)
{
    float beta1 = o->beta1, beta2 = o->beta2, eps = o->eps, scale = o->scale;
    for (size_t i = 0; i < n; i++) {
        float grad = g[i] * scale;
        m[i] = beta1 * m[i] + (1.0f - beta1) * grad;
        v[i] = beta2 * v[i] + (1.0f - beta2) * grad * grad;
        p[i] = keep * p[i] - rate * m[i] / (sqrtf(v[i]) / root_c2 + eps);
    }
}

void bt_adamw_update(float *p, const float *g, float *m, float *v, size_t n, const bt_adamw *o)
{
    double c1 = 1.0 - pow((double)o->beta1, (double)o->step);
    double c2 = 1.0 - pow((double)o->beta2, (double)o->step);
    update(p, g, m, v, n, 1.0f - o->lr * o->weight_decay, (float)((double)o->lr / c1),
           (float)sqrt(c2), o);
}

static bool all_zero(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] < 0 || x[i] > 0 || isnan(x[i]))
            return false;
    return true;
}

void bt_adamw_update_rows(float *p, const float *g, float *m, float *v, size_t rows, size_t C,
                          const bt_adamw *o)
{
    float keep = 1.0f - o->lr * o->weight_decay;
    for (size_t i = 0; i < rows; i++, p += C, g += C, m += C, v += C) {
        if (!all_zero(g, C) || !all_zero(m, C) || !all_zero(v, C))
            bt_adamw_update(p, g, m, v, C, o);
        else
            for (size_t k = 0; keep < 1 && k < C; k++)
                p[k] *= keep;
    }
}

BT_CLONES
double bt_sum_squares(const float *x, size_t n)
{
    double lane[BT_LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + BT_LANES <= n; i += BT_LANES)
        for (size_t l = 0; l < BT_LANES; l++)
            lane[l] += (double)x[i + l] * (double)x[i + l];
    for (size_t l = 0; i < n; i++, l++)
        lane[l] += (double)x[i] * (double)x[i];
    for (size_t l = 0; l < BT_LANES; l++)
        sum += lane[l];
    return sum;
}

BT_CLONES
void bt_add(float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] += b[i];
}

BT_CLONES
float bt_dot(const float *x, const float *y, size_t n)
{
    float lane[BT_LANES] = {0};
    size_t i = 0;
    for (; i + BT_LANES <= n; i += BT_LANES)
        for (size_t l = 0; l < BT_LANES; l++)
            lane[l] += x[i + l] * y[i + l];
    for (size_t l = 0; i < n; i++, l++)
        lane[l] += x[i] * y[i];
    return bt_lane_sum(lane);
}
