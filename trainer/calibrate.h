/* calibrate.h - from logits to a temperature, a spam threshold, and what they measure. */
#ifndef CALIBRATE_H
#define CALIBRATE_H

#include <stdbool.h>

#include "bolter_eval.h"
#include "trainer/threshold.h"

struct calibration {
    double temperature;
    bool knows_spam;            /* there is a label "spam", and the rest is of use */
    struct threshold threshold;
    bolter_report report;       /* of the part, at the threshold */
};

struct wanted_threshold {
    double max_fpr, confidence;
    double temperature; /* of the scores it is for; 0: fit one */
};

/* Fit temperature and threshold to the logits (n, n_label) of a part's rows and measure them. */
bolter_status calibrate(const bolter_dataset *d, bolter_part part, int32_t spam_label,
                        const float *logits, const struct wanted_threshold *want,
                        struct calibration *out, bolter_error *err);
/* Measure another part's logits with a temperature and a threshold that are given. */
bolter_status calibrated_report(const bolter_dataset *d, bolter_part part, int32_t spam_label,
                                const float *logits, const struct calibration *c,
                                bolter_report *out, bolter_error *err);

#endif
