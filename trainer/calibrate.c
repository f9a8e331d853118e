/* calibrate.c - from logits to a temperature, a spam threshold, and what they measure. */
#include "trainer/calibrate.h"

#include <stdio.h>
#include <stdlib.h>

#include "trainer/measure.h"

#define N_BOOT 1000
#define BOOT_SEED 1

static bolter_status fit_temperature(const bolter_dataset *d, bolter_part part, const float *logits,
                                     double *temperature, bolter_error *err)
{
    size_t n = bolter_dataset_count(d, part);
    int32_t *labels = calloc(n, sizeof *labels);
    if (!labels) {
        snprintf(err->text, sizeof err->text, "no memory for %zu labels", n);
        return BOLTER_E_NOMEM;
    }
    for (size_t i = 0; i < n; i++)
        labels[i] = bolter_dataset_row(d, part, i)->label;
    bolter_status rc =
        bolter_fit_temperature(logits, labels, n, bolter_dataset_n_label(d), temperature, err);
    free(labels);
    return rc;
}

bolter_status calibrate(const bolter_dataset *d, bolter_part part, int32_t spam_label,
                        const float *logits, const struct wanted_threshold *want,
                        struct calibration *out, bolter_error *err)
{
    bolter_scores s;
    *out = (struct calibration){.temperature = want->temperature, .knows_spam = spam_label >= 0};
    bolter_status rc = BOLTER_OK;
    if (want->temperature == 0)
        rc = fit_temperature(d, part, logits, &out->temperature, err);
    if (rc != BOLTER_OK || !out->knows_spam)
        return rc;
    rc = measure_spam(d, part, bolter_dataset_count(d, part), spam_label, logits, out->temperature,
                      &s, err);
    if (rc == BOLTER_OK)
        rc = threshold_of(&s, want->max_fpr, want->confidence, &out->threshold, err);
    s.threshold = out->threshold.value;
    if (rc == BOLTER_OK)
        rc = bolter_report_of(&s, N_BOOT, BOOT_SEED, &out->report, err);
    measure_free(&s);
    return rc;
}

bolter_status calibrated_report(const bolter_dataset *d, bolter_part part, int32_t spam_label,
                                const float *logits, const struct calibration *c,
                                bolter_report *out, bolter_error *err)
{
    bolter_scores s;
    bolter_status rc = measure_spam(d, part, bolter_dataset_count(d, part), spam_label, logits,
                                    c->temperature, &s, err);
    s.threshold = c->threshold.value;
    if (rc == BOLTER_OK)
        rc = bolter_report_of(&s, N_BOOT, BOOT_SEED, out, err);
    measure_free(&s);
    return rc;
}
