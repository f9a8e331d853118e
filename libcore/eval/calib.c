/*
 * calib.c - the temperature that makes a model's probabilities honest.
 *
 * Dividing logits by T changes no decision between labels, only how sure it sounds. The mean
 * cross-entropy is convex in 1/T, so it has one valley in log T, which a golden-section search
 * finds. Source: Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks",
 * section 4.2.
 */
#include <math.h>

#include "base/error.h"
#include "bolter_eval.h"

#define T_MIN  0.05
#define T_MAX  20.0
#define N_STEP 60 /* each leaves 0.618 of the range: far below what a double can tell */

struct logits {
    const float *values; /* (n, n_label) */
    const int32_t *labels;
    size_t n, n_label;
};

static bolter_status check_input(const struct logits *l, bolter_error *err)
{
    if (l->n == 0 || l->n_label == 0)
        return bt_fail(err, BOLTER_E_ARG, "temperature: %zu examples of %zu labels, expected some",
                       l->n, l->n_label);
    for (size_t i = 0; i < l->n; i++) {
        if (l->labels[i] < 0 || (size_t)l->labels[i] >= l->n_label)
            return bt_fail(err, BOLTER_E_ARG, "temperature: label %zu is %d, expected 0 to %zu", i,
                           (int)l->labels[i], l->n_label - 1);
        for (size_t k = 0; k < l->n_label; k++)
            if (!isfinite(l->values[i * l->n_label + k]))
                return bt_fail(err, BOLTER_E_NUMERIC,
                               "temperature: logit %zu of example %zu is not finite", k, i);
    }
    return BOLTER_OK;
}

/* Mean cross-entropy of softmax(logits / exp(log_t)), in nats. */
static double loss_at(const struct logits *l, double log_t)
{
    double inverse = exp(-log_t), sum = 0;
    for (size_t i = 0; i < l->n; i++) {
        const float *row = l->values + i * l->n_label;
        double top = (double)row[0], parts = 0;
        for (size_t k = 1; k < l->n_label; k++)
            top = fmax(top, (double)row[k]);
        for (size_t k = 0; k < l->n_label; k++)
            parts += exp(((double)row[k] - top) * inverse);
        sum += log(parts) - ((double)row[l->labels[i]] - top) * inverse;
    }
    return sum / (double)l->n;
}

/* The place of the least loss between low and high. */
static double search(const struct logits *l, double low, double high)
{
    const double golden = (sqrt(5) - 1) / 2;
    double a = high - golden * (high - low), b = low + golden * (high - low);
    double at_a = loss_at(l, a), at_b = loss_at(l, b);
    for (int step = 0; step < N_STEP; step++) {
        if (at_a < at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - golden * (high - low);
            at_a = loss_at(l, a);
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + golden * (high - low);
            at_b = loss_at(l, b);
        }
    }
    return (low + high) / 2;
}

bolter_status bolter_fit_temperature(const float *logits, const int32_t *labels, size_t n,
                                     size_t n_label, double *temperature, bolter_error *err)
{
    const struct logits l = {logits, labels, n, n_label};
    bolter_status rc = check_input(&l, err);
    if (rc != BOLTER_OK)
        return rc;
    double best = search(&l, log(T_MIN), log(T_MAX));
    /* Where the loss does not depend on T the search ends at random; then 1 is as good. */
    *temperature = loss_at(&l, 0) <= loss_at(&l, best) ? 1.0 : exp(best);
    return BOLTER_OK;
}
