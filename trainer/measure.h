/* measure.h - loss, accuracy and AUC of a part with a trainer's weights as they are. */
#ifndef MEASURE_H
#define MEASURE_H

#include "bolter_train.h"
#include "bolter_eval.h"

struct measures {
    double loss;     /* mean cross-entropy, nats */
    double accuracy; /* share whose largest logit is their label's */
    double auc;      /* of spam against all else; NaN without both */
};

/*
 * Measure the first n rows of a part; their logits (n, n_label) are left in logits. spam_label is the
 * index of the label that means spam, -1: none. E_CANCELLED when interrupted() meanwhile.
 */
bolter_status measure_part(bolter_trainer *t, const bolter_dataset *d, bolter_part part, size_t n,
                           int32_t spam_label, float *logits, struct measures *out,
                           bolter_error *err);
/*
 * Of such logits the probability of spam at a temperature, with the truth; measure_free() it, also after
 * E_NOMEM.
 */
bolter_status measure_spam(const bolter_dataset *d, bolter_part part, size_t n, int32_t spam_label,
                           const float *logits, double temperature, bolter_scores *out,
                           bolter_error *err);
void measure_free(bolter_scores *s);

#endif
