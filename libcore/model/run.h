/* run.h - the memory of a forward and backward pass; shared by the files of this folder alone. */
#ifndef BT_RUN_H
#define BT_RUN_H

#include "kern/kern.h"
#include "model/gpt2.h"

/* What one block leaves behind: N tokens, R rows that are read (N; n_seqs in the last block). */
struct bt_layer {
    float *x;             /* (N,C) input */
    float *mean1, *rstd1; /* (N) */
    float *q;             /* (R,C) */
    float *kv;            /* (N,2C) of a block with rows for every token */
    float *lse;           /* (R,H) logarithms of the softmax sums, per sequence (H,queries) */
    float *att;           /* (R,C) attention before its projection */
    float *mid;           /* (R,C) after the first residual */
    float *mean2, *rstd2; /* (R) */
    float *fc;            /* (R,I) before the GELU */
};

struct bt_run {
    bt_config cfg;
    bt_run_size size;
    struct bt_layer *kept;   /* n_layer of them; those that nobody keeps are the same memory */
    struct bt_layer *shared; /* n_layer times that memory */
    struct bt_layer *layer;  /* the one or the other, see bt_run_hold() */
    float *out;              /* (R,C) output of the last block */
    float *mean, *rstd;      /* (R) of the final norm */
    float *final;            /* (R,C) after it */
    float *pooled;           /* (n_seqs,C) what the head reads, for the mean, or from a cache */
    float *norm;             /* (N,C) scratch: a norm's output */
    float *picked;           /* (n_seqs,C) scratch: rows picked from norm */
    float *act;              /* (N,I) scratch: after the GELU */
    float *scratch;          /* of attention */
    float *p;                /* (N,H) softmax of the last block, per sequence (H,tokens) */
    float *u, *z;            /* (n_seqs,H,C) its folded queries and what they read, see folded.c */
    float *du, *dz;          /* their gradients */
    float *low, *dlow;       /* (N,rank) scratch: inside an adapter */
    float *product;          /* scratch of the net's tile */
    float *dense, *ddense;   /* scratch: a linear layer's whole weight, (C,3C) gradient */
    float *dx, *dy;          /* (N,C) gradients on the way down */
    float *dnorm;            /* (N,C) */
    float *dq, *dkv;         /* (N,C), (N,2C) */
    float *dact;             /* (N,I) */
    size_t *start;           /* (n_seqs + 1) first token of each sequence */
    size_t n_tok, n_row;     /* of the current batch: N, and R of the last block */
    const float *hidden;
    float *block; /* the memory of it all */
};

/* The token that sequence s is read at, counted over the batch. */
size_t bt_read_token(const bt_run *r, const bt_batch *b, size_t s);
/* Copy the read rows of src (N,C) to dst (n_seqs,C); add the rows of src (n_seqs,C) to those of
 * dst. */
void bt_pick_rows(float *dst, const float *src, const bt_run *r, const bt_batch *b);
void bt_add_picked(float *dst, const float *src, const bt_run *r, const bt_batch *b);

/* ---- linear.c: a linear layer of a net, with its adapter and whatever form its weight has ---- */

/* Columns first .. first + n - 1 of the layer in row index of the table, (in,out). */
typedef struct bt_slice {
    size_t index, in, out, first, n;
} bt_slice;

/* y (N,n) = x (N,in) w + bias. */
void bt_slice_forward(bt_run *r, const bt_net *net, bt_slice l, bt_mat y, bt_mat x);
/* dx as in bt_linear_backward(); gradients go to the layer's places in g. */
void bt_slice_backward(bt_run *r, const bt_net *net, bt_slice l, bt_mat dx, bool add, bt_mat dy,
                      bt_mat x, float *const *g);
/* The layer's whole weight (in,out), adapter merged; in r->dense unless it lies so in net. */
bt_mat bt_slice_dense(bt_run *r, const bt_net *net, bt_slice l);
/* Where its gradient goes, zeroed r->ddense for an adapter; data NULL where there is none. */
bt_mat bt_slice_dense_gradient(bt_run *r, const bt_net *net, bt_slice l, float *const *g);
/* Turn what has come together there into gradients of the adapter; nothing to do without one. */
void bt_slice_project(bt_run *r, const bt_net *net, bt_slice l, float *const *g);

/* ---- folded.c: attention of a block that is read at one row a sequence ---- */

/* att (n_seqs,C) of a block from its normed input r->norm. */
void bt_folded_attend(bt_run *r, const bt_net *net, const bt_batch *b, size_t block);
/* dnorm (N,C) is set, from the gradient of att in r->dy (n_seqs,C); norm is made again by the
 * caller. */
void bt_folded_attend_backward(bt_run *r, const bt_net *net, const bt_batch *b, size_t block,
                               float *const *g);

#endif
