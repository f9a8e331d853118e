/*
 * predictions.h - a list of messages with their truth and a filter's score, in memory and as a file
 * of lines
 *
 *     id TAB label TAB score
 *
 * with a label of ham, spam, 0 or 1. Empty lines and those that begin with "#" are passed over. Any
 * filter can write such a file, so that all are measured by the same program.
 */
#ifndef PREDICTIONS_H
#define PREDICTIONS_H

#include <stdbool.h>

#include "bolter_eval.h"

struct predictions {
    char **id;
    int32_t *truth; /* 1 spam, 0 ham */
    double *score;
    size_t n, cap;
};

/* Start with a struct of zeros. False after a complaint; predictions_free() is due in any case. */
bool predictions_add(struct predictions *p, const char *id, bool spam, double score);
bool predictions_read(struct predictions *p, const char *path);
bool predictions_write(const struct predictions *p, const char *path);
/*
 * The rows of a and of b, both new, whose ids both have, in the order of a. An id that comes twice
 * or with two labels is an error; so is nothing in common.
 */
bool predictions_match(const struct predictions *a, const struct predictions *b,
                       struct predictions *of_a, struct predictions *of_b);
bolter_scores predictions_scores(const struct predictions *p, double threshold);
void predictions_free(struct predictions *p);

#endif
