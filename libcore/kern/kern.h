/*
 * kern.h - the arithmetic of a transformer: shapes and formula of each kernel, forward and backward
 * beside each other. All matrices are row-major float32.
 *
 * Letters: N tokens of a batch laid end to end, T tokens of one sequence, C channels, H heads,
 * D = C / H, I inner width of the MLP, V vocabulary.
 *
 * Backward kernels ADD to gradients of parameters and SET gradients of activations, unless said
 * otherwise. Every kernel has a slow twin in naive.c that the tests compare it with.
 */
#ifndef BT_KERN_H
#define BT_KERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bolter.h"

/* A view of a matrix: rows of cols values, stride values apart. Borrows. */
typedef struct bt_mat {
    float *data;
    size_t rows, cols, stride;
} bt_mat;

/* A dense matrix. Const is cast away: the callee only writes where its comment says. */
bt_mat bt_mat_of(const float *data, size_t rows, size_t cols);
/* Columns first .. first + cols - 1 of m. */
bt_mat bt_mat_cols(bt_mat m, size_t first, size_t cols);
/* Rows first .. first + rows - 1 of m. */
bt_mat bt_mat_rows(bt_mat m, size_t first, size_t rows);

/* ---- gemm.c: the only file that knows the BLAS ---- */

/* Load the BLAS, before anything that multiplies: all of kern.h but packed.h's. Any thread, any number
 * of times. E_IO. */
bolter_status bt_gemm_open(bolter_error *err);
/* c = alpha * op(a) op(b) + beta * c, op transposing where ta, tb say so. */
void bt_gemm(bt_mat c, bt_mat a, bool ta, bt_mat b, bool tb, float alpha, float beta);
/*
 * Call at the start of a stretch of work on each thread: parallelism comes from our own threads, so
 * the BLAS gets one. (Its OpenMP variant keeps the number per calling thread.)
 */
void bt_gemm_single_thread(void);

/* ---- linear.c ---- */

/* What products of many rows run on: a tile, see product.h, with its scratch. Few rows, and all where
 * this or its tile is NULL, go to the BLAS. */
typedef struct bt_mill {
    const struct bt_tile *tile;
    void *scratch;
} bt_mill;

/* c = op(a) op(b), or added to c, of a layer that reads so many rows. */
void bt_mill_multiply(const bt_mill *mill, size_t rows, bt_mat c, bt_mat a, bool ta, bt_mat b, bool tb,
                      bool add);
/* y (N,O) = x (N,I) w (I,O) + b (O). */
void bt_linear_forward(const bt_mill *mill, bt_mat y, bt_mat x, bt_mat w, const float *b);
/* dx = dy w^T (set, or added to; skipped if dx.data is NULL); dw += x^T dy, db += sums of dy (skipped
 * where NULL). */
void bt_linear_backward(const bt_mill *mill, bt_mat dx, bool add, bt_mat dw, float *db, bt_mat dy,
                        bt_mat x, bt_mat w);

/* ---- layernorm.c: Ba, Kiros, Hinton 2016, section 3 ---- */

/* out (N,C) = (x - mean) * rstd * w + b; mean, rstd (N) are kept for backward. out may be x. */
void bt_layernorm_forward(float *out, float *mean, float *rstd, const float *x, const float *w,
                          const float *b, size_t n, size_t C, float eps);
/* out again from the kept mean and rstd. */
void bt_layernorm_again(float *out, const float *mean, const float *rstd, const float *x,
                        const float *w, const float *b, size_t n, size_t C);
/* dx (N,C) is ADDED to (the residual stream); each of dx, dw, db (C) may be NULL. */
void bt_layernorm_backward(float *dx, float *dw, float *db, const float *dy, const float *x,
                           const float *mean, const float *rstd, const float *w, size_t n, size_t C);

/* ---- gelu.c: Hendrycks, Gimpel 2016, the tanh form (GPT-2's "gelu_new") ---- */

void bt_gelu_forward(float *y, const float *x, size_t n);
/* dx = dy * gelu'(x); dx may be dy. */
void bt_gelu_backward(float *dx, const float *dy, const float *x, size_t n);

/* ---- attention.c: Vaswani et al. 2017, causal, in blocks of rows without a T x T matrix ---- */

typedef struct bt_attention {
    size_t T;     /* keys */
    size_t n_q;   /* queries */
    size_t first; /* position of the first query: query i sees keys 0 .. first + i */
    size_t C, H;
    bool causal;  /* false: every query sees all keys */
    float *scratch; /* bt_attention_scratch(T) values */
} bt_attention;

/* Values of scratch for sequences of up to T tokens. */
size_t bt_attention_scratch(size_t T);
/* out (n_q,C) = softmax(q k^T / sqrt(D)) v per head, q (n_q,C), kv (T,2C): keys, then values;
 * lse (H,n_q) keeps the logarithm of each softmax's sum for backward. */
void bt_attention_forward(const bt_attention *a, float *out, float *lse, const float *q,
                          const float *kv);
/* dq (n_q,C) and dkv (T,2C) are set. out and lse are forward's. */
void bt_attention_backward(const bt_attention *a, float *dq, float *dkv, const float *dout,
                           const float *out, const float *lse, const float *q, const float *kv);

/* ---- folded.c: attention of one query, where only one row of a sequence is read ---- */

/*
 * Keys W_k^T n_j + b_k and values W_v^T n_j + b_v are needed for one query q alone. Then with
 * u = W_k q the scores are u . n_j (b_k adds the same to each, which the softmax takes away), and the
 * result is W_v^T z + b_v with z = sum p_j n_j: neither keys nor values are ever made.
 */
typedef struct bt_folded {
    size_t T, C, H;
    const float *n; /* (T,C) the rows that keys and values are made of */
    const float *u; /* (H,C) W_k q of each head */
    float *p;       /* (H,T) the softmax; forward keeps it for backward */
} bt_folded;

/* z (H,C) = p n, p = softmax(u n^T / sqrt(C / H)). */
void bt_folded_forward(const bt_folded *f, float *z);
/* du (H,C) is set, dn (T,C) ADDED to; ds (H,T) is scratch. */
void bt_folded_backward(const bt_folded *f, float *du, float *dn, float *ds, const float *dz);

/* ---- softmax.c ---- */

/* y[i] = exp(x[i] - shift); returns the sum in a fixed order. y may be x. */
float bt_exp_sum(float *y, const float *x, float shift, size_t n);
float bt_max(const float *x, size_t n);
/* Cross-entropy of softmax(logits (n)) at label, in nats; dlogits, if not NULL, is set to
 * scale * (softmax - onehot) and may be logits. In double. */
double bt_xent(float *dlogits, const float *logits, size_t n, size_t label, double scale);
/* The same where n is a vocabulary: in float, the sum over lanes; logits become their gradient. */
double bt_xent_long(float *logits, size_t n, size_t label, double scale);

/* ---- adamw.c: Loshchilov, Hutter 2019, algorithm 2 ---- */

typedef struct bt_adamw {
    float lr, beta1, beta2, eps, weight_decay;
    uint64_t step; /* from 1, for the bias correction */
    float scale;   /* gradients are multiplied by it first (clipping) */
} bt_adamw;

/* One update of n parameters p with gradient g and moments m, v. */
void bt_adamw_update(float *p, const float *g, float *m, float *v, size_t n, const bt_adamw *o);
/* The same, row by row, for a tensor of rows of C values, most of which never had a gradient: their
 * moments are read, but not written, so that untouched memory stays so. */
void bt_adamw_update_rows(float *p, const float *g, float *m, float *v, size_t rows, size_t C,
                          const bt_adamw *o);
/* Sum of squares of n values, in double in a fixed order. */
double bt_sum_squares(const float *x, size_t n);
/* Sum of products of n values, in a fixed order. */
float bt_dot(const float *x, const float *y, size_t n);
/* a[i] += b[i]. */
void bt_add(float *a, const float *b, size_t n);

#endif
