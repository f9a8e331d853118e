/*
 * binomial.c - exact bounds of a rate that k of n examples show.
 *
 * The upper bound is the rate at which k or fewer of n would be seen in a share of 1 - confidence
 * of all samples: no approximation, so that it also holds for 0 of n. Source: Clopper, Pearson
 * 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial",
 * Biometrika 26.
 */
#include "eval/binomial.h"

#include <math.h>

#define N_STEP 100 /* halvings: more than a double can tell apart */

/* Terms relative to P(X = k), downwards from it. Where they grow past all bounds k is far above the
 * mean. */
double bt_binomial_cdf(uint64_t k, uint64_t n, double p)
{
    if (k >= n || p <= 0)
        return 1;
    if (p >= 1)
        return 0;
    double a = (double)k, b = (double)n, sum = 1, term = 1;
    double log_top =
        lgamma(b + 1) - lgamma(a + 1) - lgamma(b - a + 1) + a * log(p) + (b - a) * log1p(-p);
    for (double i = a; i > 0 && (i > b * p || term > sum * 1e-17) && sum < 1e300; i--) {
        term *= i / (b - i + 1) * ((1 - p) / p);
        sum += term;
    }
    return sum < 1e300 ? fmin(1, exp(log_top + log(sum))) : 1;
}

double bolter_rate_bound(uint64_t k, uint64_t n, double confidence)
{
    double low = 0, high = 1;
    if (k >= n)
        return 1;
    for (int i = 0; i < N_STEP; i++) {
        double p = (low + high) / 2;
        *(bt_binomial_cdf(k, n, p) > 1 - confidence ? &low : &high) = p;
    }
    return high;
}

bolter_interval bt_rate_interval(uint64_t k, uint64_t n, double confidence)
{
    double side = (1 + confidence) / 2;
    if (n == 0)
        return (bolter_interval){NAN, NAN, NAN};
    return (bolter_interval){(double)k / (double)n, 1 - bolter_rate_bound(n - k, n, side),
                             bolter_rate_bound(k, n, side)};
}
