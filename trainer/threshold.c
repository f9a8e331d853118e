/* threshold.c - where spam begins, and what the sample it was chosen on says of it. */
#include "trainer/threshold.h"

#include <math.h>

#include "trainer/promise.h"

#define MIN_THRESHOLD 0.5 /* below it a text is more likely ham */

bolter_status threshold_of(const bolter_scores *s, double max_fpr, double confidence,
                           struct threshold *out, bolter_error *err)
{
    bolter_threshold_proof p;
    *out = (struct threshold){.value = MIN_THRESHOLD};
    bolter_status rc = bolter_threshold_for(s, max_fpr, confidence, &p, err);
    if (rc != BOLTER_OK)
        return rc;
    /* Too few ham to prove it: half way from the highest of them to certainty. */
    double lowest = promise_holds(&p) ? p.threshold : 0.5 * (1 + fmin(p.threshold, 1));
    out->value = fmax(MIN_THRESHOLD, p.ham > 0 ? lowest : MIN_THRESHOLD);
    out->n_ham = (size_t)p.ham;
    out->bound_fpr = p.upper_bound;
    for (size_t i = 0; i < s->n; i++)
        out->n_above += !s->truth[i] && s->score[i] >= out->value;
    return BOLTER_OK;
}
