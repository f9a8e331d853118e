/* run.h - the memory of a forward and backward pass; shared by run.c and gpt2.c alone. */
#ifndef BT_RUN_H
#define BT_RUN_H

#include "kern/kern.h"
#include "model/gpt2.h"

/* What one block leaves behind: N tokens, R rows that are read (N, but n_seqs in the last block). */
struct bt_layer {
    float *x;            /* (N,C) input */
    float *mean1, *rstd1; /* (N) */
    float *q;            /* (R,C) */
    float *kv;           /* (N,2C) */
    float *lse;          /* (R,H) logarithms of the softmax sums, per sequence (H,queries) */
    float *att;          /* (R,C) attention before its projection */
    float *mid;          /* (R,C) after the first residual */
    float *mean2, *rstd2; /* (R) */
    float *fc;           /* (R,I) before the GELU */
};

struct bt_run {
    bt_config cfg;
    size_t max_tok, max_seqs;
    bool keep;
    struct bt_layer *layer; /* n_layer of them; all the same memory without keep */
    float *out;             /* (R,C) output of the last block */
    float *mean, *rstd;     /* (R) of the final norm */
    float *final;           /* (R,C) after it */
    float *pooled;          /* (n_seqs,C) what the head reads, for the mean */
    float *norm;            /* (N,C) scratch: a norm's output */
    float *picked;          /* (R,C) scratch: rows picked from norm */
    float *act;             /* (N,I) scratch: after the GELU */
    float *scratch;         /* of attention */
    float *dx, *dy;         /* (N,C) gradients on the way down */
    float *dnorm;           /* (N,C) */
    float *dq, *dkv;        /* (N,C), (N,2C) */
    float *dact;            /* (N,I) */
    size_t *start;          /* (n_seqs + 1) first token of each sequence */
    size_t n_tok, n_row;    /* of the current batch: N, and R of the last block */
    const float *hidden;
    float *block;           /* the memory of it all */
};

#endif
