/* output.h - one verdict as a line for people, for scripts, or as JSON. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdio.h>

#include "bolter.h"

enum output_format { OUTPUT_PLAIN, OUTPUT_TERSE, OUTPUT_JSON, OUTPUT_NONE };

struct output_row {
    const char *id; /* NULL: the one message on standard input */
    const bolter_verdict *verdict;
    const char *unscorable; /* why there is none: of the verdict only the model's id is told; else NULL */
    /* Of all labels; only for JSON. */
    size_t n_label;
    const char *const *label;
    const float *scores;
    const bolter_piece *pieces; /* of an explanation; only for PLAIN and JSON */
    size_t n_pieces;
};

/*
 * PLAIN  spam 0.9981 (87 tokens, 12 ms) ID
 *          +3.21 Buy now                       a line for each piece of an explanation
 *        unscorable (encrypted) ID
 * TERSE  S 0.998123 ID           S spam, H ham, U unsure; always six digits
 *        N - ID                  nothing to judge
 * JSON   {"v":1,"id":"-","verdict":"spam","label":"spam","score":0.998123,"scores":{...}, ...}
 *
 * Control bytes of an id or a piece become "?" (in JSON they are escaped, and invalid UTF-8 is U+FFFD).
 */
void output_row(FILE *out, enum output_format format, const struct output_row *row);

#endif
