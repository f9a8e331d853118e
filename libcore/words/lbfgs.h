/*
 * lbfgs.h - minimise a smooth function of many variables.
 *
 * Limited-memory BFGS with a line search for the strong Wolfe conditions. Source: Nocedal, Wright
 * 2006, "Numerical optimization", algorithms 7.4, 7.5 (the direction), 3.5, 3.6 (the search).
 */
#ifndef BT_LBFGS_H
#define BT_LBFGS_H

#include "bolter_eval.h"

/* The value at x (n), and its gradient (n). */
typedef double (*bt_objective)(void *arg, const double *x, double *gradient);

typedef struct bt_lbfgs_options {
    size_t max_steps;
    double tolerance; /* of the largest component of the gradient */
    void (*progress)(void *ud, size_t step, double gradient); /* or NULL */
    void *ud;
} bt_lbfgs_options;

/*
 * Go from x (n) to a minimum, in place. end->converged where the gradient is within the tolerance
 * or the value cannot fall any more in double precision. E_NOMEM, E_NUMERIC (a value at the start
 * that is not finite).
 */
bolter_status bt_lbfgs(double *x, size_t n, bt_objective f, void *arg, const bt_lbfgs_options *o,
                       bolter_logistic_end *end, bolter_error *err);

#endif
