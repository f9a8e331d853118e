/* logistic.h - the loss of logistic regression and its gradient. */
#ifndef BT_LOGISTIC_H
#define BT_LOGISTIC_H

#include <stddef.h>
#include <stdint.h>

#include "bolter_eval.h"

/* Weights are (n_col + 1, n_out), the last row the biases; n_out is 1 for two labels, else n_label.
 */
typedef struct bt_logistic {
    const bolter_sparse *x;
    bolter_sparse *columns; /* x transposed; owned */
    const int32_t *labels;
    size_t n_label, n_out;
    double penalty;       /* 1 / c */
    double *label_weight; /* (n_label); owned */
    double *residual;     /* (n_row, n_out): logits, then the loss's slopes in them; owned */
    double *loss;         /* (n_row); owned */
    size_t threads;
} bt_logistic;

/* E_ARG, E_NOMEM. Free it in either case. */
bolter_status bt_logistic_open(bt_logistic *m, const bolter_sparse *x, const int32_t *labels,
                               size_t n_label, const bolter_logistic_options *o, bolter_error *err);
/* A bt_objective; m is the arg. Sums run in one order, whatever the number of threads. */
double bt_logistic_loss(void *m, const double *weights, double *gradient);
void bt_logistic_free(bt_logistic *m);

#endif
