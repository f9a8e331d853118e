/* wide.h - train the wide part of a model, and find how much it is to say beside the network. */
#ifndef WIDE_H
#define WIDE_H

#include <stdbool.h>
#include <stdio.h>

#include "bolter_data.h"
#include "trainer/calibrate.h"

/*
 * Train a wide part for the model in dir on the training part of d, whose rows have features; find mix and
 * threshold on its validation part; write the model with it to out, which may be dir. What was measured
 * goes to standard error. False after a complaint.
 */
bool wide_add(const char *dir, const char *out, const bolter_dataset *d,
              const struct wanted_threshold *want, size_t threads);

/* Odds of spam of each part for rows of a model with a wide part: of the network, of the wide part, of both;
 * logits (n, 2) are those of both. */
struct wide_odds {
    double *deep, *wide, *both; /* (n) each; deep is the block that is freed */
};

/* False after a complaint. */
bool wide_odds_of(struct wide_odds *o, const bolter_model *m, const bolter_dataset *d,
                  bolter_part part, const float *logits);
/* Print accuracy at a probability of 0.5 and what needs no threshold for one part's odds, as a line. */
bool wide_print(FILE *to, const char *name, const double *odds, const int32_t *spam, size_t n);

#endif
