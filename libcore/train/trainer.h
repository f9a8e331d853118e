/*
 * trainer.h - what a trainer holds; shared by the files of this folder.
 *
 * Everything by parameter comes in three tables behind each other, as bt_gpt2_backward() has them:
 * the parameters themselves, the A of each one's adapter, and the B.
 */
#ifndef BT_TRAINER_H
#define BT_TRAINER_H

#include "bolter_train.h"
#include "ckpt/model.h"
#include "train/schedule.h"
#include "train/slots.h"
#include "train/trunk.h"
#include "train/workers.h"

struct bolter_trainer {
    bolter_model *m;
    bt_config cfg;
    bt_params params;
    bt_card card;
    bolter_train_options o; /* its strings are not kept: see read, decay, and the slots */
    bt_read read;
    bt_decay decay;
    bool causal, quantised, half_cache, torch_init;
    bt_loss loss;
    float *class_weights; /* of the loss; NULL: all 1 */
    size_t *trained;      /* by the three tables: values that train */
    float *block;         /* values that train, or that are new */
    float **value;        /* by the three tables, into block; NULL: the model's serve */
    const float **w;      /* by parameter: the values, or the model's; NULL where quantised */
    signed char *bytes;   /* the quantised layers */
    float *scales;
    bt_byte_layer *quant;
    bt_lora *lora;
    bt_net net;
    bt_slots slots;
    bt_workers *workers;
    bt_precision trunk_precision;
    bt_trunk own;    /* the frozen blocks' cache, unless another is given */
    bt_trunk *trunk; /* that which is used; NULL: no block is frozen, or nothing is to be cached */
    uint64_t step;
    int32_t *padded; /* ids of a padded batch */
    bolter_seq *padded_seqs;
    size_t n_padded;
    bolter_seq *inputs; /* (n_inputs) a language model's batch: the passages less their last tokens */
    size_t *next, n_inputs; /* see bt_work */
    bool kept;
    char *note; /* of the state that was loaded last, or NULL */
};

/* ---- options.c ---- */

/* Refuse what cannot be; read the words of the options into t. */
bolter_status bt_options_check(bolter_trainer *t, bolter_error *err);
/* Fill t->trained. */
bolter_status bt_options_mark(bolter_trainer *t, bolter_error *err);
/* Refuse blocks computed in another format than float32 where none are frozen, or they are not kept. */
bolter_status bt_options_check_trunk(const bolter_trainer *t, bolter_error *err);
/* The lowest block with something that trains: n_layer for the head alone. */
size_t bt_options_lowest(const bolter_trainer *t);

/* ---- weights.c ---- */

/* Make the values and all that t->net needs. */
bolter_status bt_weights_make(bolter_trainer *t, bolter_error *err);
void bt_weights_clear(bolter_trainer *t);
/* Values of parameter i as they count, into x: adapters merged, bytes turned into floats. */
void bt_weights_merged(const bolter_trainer *t, size_t i, float *x);

/* ---- keep.c ---- */

/* The final norm's bias, into lnf (n_embd), with what stands there for the head's bias. E_NUMERIC, E_NOMEM as
 * bt_head_bias_fold(). */
bolter_status bt_trainer_fold_bias(const bolter_trainer *t, float *lnf, bolter_error *err);

/* ---- pad.c ---- */

/* Cut or pad the sequences as the options say, in memory that lasts until the next call. */
bolter_status bt_pad(bolter_trainer *t, const bolter_seq **seqs, size_t n, bolter_error *err);

/* ---- trainer.c ---- */

/* Check a batch, pad it as the options say, and run it through the workers. */
bolter_status bt_trainer_run(bolter_trainer *t, const bolter_seq *seqs, const int32_t *labels,
                             size_t n, float *logits, bt_result *out, bolter_error *err);
/* Longest sequence that it was opened for. */
size_t bt_trainer_longest(const bolter_trainer *t);

/* ---- step.c ---- */

/* Check the loss and the gradients that the workers made, and update. */
bolter_status bt_trainer_update(bolter_trainer *t, const bt_result *result, bolter_step *out,
                                bolter_error *err);
/* E_NUMERIC, naming what, the step and the first tensor that cannot give a finite one. */
bolter_status bt_not_finite(const bolter_trainer *t, const char *what, bolter_error *err);

#endif
