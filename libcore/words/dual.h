/*
 * dual.h - a linear support vector machine over the features of messages, a message at a time.
 *
 * It minimises |u|^2 / 2 + c * the sum of max(0, 1 - margin)^2, where the value of bucket j counts factor(j)
 * times, by coordinate ascent on the dual: each message has a dual value a, 0 or more, which is how hard it
 * pushes the weights to its side, and a step finds the best a of one message while the others stay. Kept is
 * w(j) = factor(j) u(j), so that a margin is +-(w x + bias) of the values as they are.
 *
 * Source: Hsieh, Chang, Lin, Keerthi, Sundararajan 2008, "A dual coordinate descent method for large-scale
 * linear SVM", algorithm 1 (L2-SVM).
 */
#ifndef BT_DUAL_H
#define BT_DUAL_H

#include <stdbool.h>

#include "bolter.h"

typedef struct bt_dual {
    double *w;         /* (BOLTER_BUCKETS + 1), the bias last; zeroed at first */
    const float *rate; /* (BOLTER_BUCKETS): squares of the factors; NULL: all are 1 */
    double c;
    double bias; /* value of the feature that every message has */
} bt_dual;

typedef struct bt_dual_row {
    const bolter_features *f; /* borrowed */
    double side;              /* +1 spam, -1 ham */
    double squares;           /* of its values, as they count */
    double a;                 /* dual value */
} bt_dual_row;

/* A message that has not pushed yet. */
bt_dual_row bt_dual_row_of(const bt_dual *d, const bolter_features *f, bool spam);
/* What the weights say: above 0 is spam. */
double bt_dual_score(const double *w, const bolter_features *f);
/* The step of one message; how far it moved its own margin, at least 0. */
double bt_dual_step(const bt_dual *d, bt_dual_row *r);
/*
 * Steps in a random order until none moves its margin by more than a thousandth; spam (n) is 1 or 0. The same
 * rows in the same order give the same bits. E_NOMEM.
 */
bolter_status bt_dual_fit(const bt_dual *d, const bolter_features *const *rows, const int32_t *spam, size_t n,
                          bolter_error *err);

#endif
