/*
 * shape.h - models of the published sizes of GPT-2, without their weights: to see how long they take and
 * what random weights learn.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include "bolter.h"

enum shape { SHAPE_BASE, SHAPE_124M, SHAPE_355M, SHAPE_774M, SHAPE_1558M, N_SHAPE };

/* "124M" and so on; "base". */
const char *shape_name(enum shape s);

struct shape_size {
    size_t n_embd, n_layer, n_head;
    uint64_t n_param, n_block; /* with the base's vocabulary and positions; of one block */
};

/* Of a shape; for SHAPE_BASE the base's own. */
struct shape_size shape_size_of(enum shape s, const bolter_model *base);
/*
 * Open a model of this shape with the tokenizer and positions of the one in the directory base. All its
 * weights are 0: open a trainer with random_init. False after a complaint.
 */
bool shape_open(bolter_model **out, enum shape s, const char *base, const bolter_model *m);

#endif
