/* percentile.h - an interval off bootstrap samples. */
#ifndef BT_PERCENTILE_H
#define BT_PERCENTILE_H

#include "bolter_eval.h"

/* value with the 2.5th and 97.5th percentile of n samples, which get sorted. These are NaN where they
 * are equal, where value or a sample is NaN, and for n 0. */
bolter_interval bt_interval_of(double value, double *samples, size_t n);

#endif
