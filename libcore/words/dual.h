/*
 * dual.h - logistic regression over many features, a row at a time.
 *
 * Where bt_logistic_loss() needs some fifty passes over the rows, twenty are enough here, and the rows
 * stay where they are. The bias is a weight like the others.
 */
#ifndef BT_DUAL_H
#define BT_DUAL_H

#include "bolter.h"

/*
 * Minimise |w|^2 / 2 + c * the sum of cross-entropies over w (BOLTER_BUCKETS + 1), the bias last; spam (n)
 * is 1 or 0. The same rows in the same order give the same bits. E_NOMEM.
 */
bolter_status bt_dual_logistic(double *w, const bolter_features *const *rows, const int32_t *spam,
                               size_t n, double c, bolter_error *err);
/*
 * The step of one row while the others stay: the a in (0, c) where log(a / (c - a)) + squares (a - old) +
 * along is 0. old: its dual value now; squares: of its values; along: its margin, positive on its own side.
 */
double bt_dual_best(double old, double squares, double along, double c);

#endif
