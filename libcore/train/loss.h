/* loss.h - cross-entropy with class weights, label smoothing and a label that does not count. */
#ifndef BT_LOSS_H
#define BT_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The loss of one example is (1 - s) w[y] nll[y] + s / K sum over k of w[k] nll[k], with s the
 * smoothing; a batch's is the sum over examples that count, by the sum of their w[y]: what
 * PyTorch's CrossEntropyLoss with reduction "mean" computes.
 */
typedef struct bt_loss {
    float smoothing;
    const float *weight; /* (K); NULL: all 1 */
    int32_t ignore;      /* the label that does not count */
} bt_loss;

/* What an example's loss is divided by, once summed: its class's weight; 0 if it does not count. */
double bt_loss_weight(const bt_loss *l, int32_t label);
/* scale times the loss of one example, 0 if it does not count; logits (K) become its gradient. */
double bt_loss_row(const bt_loss *l, float *logits, size_t K, int32_t label, double scale);

#endif
