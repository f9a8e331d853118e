/* softmax.c - exponentials, their sums, and cross-entropy. */
#include "kern/kern.h"

#include <math.h>

#include "kern/vector.h"

BT_CLONES
float bt_max(const float *x, size_t n)
{
    float lane[BT_LANES];
    for (size_t l = 0; l < BT_LANES; l++)
        lane[l] = x[0];
    size_t i = 0;
    for (; i + BT_LANES <= n; i += BT_LANES)
        for (size_t l = 0; l < BT_LANES; l++)
            lane[l] = x[i + l] > lane[l] ? x[i + l] : lane[l];
    float max = lane[0];
    for (size_t l = 1; l < BT_LANES; l++)
        max = lane[l] > max ? lane[l] : max;
    for (; i < n; i++)
        max = x[i] > max ? x[i] : max;
    return max;
}

BT_CLONES
float bt_exp_sum(float *y, const float *x, float shift, size_t n)
{
    float lane[BT_LANES] = {0};
    size_t i = 0;
    for (; i + BT_LANES <= n; i += BT_LANES) {
        for (size_t l = 0; l < BT_LANES; l++) {
            float e = bt_expf(x[i + l] - shift);
            y[i + l] = e;
            lane[l] += e;
        }
    }
    for (size_t l = 0; i < n; i++, l++) {
        y[i] = bt_expf(x[i] - shift);
        lane[l] += y[i];
    }
    return bt_lane_sum(lane);
}

double bt_xent(float *dlogits, const float *logits, size_t n, size_t label, double scale)
{
    double max = (double)bt_max(logits, n), sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)logits[i] - max);
    double loss = max + log(sum) - (double)logits[label];
    for (size_t i = 0; dlogits && i < n; i++) {
        double p = exp((double)logits[i] - max) / sum;
        dlogits[i] = (float)(scale * (p - (i == label)));
    }
    return loss;
}

BT_CLONES
static void scale_by(float *x, float f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= f;
}

double bt_xent_long(float *logits, size_t n, size_t label, double scale)
{
    float max = bt_max(logits, n), of_label = logits[label];
    double sum = (double)bt_exp_sum(logits, logits, max, n);
    scale_by(logits, (float)(scale / sum), n);
    logits[label] -= (float)scale;
    return (double)max + log(sum) - (double)of_label;
}
