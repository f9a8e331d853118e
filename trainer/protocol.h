/* protocol.h - ways to measure a recipe, not one model: each trains and tests again and again. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include "bolter_train.h"
#include "trainer/fit.h"
#include "trainer/sources.h"

#define MAX_CORPORA 16

/* A corpus of its own: what was given after --corpus NAME. */
struct protocol_corpus {
    const char *name; /* NULL: given without a name */
    struct sources sources;
    bolter_dataset *d;
    struct fit_rows train, validation, test;
};

struct protocol {
    /* asked for */
    const char *model;
    struct fit_options fit;
    size_t max_tokens, tail_tokens, seed, n_seed;
    bool begin, json;
    struct protocol_corpus corpus[MAX_CORPORA];
    size_t n_corpus;
    const char *sizes; /* few-shot */
    size_t max_test;
    size_t every, warm, delay, window; /* stream */
    const char *order, *out;
    bool shuffle, by_date;
    bool wide; /* a wide part that learns message by message, not the recipe */
    /* made of it */
    bolter_model *m;
    bolter_cache *cache; /* of all fits */
};

/* Each prints its results and returns false after a complaint. The corpora are open. */
bool protocol_few_shot(struct protocol *p);
bool protocol_cross(struct protocol *p);
bool protocol_stream(struct protocol *p);

/*
 * Fit on these rows of the corpus and give each test row's probability of the label spam, with
 * which runs are measured at 0.5. seed replaces the seed of the options. spam (test->n). False
 * after a complaint.
 */
bool protocol_fit(const struct protocol *p, const struct protocol_corpus *c,
                  const struct fit_rows *train, const struct fit_rows *validation,
                  const struct fit_rows *test, size_t seed, double *spam, double *seconds);
/* Truths of rows: 1 spam, 0 anything else. */
void protocol_truth(const struct protocol_corpus *c, const struct fit_rows *rows, int32_t *truth);
/* The index of the label "spam". */
int32_t protocol_spam(const struct protocol_corpus *c);

#endif
