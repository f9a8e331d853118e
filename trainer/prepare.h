/* prepare.h - one run of prepare: what was asked for, and what it has come to. */
#ifndef PREPARE_H
#define PREPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "bolter_data.h"
#include "trainer/progress.h"
#include "trainer/sources.h"

enum { PREPARE_PARTS = 3, PREPARE_PAIRS = 3 };

/* How long texts are, in one unit. */
struct lengths {
    double mean;
    size_t median, p99, longest;
    const char *longest_id; /* NULL: no text */
};

/* Texts of one part that are in another. */
struct leak {
    bolter_part seen, part;
    bolter_leaks found;
};

struct prepare {
    /* asked for */
    const char *out, *model, *book, *ratio, *split_by, *duplicates, *near_duplicates, *format, *layout;
    struct sources sources;
    size_t seed, max_per_class;
    bool check, balance, ids, numbers, force, json;
    /* made of it */
    double share[PREPARE_PARTS];
    bolter_split_by by;
    bolter_copies copies, near;
    bolter_collection *c;
    bolter_tok *tok; /* NULL: no model was given */
    struct progress progress;
    uint64_t n_read, n_limited;
    bolter_cleaned cleaned;
    struct leak leak[PREPARE_PAIRS];
    size_t n_leak;
    struct lengths characters[PREPARE_PARTS], tokens[PREPARE_PARTS];
};

/* Name of a part. */
const char *prepare_part_name(bolter_part part);
/* Measure the texts of each part. */
bolter_status prepare_measure(struct prepare *p, bolter_error *err);
/* Print what came of it, as a table or as a line of JSON. */
void prepare_print(const struct prepare *p);
void prepare_print_json(const struct prepare *p);

#endif
