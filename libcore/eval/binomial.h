/* binomial.h - the exact distribution of errors in a sample. */
#ifndef BT_BINOMIAL_H
#define BT_BINOMIAL_H

#include "bolter_eval.h"

/* P(X <= k) for X of n trials that each succeed with probability p, 0..1. */
double bt_binomial_cdf(uint64_t k, uint64_t n, double p);
/* The interval of confidence 0..1 around k / n that leaves half the rest on each side. */
bolter_interval bt_rate_interval(uint64_t k, uint64_t n, double confidence);

#endif
