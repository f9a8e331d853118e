/* threshold.h - where spam begins, and what the sample it was chosen on proves. */
#ifndef THRESHOLD_H
#define THRESHOLD_H

#include <stddef.h>
#include <stdint.h>

struct threshold {
    double value;       /* spam at or above this probability */
    size_t n_ham;       /* of the sample */
    size_t n_above;     /* ham of the sample that reaches it */
    double proven_fpr;  /* with the confidence asked for the false positive rate is at most this */
};

/*
 * The lowest threshold from 0.5 on that at most max_fpr of the ham reaches; spam (n) are probabilities,
 * truth (n) is 1 for spam. proven_fpr is the exact binomial bound (Clopper, Pearson 1934) at
 * confidence. value is 0 without memory.
 */
struct threshold threshold_of(const float *spam, const int32_t *truth, size_t n, double max_fpr,
                              double confidence);

#endif
