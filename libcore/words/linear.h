/* linear.h - a linear model: logits = bias + the sum of value times weight. */
#ifndef BT_LINEAR_H
#define BT_LINEAR_H

#include <stddef.h>

#include "bolter_eval.h"

struct bolter_linear {
    size_t n_col, n_label;
    double *weight; /* (n_col, n_label) */
    double *bias;   /* (n_label) */
};

/* All zero. E_NOMEM. */
bolter_status bt_linear_open(bolter_linear **out, size_t n_col, size_t n_label, bolter_error *err);
/* How many rows each label has (n_label). E_ARG: a label outside the list, or without a row. */
bolter_status bt_linear_count(const bolter_sparse *x, const int32_t *labels, size_t n_label,
                              size_t *count, bolter_error *err);

#endif
