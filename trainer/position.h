/* position.h - where a training run is, and how a checkpoint keeps it. */
#ifndef POSITION_H
#define POSITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "trainer/measure.h"

#define POSITION_NOTE 64

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

/*
 * Add a step over n examples that took so long; note is what a progress line says of it.
 */
void position_add(struct position *at, const bolter_step *step, uint64_t n, double seconds,
                  char note[POSITION_NOTE]);
/* A position whose seconds are these, new; and back. False if it is none. */
json_t *position_json(const struct position *at, double seconds);
bool position_take(struct position *p, const json_t *j);
/* Complain if the run that a checkpoint's note tells of had another number of threads. */
void position_warn(const json_t *note, size_t threads);
/* Measures as an array, new; and back, NaN where they are null. */
json_t *measures_json(const struct measures *m);
struct measures measures_of(const json_t *j);

#endif
