/*
 * fit.h - fine-tune a model on some rows and score others, all in memory: what every experiment
 * repeats.
 */
#ifndef FIT_H
#define FIT_H

#include "bolter_train.h"

/* Rows of one or more datasets that were read with the same model. */
struct fit_rows {
    const bolter_row **row; /* owned by whoever made it */
    size_t n;
};

/* Which weights score in the end: the last, or the best on the validation rows. */
enum fit_keep { FIT_LAST, FIT_BEST_LOSS, FIT_BEST_ACCURACY };

struct fit_options {
    bolter_train_options train; /* total_steps and warmup_steps follow from the rest */
    double epochs, warmup;      /* passes over the training rows; share of the steps that warm up */
    size_t min_steps;           /* at least so many, however few the rows are */
    size_t batch;               /* texts a step */
    bool drop_last;             /* leave out an epoch's last, smaller batch */
    size_t eval_every;          /* steps between evaluations of the validation rows; 0: an epoch */
    enum fit_keep keep;
    bool score_training;        /* also the training rows */
};

struct fit_result {
    float *train, *validation, *test; /* logits (n, n_label); train only if asked for; owned */
    size_t steps, best_step;          /* best_step is the last one for FIT_LAST */
    double train_loss;                /* mean of the last pass */
    double seconds;                   /* training and validation, without the final scores */
    uint64_t n_trainable, n_tokens;   /* parameters that train; tokens of all steps */
};

/* The options of finetune. */
void fit_options_default(struct fit_options *o);
/* All rows of a part; false without memory. */
bool fit_rows_of(struct fit_rows *out, const bolter_dataset *d, bolter_part part);
/*
 * Start from m's weights, which stay as they are; labels are d's. Each training and validation row
 * has one. E_ARG without training rows, or without validation rows where they decide.
 */
bolter_status fit_model(bolter_model *m, const bolter_dataset *d, const struct fit_rows *train,
                        const struct fit_rows *validation, const struct fit_rows *test,
                        const struct fit_options *o, struct fit_result *out, bolter_error *err);
void fit_result_clear(struct fit_result *r);

#endif
