/*
 * recipe.h - options of a fine-tuning that mean something only once model and data are known, and
 * the settings of a book's experiment in one.
 */
#ifndef RECIPE_H
#define RECIPE_H

#include <stdbool.h>
#include <stddef.h>

struct finetune;

struct recipe {
    const char *pad_to;        /* "none", "context", "longest" or a number of tokens */
    const char *class_weights; /* "none", "balanced" or numbers with commas between */
    const char *adapter;       /* directory of the adapters; NULL: not asked for */
    double label_smoothing, ignore_label, lm_loss, windows, disguise;
    size_t lm_every;
    size_t accumulate;   /* batches of a step */
    size_t cache_memory; /* MiB */
    bool no_causal, head_bias, drop_last, no_cache;
};

/* Defaults for an option table. */
void recipe_default(struct recipe *r);
/* An option's callback: take over the book's settings. to is the struct finetune. */
bool recipe_book(void *to, const char *name, const char *value);
/* Check what can be checked before anything is loaded. False after a complaint. */
bool recipe_check(struct finetune *f);
/* Open the trainer, once model and data are there, and run what is frozen on all texts. */
bool recipe_open_trainer(struct finetune *f, const char *const *labels, size_t n_label);
/* Steps of one pass over the training part. */
size_t recipe_steps(const struct finetune *f);

#endif
