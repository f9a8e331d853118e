/* threshold.h - where spam begins, and what the sample it was chosen on says of it. */
#ifndef THRESHOLD_H
#define THRESHOLD_H

#include "bolter_eval.h"

#define MAX_FPR 0.999999 /* the highest rate that --max-fpr takes, from BOLTER_MIN_FPR on */

struct threshold {
    double value;     /* spam at or above this probability */
    size_t n_ham;     /* of the sample */
    size_t n_above;   /* ham of the sample that reaches it */
    double bound_fpr; /* the false positive rate that the sample leaves possible */
};

/*
 * The threshold of bolter_threshold_for(), no less than 0.5; where the sample is too small for that
 * promise, half way from the highest scores of its ham to 1. The sample that chose a model's weights
 * proves nothing about it: that is for evaluate --set-threshold, on other mail.
 */
bolter_status threshold_of(const bolter_scores *s, double max_fpr, double confidence,
                           struct threshold *out, bolter_error *err);

#endif
