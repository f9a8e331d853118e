/* tiny.h - small random GPT-2 models for tests, in memory and as Hugging Face directories. */
#ifndef TINY_H
#define TINY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bolter.h"
#include "model/param.h"

/* Bytes, one merge ("he") and the end of text. */
#define TINY_VOCAB 258

typedef struct tiny {
    bt_config cfg;
    bt_params params;
    float *block;     /* values of all parameters */
    float **w;        /* by table index */
    bool bare_names;  /* write tensors without "transformer." */
    const char *card; /* bolter.json; NULL: none is written */
} tiny;

/* A shape of n_layer blocks: 32 positions, 12 channels, 3 heads. */
bt_config tiny_config(size_t n_layer, size_t n_label);
/*
 * Random weights, large enough for texts to differ: N(0, 0.3), gains about 1. The card is that of a
 * ham and spam model when there are two labels. Ends the test program without memory.
 */
void tiny_init(tiny *t, const bt_config *cfg, uint64_t seed);
void tiny_clear(tiny *t);
/* Values of a parameter by name, such as "h.0.ln_1.weight". */
float *tiny_values(tiny *t, const char *name, size_t *n);

/* Write config.json, model.safetensors, vocab.json, merges.txt and bolter.json; ends the program on
 * failure. dir is made if need be. */
void tiny_write(const tiny *t, const char *dir);
/* Replace one file of a directory; text NULL removes it. */
void tiny_put(const char *dir, const char *name, const char *text);
/* A path below the test's temporary directory, in one of eight static buffers. */
const char *tiny_path(const char *name);
/* Write to a fresh directory and open it. */
bolter_model *tiny_model(tiny *t, const char *name);
/* tiny_init, tiny_model and tiny_clear in one. */
bolter_model *tiny_classifier(size_t n_layer, uint64_t seed, const char *name);
/* The same of two blocks without a head; with an output layer of its own. */
bolter_model *tiny_language_model(uint64_t seed, const char *name);
bolter_model *tiny_untied_model(uint64_t seed, const char *name);

/* n sequences of random ids with lengths 1, 2, 3, 5, 8, ... up to longest; tiny_free_seqs(). */
bolter_seq *tiny_seqs(size_t n, size_t longest, uint64_t seed);
void tiny_free_seqs(bolter_seq *seqs, size_t n);

#endif
