/* score.h - logits of many rows, on all processors. */
#ifndef SCORE_H
#define SCORE_H

#include "bolter_data.h"

/* logits (count, n_label) of a part's rows by a model; threads 0: all processors. */
bolter_status score_part(bolter_model *m, const bolter_dataset *d, bolter_part part, size_t threads,
                         float *logits, bolter_error *err);
/* Probability of label k: softmax(logits (n) / temperature). */
double softmax_at(const float *logits, size_t n, size_t k, double temperature);

#endif
