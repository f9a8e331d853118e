/*
 * promise.h - the threshold that keeps a promised false positive rate: told, and written into a
 * model directory. What is proved and what is assumed is said at bolter_threshold_for().
 */
#ifndef PROMISE_H
#define PROMISE_H

#include <jansson.h>

#include "bolter.h"

/* Whether the proof gives a threshold that a probability can reach. */
bool promise_holds(const bolter_threshold_proof *p);
void promise_print(const bolter_threshold_proof *p);
json_t *promise_json(const bolter_threshold_proof *p);
/* Write the threshold, or 0.5 where it is lower, into the directory of m. False after a complaint:
 * also where nothing is proved; the directory is then as it was. */
bool promise_set(const bolter_model *m, const bolter_threshold_proof *p);

#endif
