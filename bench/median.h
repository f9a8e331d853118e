/* median.h - the middle one of measured times. */
#ifndef MEDIAN_H
#define MEDIAN_H

#include <stdlib.h>

static inline int median_order(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* x (n) is sorted; of an even number, the upper one of the two. */
static inline double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, median_order);
    return x[n / 2];
}

#endif
