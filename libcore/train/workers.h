/*
 * workers.h - the threads of a trainer: each takes a share of a batch's sequences, runs them
 * forward and back in chunks, and adds to gradients of its own; the gradients are then summed in a
 * fixed order.
 */
#ifndef BT_WORKERS_H
#define BT_WORKERS_H

#include "bolter_train.h"
#include "ckpt/model.h"
#include "model/gpt2.h"
#include "train/loss.h"

typedef struct bt_workers bt_workers;
typedef struct bolter_cache bt_trunk;

/*
 * Next tokens that a classifier predicts beside its labels, so that it keeps what it knows of text: of
 * sequence i every n-th row from (i + phase) modulo n on. Needs BT_READ_MEAN, which makes all rows.
 */
typedef struct bt_guess {
    double weight; /* of their mean loss beside that of the labels; 0: none */
    size_t every, phase;
} bt_guess;

typedef struct bt_work {
    const bt_net *net;
    const bt_trunk *trunk; /* filled for these sequences; NULL: every block runs */
    const bolter_seq *seqs;
    const int32_t *labels; /* NULL: forward only, unless next is there */
    const size_t *next;    /* a language model: of each sequence, the first row whose next token counts;
                              ids go on with one more beyond the sequence. NULL: a classifier */
    bool only_loss;        /* with next: no gradients */
    bt_guess guess;        /* of a classifier that is to go on predicting text */
    size_t n_seqs;
    bt_read read;
    bool causal;
    bt_loss loss;
    float *logits; /* (n_seqs, n_label), or NULL */
} bt_work;

typedef struct bt_result {
    double loss;    /* of the batch; 0 without labels */
    size_t n_right; /* sequences, or next tokens, whose largest logit is their label's */
    uint64_t n_counted; /* next tokens that count */
    double guess_loss;  /* of what a classifier predicts beside: their mean, without its weight */
} bt_result;

typedef struct bt_workers_size {
    const bt_params *params;
    bt_config cfg;
    const size_t *n_gradient; /* values by the three tables of bt_gpt2_backward(); 0: none */
    size_t n_threads, longest;
    bool predicts;   /* next tokens: a language model, or a classifier with work that has a guess */
    bool all_rows;   /* of the token embedding may have a gradient, not only those of tokens that were read */
    bt_run_size run; /* max_tok and max_seqs are filled in */
} bt_workers_size;

/* E_NOMEM. */
bolter_status bt_workers_open(bt_workers **out, const bt_workers_size *size, bolter_error *err);
void bt_workers_free(bt_workers *w);
/* Gradients by the three tables after work with labels. */
float *const *bt_workers_gradients(const bt_workers *w);
/* Run a piece of work on all threads. E_NOMEM, E_IO. */
bolter_status bt_workers_run(bt_workers *w, const bt_work *work, bt_result *out, bolter_error *err);

/* The memory of a worker's network, between two pieces of work. */
bt_run *bt_workers_memory(const bt_workers *w, size_t i);
/* Tokens of the largest chunk. */
size_t bt_workers_longest(const bt_workers *w);

#endif
