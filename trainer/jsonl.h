/* jsonl.h - JSON lines in on standard input, JSON lines out: for checking against other programs. */
#ifndef JSONL_H
#define JSONL_H

#include <jansson.h>
#include <stdbool.h>

#include "bolter.h"

/*
 * Call each with every object read from standard input until it returns false; the answer it gives
 * (new, or NULL for none) is printed as a line. True if all went well.
 */
bool jsonl_each(json_t *(*each)(void *arg, const json_t *in), void *arg);
/* A whole number of 32 bits; false for anything else. */
bool jsonl_int32(const json_t *j, int32_t *out);
/* The array of ids of an object as a sequence to free(), or {NULL, 0} after a complaint. */
bolter_seq jsonl_ids(const json_t *in);
json_t *jsonl_of_floats(const float *x, size_t n);
json_t *jsonl_of_ids(const int32_t *ids, size_t n);

#endif
