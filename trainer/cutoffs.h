/* cutoffs.h - what each of a list of thresholds would do: to choose one with open eyes. */
#ifndef CUTOFFS_H
#define CUTOFFS_H

#include <jansson.h>

#include "bolter_eval.h"

#define MAX_CUTOFFS 64

struct cutoffs {
    double at[MAX_CUTOFFS];
    size_t n;
};

/* Numbers with commas between them. False after a complaint. */
bool cutoffs_parse(struct cutoffs *c, const char *list);
/* A line each: spam found, ham called spam, and at most how much at this confidence. */
void cutoffs_print(const struct cutoffs *c, const bolter_scores *s, double confidence);
json_t *cutoffs_json(const struct cutoffs *c, const bolter_scores *s, double confidence);

#endif
