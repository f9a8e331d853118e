/* finetune.h - one fine-tuning run: what was asked for, and what it has come to. */
#ifndef FINETUNE_H
#define FINETUNE_H

#include <stddef.h>

#include "bolter.h"
#include "trainer/recipe.h"
#include "trainer/runlog.h"
#include "trainer/sources.h"

struct finetune {
    /* asked for */
    const char *model, *out, *log_path, *dtype;
    struct sources sources;
    struct recipe recipe;
    bolter_train_options train;
    double lr, weight_decay, clip_norm, layer_decay, lora_alpha, warmup, epochs, max_fpr;
    size_t seed, batch, eval_every, threads, lora_rank, max_tokens, tail_tokens, patience;
    bool begin, decay_all, random_init;
    /* made of it */
    bolter_model *m;
    bolter_dataset *d;
    bolter_trainer *t;
    struct runlog log;
    size_t *order; /* training rows in this epoch's order */
    size_t n_train, n_valid, steps, steps_an_epoch;
    float *logits; /* (n_valid, n_label) of the last evaluation */
    double best_loss;
    size_t best_step, worse; /* evaluations since the best one */
    double started;
    /* result, from the best weights */
    double temperature, spam_threshold;
    bolter_report report;
};

/* Load model and data, make the trainer. False after a complaint. */
bool finetune_open(struct finetune *f);
/* Train; the best weights are restored at the end. Exit status. */
int finetune_run(struct finetune *f);
/* Fit temperature and threshold on the validation part; write the directory with its card. */
bool finetune_save(struct finetune *f);
void finetune_close(struct finetune *f);

#endif
