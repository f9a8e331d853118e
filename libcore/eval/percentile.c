/*
 * percentile.c - percentiles as NumPy has them by default: linear between neighbours.
 *
 * Samples that are all equal, as all are that are drawn of data without an error, say nothing of what
 * other data would have shown. An interval of no width would call that certain, so there is none.
 */
#include "eval/percentile.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Percentile q in 0..1 of n sorted values, linear between neighbours. */
static double percentile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t low = (size_t)at;
    size_t high = low + 1 < n ? low + 1 : low;
    return sorted[low] + (sorted[high] - sorted[low]) * (at - (double)low);
}

bolter_interval bt_interval_of(double value, double *samples, size_t n)
{
    const bolter_interval none = {value, NAN, NAN};
    if (n == 0 || isnan(value))
        return none;
    for (size_t i = 0; i < n; i++)
        if (isnan(samples[i]))
            return none;
    qsort(samples, n, sizeof *samples, by_value);
    double low = percentile(samples, n, 0.025), high = percentile(samples, n, 0.975);
    return low < high ? (bolter_interval){value, low, high} : none;
}
