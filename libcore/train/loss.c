/* loss.c - cross-entropy with class weights, label smoothing and a label that does not count. */
#include "train/loss.h"

#include <math.h>
#include <string.h>

#include "kern/kern.h"

static double weight_of(const bt_loss *l, size_t label)
{
    return l->weight ? (double)l->weight[label] : 1;
}

double bt_loss_weight(const bt_loss *l, int32_t label)
{
    return label == l->ignore ? 0 : weight_of(l, (size_t)label);
}

/* The share of each class in the loss: the target of a softmax that need not sum to one. */
static double target_of(const bt_loss *l, size_t K, size_t k, size_t label)
{
    double s = (double)l->smoothing;
    return weight_of(l, k) * (s / (double)K + (k == label ? 1 - s : 0));
}

double bt_loss_row(const bt_loss *l, float *logits, size_t K, int32_t label, double scale)
{
    if (label == l->ignore) {
        memset(logits, 0, K * sizeof *logits);
        return 0;
    }
    double max = (double)bt_max(logits, K), sum = 0, total = 0, loss = 0;
    for (size_t k = 0; k < K; k++)
        sum += exp((double)logits[k] - max);
    for (size_t k = 0; k < K; k++) {
        double target = target_of(l, K, k, (size_t)label);
        total += target;
        loss += target * (max + log(sum) - (double)logits[k]);
    }
    for (size_t k = 0; k < K; k++) {
        double p = exp((double)logits[k] - max) / sum;
        logits[k] = (float)(scale * (total * p - target_of(l, K, k, (size_t)label)));
    }
    return scale * loss;
}
