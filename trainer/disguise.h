/*
 * disguise.h - innocent words put into spam, as its senders do to get past filters (Lowd and Meek, "Good
 * Word Attacks on Statistical Spam Filters", 2005): the model learns that they change nothing.
 *
 * Each epoch disguises other texts with other words. What a text looks like in an epoch is a function of
 * seed, epoch and row alone, so that a run can go on from any step.
 */
#ifndef DISGUISE_H
#define DISGUISE_H

#include <stdbool.h>

#include "bolter_data.h"

struct disguise {
    double share;          /* of the spam; of other texts a third of it, with words of others, so that a
                              change of subject tells nothing by itself; 0: all stay as they are */
    uint64_t seed;
    const bolter_dataset *d; /* borrowed */
    int32_t spam;            /* its label */
    size_t longest, tail;    /* tokens of a text, and how many of them from the end of a longer one */
    int32_t line;            /* the token of a line's end */
    size_t *innocent;        /* (n_innocent) rows of the training part with another label */
    size_t n_innocent;
    int32_t *ids;            /* room for a text before it is cut */
};

/* For the training part of d, read by m; share may be 0. False after a complaint. */
bool disguise_open(struct disguise *g, double share, const bolter_model *m, const bolter_dataset *d,
                   int32_t spam, uint64_t seed);
void disguise_free(struct disguise *g);
/* The tokens of a row as they are in an epoch, into ids (longest); how many. */
size_t disguise_row(struct disguise *g, uint64_t epoch, size_t row, int32_t *ids);

#endif
