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

/* A linear layer as signed bytes, a scale for each output. */
typedef struct bt_byte_layer {
    const int8_t *q; /* (in,out); NULL: the layer is in w */
    const float *scale;
} bt_byte_layer;

/* An adapter (Hu et al. 2021): its layer's weight is w + scale A^T B^T. */
typedef struct bt_lora {
    const float *a, *b; /* (rank,in), (out,rank); NULL: none */
} bt_lora;

/* Weights by table index; borrows. */
typedef struct bt_net {
    bt_config cfg;
    const float *const *w;
    const bt_byte_layer *quant; /* NULL: every layer is in w */
    const bt_lora *lora;   /* NULL: there are no adapters */
    size_t rank;           /* of them all */
    float scale;
    const struct bt_tile *tile; /* of the products of many rows; NULL: the BLAS */
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

typedef struct bt_run_size {
    size_t max_tok, max_seqs; /* of a batch */
    bool keep;                /* hold what backward needs: about 12 n_embd values a token and block */
    size_t first;             /* with keep: of this block and those above it; n_layer: of the head */
    size_t rank;              /* of the adapters; 0: there are none */
    bool quantised;           /* some layers are signed bytes */
    bool tiled;               /* the net has a tile */
} bt_run_size;

/* Reserve memory. What is never touched of it is never given by the system. E_NOMEM. */
bolter_status bt_run_open(bt_run **out, const bt_config *cfg, const bt_run_size *size,
                          bolter_error *err);
void bt_run_free(bt_run *r);
/* Shall the forward passes from now on hold what backward needs? With keep they do until they are told
 * not to, which spares memory where many tokens are only scored. */
void bt_run_hold(bt_run *r, bool hold);

/* Run the trunk. The batch must fit the run; its sequences have 1 .. n_ctx valid ids. */
void bt_gpt2_forward(bt_run *r, const bt_net *net, const bt_batch *b);
/*
 * The same in parts, so that what frozen blocks make can be kept. x (tokens, n_embd) is the caller's:
 * the embeddings of a batch; one block, from its input to its output, where it makes rows for every
 * token (all but the last block, and that too when the mean is read); and the rest of the trunk from
 * a block on, whose input the caller has put where bt_run_input() says. Block n_layer stands for the
 * head: its input is what is read after the final norm, (n_seqs, n_embd).
 */
void bt_gpt2_embed(const bt_net *net, const bt_batch *b, float *x);
void bt_gpt2_block(bt_run *r, const bt_net *net, const bt_batch *b, size_t block, float *x);
float *bt_run_input(bt_run *r, size_t block);
void bt_gpt2_resume(bt_run *r, const bt_net *net, const bt_batch *b, size_t block);
/*
 * What was read, after the final norm: (n_seqs, n_embd), or for BT_READ_ALL (tokens, n_embd). Valid
 * until the next forward.
 */
const float *bt_run_hidden(const bt_run *r);
/* Of a batch read by BT_READ_MEAN: every token's row of what the mean is taken of, (tokens, n_embd). */
const float *bt_run_rows(const bt_run *r);

/* logits (n_seqs, n_label) = hidden score^T, and the head's bias where there is one. */
void bt_head_forward(const bt_run *r, const bt_net *net, const bt_batch *b, float *logits);

/*
 * Gradients of every parameter whose pointer in g (by table index) is not NULL are ADDED, given
 * dlogits (n_seqs, n_label) of the last forward's batch. A net with adapters has three such tables in
 * g: the parameters, then each one's A, then each one's B. Needs a run with keep. Stops below the
 * lowest block that trains.
 */
void bt_gpt2_backward(bt_run *r, const bt_net *net, const bt_batch *b, const float *dlogits,
                      float *const *g);

/*
 * The same of a batch read by BT_READ_ALL, given the gradient of bt_run_hidden(), (tokens, n_embd), which
 * the caller has put where bt_run_dhidden() says.
 */
float *bt_run_dhidden(bt_run *r);
void bt_gpt2_backward_hidden(bt_run *r, const bt_net *net, const bt_batch *b, float *const *g);
/*
 * Both of a batch read by BT_READ_MEAN: dlogits of the head, and the gradient of bt_run_rows() where
 * bt_run_dhidden() says. Something besides the head must train.
 */
void bt_gpt2_backward_both(bt_run *r, const bt_net *net, const bt_batch *b, const float *dlogits,
                           float *const *g);

#endif
