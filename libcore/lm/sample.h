/* sample.h - draw a token from logits. */
#ifndef BT_SAMPLE_H
#define BT_SAMPLE_H

#include "base/rng.h"
#include "bolter.h"

/* A token that may be drawn. */
typedef struct bt_candidate {
    float logit; /* then its probability */
    int32_t id;
} bt_candidate;

/* E_ARG for a temperature, top_k or top_p out of range. */
bolter_status bt_sampling_check(const bolter_sampling *o, bolter_error *err);
/* The index of the largest of n > 0 values, the first of equals. */
int32_t bt_argmax(const float *x, size_t n);
/* Draw one of n > 0 tokens; room has as many. One number of rng is used, if the temperature is not 0. */
int32_t bt_sample(const bolter_sampling *o, bt_rng *rng, const float *logits, size_t n,
                  bt_candidate *room);

#endif
