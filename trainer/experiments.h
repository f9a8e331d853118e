/*
 * experiments.h - the additional experiments of a book, by number: what each row trains and how, and
 * what came of it. experiments.c is the table, experiment.c runs a row, shape.c makes models of other
 * sizes, experiments_record.c keeps what is finished, experiments_print.c prints it.
 *
 * The book is Raschka, "Build a Large Language Model (From Scratch)", 2024; its additional experiments
 * accompany chapter 6.
 */
#ifndef EXPERIMENTS_H
#define EXPERIMENTS_H

#include <jansson.h>

#include "bolter_train.h"
#include "trainer/fit.h"
#include "trainer/lock.h"
#include "trainer/shape.h"
#include "trainer/sources.h"

enum {
    EXPERIMENTS_BOOK = 19, /* rows of the book; those above are our own */
    EXPERIMENTS = 22,
    EXPERIMENTS_MAX_SEEDS = 64
};

enum padding { PAD_LONGEST, PAD_CONTEXT, PAD_NONE }; /* to the longest training text; to 1,024 */

struct experiment {
    enum shape shape;
    bool random; /* forget the weights */
    const char *position, *trainable;
    enum padding pad;
    size_t batch;       /* texts a step */
    bool drop_last;
    int32_t lora_rank;  /* 0: no adapters */
    float lora_alpha, layer_decay;
    bool all_see_all, ignore_pad, half_cache;
    const char *read, *trained, *note; /* for people */
    double book[4];     /* accuracy of training, validation, test, %; minutes; NaN: not in the book */
};

/* One row with one seed. */
struct trial {
    bool there, timed; /* timed: a few steps, the seconds extrapolated, no accuracy */
    double train, validation, test; /* accuracy, 0..1 */
    double seconds, tokens_per_second; /* of training, the frozen blocks' pass over its texts included */
    uint64_t n_param, n_trainable;
    size_t context;    /* tokens that texts are padded to, 0: none */
};

struct experiments {
    /* asked for */
    const char *model, *out, *given[N_SHAPE]; /* given: directories of larger models, NULL: random */
    struct sources sources;
    double epochs, lr;
    size_t threads;
    bool random_124m;
    bool wanted[EXPERIMENTS]; /* by row less 1 */
    size_t seed[EXPERIMENTS_MAX_SEEDS], n_seed;
    /* made of it */
    bolter_model *m;
    bolter_dataset *d;
    bolter_cache *cache;
    struct fit_rows part[3];
    char sha256[3][65];
    struct lock lock; /* of OUT/rows.jsonl */
    struct trial trial[EXPERIMENTS][EXPERIMENTS_MAX_SEEDS];
    char skipped[EXPERIMENTS][64]; /* why, "": it was not */
};

/* ---- experiments.c ---- */

/* row from 1 to EXPERIMENTS. */
const struct experiment *experiment_of(size_t row);
/* The size that it runs at, with these options. */
enum shape experiment_shape(const struct experiments *x, size_t row);
/* Is there nothing to learn from, so that it is only timed? */
bool experiment_timed(const struct experiments *x, size_t row);

/* ---- experiment.c ---- */

/* Read base model and corpora; close them. False after a complaint. */
bool experiments_open(struct experiments *x);
void experiments_close(struct experiments *x);
/*
 * Run a row with all seeds that are not there yet; each is recorded when it ends. A row without room in
 * memory is skipped. False after a complaint.
 */
bool experiment_run(struct experiments *x, size_t row);

/* ---- experiments_record.c ---- */

/* Lock OUT/rows.jsonl, and take over what it has of the same options. Without -o there is nothing to do. */
bool experiments_load(struct experiments *x);
/* Append a trial to it. Both return false after a complaint. */
bool experiments_append(const struct experiments *x, size_t row, size_t seed);

/* ---- experiments_print.c ---- */

enum experiments_format { EXPERIMENTS_MARKDOWN, EXPERIMENTS_CSV, EXPERIMENTS_JSON };

/* The table, to be freed with free(); NULL without memory. */
char *experiments_table(const struct experiments *x, enum experiments_format format);

#endif
