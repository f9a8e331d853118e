/*
 * finetune.h - one call of "bolter-train finetune": what was asked for, what it has come to, and the
 * files it leaves. finetune.c trains, checkpoint.c keeps a run on disk, result.c measures and writes
 * the model, modelcard.c its card, seeds.c repeats a run.
 */
#ifndef FINETUNE_H
#define FINETUNE_H

#include <jansson.h>
#include <stddef.h>

#include "bolter_train.h"
#include "bolter_eval.h"
#include "trainer/batches.h"
#include "trainer/calibrate.h"
#include "trainer/lock.h"
#include "trainer/position.h"
#include "trainer/recipe.h"
#include "trainer/runlog.h"
#include "trainer/settings.h"
#include "trainer/sources.h"

#define FINETUNE_MAX_OPTIONS 96
#define FINETUNE_MAX_SEEDS   64

/* What a run of one seed came to. */
struct outcome {
    uint64_t seed, best_step;
    struct measures validation; /* of the best weights, all of the part */
    struct measures test;       /* accuracy NaN: not measured */
};

struct finetune {
    /* asked for */
    const char *model, *out, *log_path, *dtype, *select, *seeds;
    struct sources sources;
    struct recipe recipe;
    bolter_train_options train;
    double lr, weight_decay, clip_norm, layer_decay, lora_alpha, warmup, epochs;
    struct wanted_threshold threshold;
    double checkpoint_minutes;
    size_t seed, batch, eval_every, eval_batches, threads, lora_rank, max_tokens, tail_tokens, patience;
    bool wide; /* and a wide part beside the network */
    bool begin, decay_all, random_init, resume, finish, final_test;
    struct option_row option[FINETUNE_MAX_OPTIONS]; /* the table, to say what took effect */
    size_t n_option;

    /* made of it, for all seeds */
    bolter_model *m;
    bolter_dataset *d;
    bolter_cache *cache; /* one seed's frozen blocks serve the next */
    char *checkpoint; /* path */
    struct lock lock; /* of it */
    char *identity;   /* of the run, for its checkpoint */
    json_t *corpora;  /* see sources_json() */
    char sha256[3][65]; /* of the parts */
    size_t n_train, n_valid, n_test, steps;
    int32_t spam_label; /* -1: none */
    float *logits;      /* room for the largest measurement */
    uint64_t seed_of[FINETUNE_MAX_SEEDS];
    size_t n_seed;

    /* the run of one seed */
    size_t at_seed;
    struct outcome outcome[FINETUNE_MAX_SEEDS]; /* of the seeds before, and then of this one */
    bolter_trainer *t;
    struct windows windows;
    struct disguise disguise;
    struct batches batches;
    struct runlog log;
    struct position at;
    double resumed;   /* when, on progress.h's clock */
    double saved;     /* and the last checkpoint */
    struct calibration calibration;
    bolter_report test_report;
};

enum ending { ENDED, FAILED, INTERRUPTED };

/* Do what was asked for; the exit status. Everything made is released. */
int finetune(struct finetune *f);

/* ---- finetune.c ---- */

/* Seconds that the run has taken, with those before it was resumed. */
double finetune_seconds(const struct finetune *f);
/* True if a is better by the measure that --select names. */
bool finetune_better(const struct finetune *f, const struct measures *a, const struct measures *b);

/* ---- data.c ---- */

/* Open the base and read the parts of the corpora. False after a complaint. */
bool data_read(struct finetune *f);
/* Before the hours of training: false after a complaint about what cannot come to anything; a validation part
 * that lacks ham or spam gets a warning. */
bool data_check(const struct finetune *f);

/* ---- checkpoint.c ---- */

/* All but the last return false after a complaint. */

/* Name the checkpoint, in a place that can be written to, as that of --save-adapter can. It must be
 * there with --resume, and must not be without. */
bool checkpoint_find(struct finetune *f);
/* Put together what has to be the same when a run goes on, once the data are read. */
bool checkpoint_identify(struct finetune *f);
/* Is there room for the model and the checkpoints, once a trainer is open? */
bool checkpoint_has_room(const struct finetune *f);
/* Set trainer, position, log, seed and the outcomes before it as they were. */
bool checkpoint_load(struct finetune *f);
bool checkpoint_save(struct finetune *f);
void checkpoint_remove(const struct finetune *f);

/* ---- result.c ---- */

/* Measure the best weights; write the model directory if they are the best of the seeds so far. */
enum ending result_save(struct finetune *f);

/* ---- modelcard.c ---- */

/* MODEL.md, to be freed with free(); NULL without memory. */
char *modelcard(const struct finetune *f);

/* ---- seeds.c ---- */

/* Fill seed_of from --seeds, or from --seed alone. False after a complaint. */
bool seeds_parse(struct finetune *f);
/* Print the outcomes of several seeds with mean and deviation; write seeds.json beside the model. */
bool seeds_summary(const struct finetune *f);

#endif
