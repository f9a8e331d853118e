/* experiments.c - the rows: what the book did and what it reached, then a few of our own. */
#include "trainer/experiments.h"

#include <math.h>

#define LAST  .position = "last", .read = "last"
#define BLOCK .trainable = "last_block", .trained = "last block"
#define ALL   .trainable = "all", .trained = "all"
#define EIGHT .batch = 8, .drop_last = true
#define LORA(rank, alpha)                                                                          \
    .trainable = "lora", .lora_rank = rank, .lora_alpha = alpha, .trained = "LoRA " #rank "/" #alpha
#define OURS  .book = {NAN, NAN, NAN, NAN}

/*
 * The last real token of a padded text sees nothing of the padding behind it, so that row 16 is the
 * same as no padding; and the loss is a mean over a step's texts, so that row 15's batches of one,
 * accumulated, are one of eight. A label that no text has leaves nothing out (row 18).
 */
static const struct experiment table[EXPERIMENTS] = {
    {LAST, BLOCK, EIGHT, .book = {96.63, 99.33, 95.00, 0.28}},
    {.position = "first", .read = "first", BLOCK, EIGHT, .book = {78.46, 80.54, 75.00, 0.28}},
    {LAST, .trainable = "last_layer", .trained = "head", EIGHT, .book = {78.65, 79.87, 72.00, 0.25}},
    {LAST, .trainable = "last_two_blocks", .trained = "last two blocks", EIGHT,
     .book = {98.85, 98.66, 98.33, 0.33}},
    {LAST, ALL, EIGHT, .book = {99.62, 96.64, 96.67, 0.69}},
    {SHAPE_355M, LAST, BLOCK, EIGHT, .book = {87.50, 91.28, 84.67, 0.75}},
    {SHAPE_774M, LAST, BLOCK, EIGHT, .book = {99.52, 98.66, 96.67, 1.50}},
    {SHAPE_1558M, LAST, BLOCK, EIGHT, .book = {99.81, 99.81, 98.33, 2.83}},
    {SHAPE_1558M, LAST, ALL, EIGHT, .book = {100.00, 98.66, 98.67, 8.12}},
    {.random = true, LAST, ALL, EIGHT, .book = {100.00, 96.64, 93.67, 0.69}},
    {LAST, LORA(16, 16), EIGHT, .book = {100.00, 97.32, 96.67, 0.75}},
    {SHAPE_1558M, LAST, LORA(16, 8), EIGHT, .book = {100.00, 98.66, 98.33, 5.79}},
    {LAST, BLOCK, EIGHT, .pad = PAD_CONTEXT, .book = {83.08, 87.92, 78.33, 2.46}},
    {LAST, BLOCK, .batch = 1, .pad = PAD_NONE, .note = "batch 1",
     .book = {100.00, 98.66, 98.00, 1.75}},
    {LAST, BLOCK, .batch = 8, .pad = PAD_NONE, .note = "8 batches of 1 accumulated",
     .book = {99.33, 98.66, 98.33, 1.70}},
    {.position = "last", .read = "last real", BLOCK, EIGHT, .pad = PAD_NONE,
     .book = {99.42, 98.66, 98.33, 0.30}},
    {LAST, BLOCK, EIGHT, .all_see_all = true, .note = "no causal mask",
     .book = {99.23, 98.66, 95.33, 0.29}},
    {LAST, BLOCK, EIGHT, .ignore_pad = true, .note = "ignore index",
     .book = {96.63, 99.33, 95.00, 0.28}},
    {.position = "mean", .read = "mean", BLOCK, EIGHT, .book = {97.79, 99.33, 96.33, 0.32}},
    {.position = "mean", .read = "mean", ALL, EIGHT, .pad = PAD_NONE, OURS},
    {LAST, ALL, EIGHT, .pad = PAD_NONE, .layer_decay = 0.85f, .note = "layer decay 0.85", OURS},
    {LAST, BLOCK, EIGHT, .half_cache = true, .note = "cache in bfloat16", OURS},
};

const struct experiment *experiment_of(size_t row)
{
    return &table[row - 1];
}

enum shape experiment_shape(const struct experiments *x, size_t row)
{
    const struct experiment *e = experiment_of(row);
    return e->random && x->random_124m ? SHAPE_124M : e->shape;
}

bool experiment_timed(const struct experiments *x, size_t row)
{
    const struct experiment *e = experiment_of(row);
    return e->shape != SHAPE_BASE && !x->given[e->shape];
}
