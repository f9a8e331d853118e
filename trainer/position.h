/* position.h - where a training run is, and how a checkpoint keeps it. */
#ifndef POSITION_H
#define POSITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "trainer/measure.h"

/* The evaluation whose weights are kept. */
struct best {
    uint64_t step; /* 0: none yet */
    struct measures validation;
};

/* Where a run is; with the trainer's state and the log all that it needs to go on. */
struct position {
    uint64_t step, examples;
    uint64_t measured; /* step of the last evaluation, 0: none */
    uint64_t worse;    /* evaluations since the best one */
    struct best best;
    struct {           /* since the last evaluation */
        double loss, seconds;
        uint64_t n_steps, n_right, n_seqs, n_tokens;
        double lr, grad_norm; /* of the last step */
    } recent;
    double seconds; /* the run has taken so far, without what is going on */
};

/* A position whose seconds are these, new; and back. False if it is none. */
json_t *position_json(const struct position *at, double seconds);
bool position_take(struct position *p, const json_t *j);
/* Measures as an array, new; and back, NaN where they are null. */
json_t *measures_json(const struct measures *m);
struct measures measures_of(const json_t *j);

#endif
