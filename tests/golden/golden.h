/* golden.h - reading reference vectors. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <jansson.h>

#include "bolter.h"
#include "tests/check.h"

/* A JSON file below the shared reference data, or NULL (and the case is skipped). */
json_t *golden_load(struct check *c, const char *name);
/* An array of integers as ids of a sequence; bt_release() them. */
bolter_seq golden_seq(const json_t *ids);
/* Largest |got - want| over the largest |want| of an array of numbers (nested or not). */
double golden_distance(const float *got, const json_t *want);

#endif
