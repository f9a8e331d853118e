/* threshold.c - where spam begins, and what the sample it was chosen on proves. */
#include "trainer/threshold.h"

#include <math.h>
#include <stdlib.h>

static int falling(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Probability of at most k of n where each has probability p. */
static double binomial_at_most(size_t k, size_t n, double p)
{
    double sum = 0, N = (double)n;
    for (size_t i = 0; i <= k; i++) {
        double x = (double)i;
        sum += exp(lgamma(N + 1) - lgamma(x + 1) - lgamma(N - x + 1) + x * log(p) +
                   (N - x) * log1p(-p));
    }
    return sum;
}

/* The largest rate at which k or fewer of n would still be seen with probability 1 - confidence. */
static double upper_bound(size_t k, size_t n, double confidence)
{
    double low = 0, high = 1;
    if (k >= n)
        return 1;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (binomial_at_most(k, n, middle) > 1 - confidence)
            low = middle;
        else
            high = middle;
    }
    return high;
}

struct threshold threshold_of(const float *spam, const int32_t *truth, size_t n, double max_fpr,
                              double confidence)
{
    struct threshold t = {.value = 0.5};
    float *ham = calloc(n + 1, sizeof *ham);
    if (!ham)
        return (struct threshold){0};
    for (size_t i = 0; i < n; i++)
        if (!truth[i])
            ham[t.n_ham++] = spam[i];
    size_t allowed = (size_t)(max_fpr * (double)t.n_ham);
    if (t.n_ham > allowed) {
        qsort(ham, t.n_ham, sizeof *ham, falling);
        t.value = fmax(0.5, 0.5 * (1 + (double)ham[allowed]));
    }
    while (t.n_above < t.n_ham && (double)ham[t.n_above] >= t.value)
        t.n_above++;
    t.proven_fpr = upper_bound(t.n_above, t.n_ham, confidence);
    free(ham);
    return t;
}
