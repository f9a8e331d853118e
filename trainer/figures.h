/* figures.h - what scores look like: roc.svg, det.svg, reliability.svg and scores.svg. */
#ifndef FIGURES_H
#define FIGURES_H

#include "bolter_eval.h"

struct figure_source {
    const char *name; /* in the legends */
    bolter_scores scores;
};

/*
 * Draw into a directory, made where it is not there: the curves of both on the same axes, the rest
 * of the first. second may be NULL. A figure that the scores do not allow (a curve without ham or
 * without spam, reliability of scores outside 0..1) is left out. False after a complaint.
 */
bool figures_save(const char *dir, const struct figure_source *first,
                  const struct figure_source *second);

#endif
