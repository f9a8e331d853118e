/*
 * gpt2.h - forward and backward of GPT-2 (Radford et al. 2019) over a batch of sequences of different
 * lengths laid end to end, without padding.
 */
#ifndef BT_GPT2_H
#define BT_GPT2_H

#include <stdbool.h>
#include <stddef.h>

#include "bolter.h"
#include "model/param.h"

/* Which hidden states leave the trunk. */
typedef enum bt_read {
    BT_READ_LAST,  /* of the last token of each sequence */
    BT_READ_FIRST, /* of the first */
    BT_READ_MEAN,  /* the mean over each sequence */
    BT_READ_ALL    /* of every token: a language model */
} bt_read;

/* Weights by table index; borrows. */
typedef struct bt_net {
    bt_config cfg;
    const float *const *w;
} bt_net;

typedef struct bt_batch {
    const bolter_seq *seqs;
    size_t n_seqs;
    bt_read read;
    bool causal;
} bt_batch;

/* E_ARG, naming length or id, unless a sequence has 1 .. n_ctx ids below n_vocab. */
bolter_status bt_seq_check(const bt_config *c, const bolter_seq *seq, bolter_error *err);

/* Activations of one forward pass, memory reused by the next. One thread at a time. */
typedef struct bt_run bt_run;

/*
 * Reserve memory for batches of up to max_tok tokens and max_seqs sequences. keep: hold what backward
 * needs (about 12 n_embd values a token and block), else one block's worth. E_NOMEM.
 */
bolter_status bt_run_open(bt_run **out, const bt_config *cfg, size_t max_tok, size_t max_seqs,
                          bool keep, bolter_error *err);
void bt_run_free(bt_run *r);

/* Run the trunk. The batch must fit the run; its sequences have 1 .. n_ctx valid ids. */
void bt_gpt2_forward(bt_run *r, const bt_net *net, const bt_batch *b);
/*
 * What was read, after the final norm: (n_seqs, n_embd), or for BT_READ_ALL (tokens, n_embd). Valid
 * until the next forward.
 */
const float *bt_run_hidden(const bt_run *r);

/* logits (n_seqs, n_label) = hidden score^T. */
void bt_head_forward(const bt_run *r, const bt_net *net, const bt_batch *b, float *logits);

/*
 * Gradients of every parameter whose pointer in g (by table index) is not NULL are ADDED, given
 * dlogits (n_seqs, n_label) of the last forward's batch. Needs a run with keep. Stops below the
 * lowest block that trains.
 */
void bt_gpt2_backward(bt_run *r, const bt_net *net, const bt_batch *b, const float *dlogits,
                      float *const *g);

#endif
