/*
 * lm.h - the training of a language model: what was asked for, what it has come to, and the files it
 * leaves. cmd_pretrain.c and cmd_instruct.c bring model and passages; lm.c trains, lm_checkpoint.c keeps
 * a run on disk, lm_result.c writes the model.
 */
#ifndef LM_H
#define LM_H

#include "bolter_train.h"
#include "trainer/lock.h"
#include "trainer/order.h"
#include "trainer/position.h"
#include "trainer/runlog.h"
#include "trainer/settings.h"

#define LM_MAX_OPTIONS 64

struct passages {
    bolter_passage *p;
    size_t n;
};

struct lm {
    /* asked for */
    const char *model, *out, *log_path, *dtype, *select, *sample;
    bolter_train_options train;
    double lr, weight_decay, clip_norm, layer_decay, lora_alpha, warmup, decay_share, lr_floor, epochs;
    double beta2, checkpoint_minutes;
    size_t seed, batch, accumulate, wanted_steps, eval_every, eval_batches, sample_tokens, threads;
    size_t lora_rank;
    bool decay_all, resume, finish;
    struct option_row option[LM_MAX_OPTIONS]; /* the table, to say what took effect */
    size_t n_option;

    /* made of it by the command */
    bolter_model *m;
    struct passages training, validation; /* borrow their tokens */
    json_t *data;      /* what they were made of, and digests: has to be the same when a run goes on */
    bool random_init;
    bolter_save_file more[2]; /* n_more files for the model directory */
    size_t n_more;

    /* the run */
    bolter_trainer *t;
    struct order order;
    bolter_passage *at_hand; /* (batch * accumulate) */
    size_t steps, steps_an_epoch;
    struct position at;
    struct runlog log;
    json_t *samples; /* objects of step and text */
    char *checkpoint, *identity;
    struct lock lock; /* of the checkpoint */
    double resumed, saved; /* when, on progress.h's clock */
};

/* Rows for an option table. */
#define LM_ROWS(l)                                                                                 \
    STRING("out", 'o', &(l)->out, "DIR", "where the new model goes"),                              \
        WORD("dtype", 0, &(l)->dtype, "TYPE", "of the weights", DTYPES),                           \
        STRING("log", 0, &(l)->log_path, "FILE", "write JSON lines there while training"),         \
        HEADING("How it is trained:"),                                                             \
        REAL("epochs", 'e', &(l)->epochs, 0.001, 1e4, "X", "passes over the training passages"),   \
        SIZE("steps", 0, &(l)->wanted_steps, 0, 1e12, "N", "so many steps instead, 0: by epochs"), \
        SIZE("batch", 'b', &(l)->batch, 1, 4096, "N", "passages a batch"),                         \
        SIZE("accumulate", 0, &(l)->accumulate, 1, 4096, "N", "batches of a step"),                \
        REAL("lr", 0, &(l)->lr, 0, 1, "X", "learning rate"),                                       \
        WORD("schedule", 0, &(l)->train.schedule, "HOW", "after warm-up", SCHEDULES),              \
        SHARE("warmup", 0, &(l)->warmup, 0, 1, "SHARE", "of the steps, that warm up"),             \
        SHARE("decay", 0, &(l)->decay_share, 0, 1, "SHARE",                                        \
              "of the steps, that the stable schedule falls in"),                                  \
        SHARE("lr-floor", 0, &(l)->lr_floor, 0, 1, "SHARE", "of the rate, that it falls to"),      \
        REAL("weight-decay", 0, &(l)->weight_decay, 0, 10, "X", "AdamW's weight decay"),           \
        REAL("beta2", 0, &(l)->beta2, 0, 0.99999, "X", "AdamW's memory of squared gradients"),     \
        FLAG("decay-all", 0, &(l)->decay_all, "on every tensor, not on matrices alone"),           \
        REAL("clip-norm", 0, &(l)->clip_norm, 0, 1e6, "X", "largest gradient norm, 0: no limit"),  \
        SIZE("seed", 0, &(l)->seed, 0, 1e15, "N", "of everything random"),                         \
        SIZE("threads", 'j', &(l)->threads, 0, 256, "N", "0: all processors"),                     \
        WORD("precision", 0, &(l)->train.precision, "TYPE", "of large products",                   \
             "float32, bfloat16"),                                                                 \
        HEADING("When it is measured, and how it goes on:"),                                       \
        SIZE("eval-every", 0, &(l)->eval_every, 0, 1e9, "N",                                       \
             "steps between evaluations, 0: half an epoch"),                                       \
        SIZE("eval-batches", 0, &(l)->eval_batches, 0, 1e9, "N",                                   \
             "of the first N batches of each part, 0: validation all"),                            \
        STRING("sample", 0, &(l)->sample, "TEXT", "let the model go on with it at each evaluation"), \
        SIZE("sample-tokens", 0, &(l)->sample_tokens, 1, 1 << 20, "N", "for so many tokens"),      \
        WORD("select", 0, &(l)->select, "WHICH",                                                   \
             "weights that are written, best by the validation loss", "last, best"),               \
        REAL("checkpoint-every", 0, &(l)->checkpoint_minutes, 0, 1e6, "MINUTES",                   \
             "write OUT.run, 0: only when interrupted"),                                           \
        FLAG("resume", 0, &(l)->resume, "go on with the run in OUT.run"),                          \
        FLAG("finish", 0, &(l)->finish, "with --resume: train no more, write its model")

/* Sensible values for an option table. */
void lm_default(struct lm *l);
/* Parse a table that contains LM_ROWS(); the first operand, or as options_parse(). Keeps the rows. */
int lm_parse(struct lm *l, int argc, char **argv, const struct option_row *rows, size_t n,
             const char *usage);
/* Check what can be checked before anything is loaded. False after a complaint. */
bool lm_check(const struct lm *l);
/* Train, and write the model; the exit status. Everything that lm.h does not call the command's is
 * released. */
int lm_train(struct lm *l);

/* ---- lm.c ---- */

/* Seconds that the run has taken, with those before it was resumed. */
double lm_seconds(const struct lm *l);

/* ---- lm_checkpoint.c: false after a complaint ---- */

bool lm_checkpoint_find(struct lm *l);
bool lm_checkpoint_identify(struct lm *l);
bool lm_checkpoint_has_room(const struct lm *l);
bool lm_checkpoint_load(struct lm *l);
bool lm_checkpoint_save(struct lm *l);
void lm_checkpoint_remove(const struct lm *l);

/* ---- lm_result.c ---- */

/* Write the model directory. False after a complaint. */
bool lm_result(struct lm *l);
/* Samples as JSON lines, to be freed; NULL without memory. */
char *lm_samples_text(const json_t *samples);

#endif
