/*
 * attention.c - causal self-attention of one sequence, head by head, BLOCK queries at a time: the
 * scores of a block (BLOCK x keys) are all that exists at once. Backward makes them again from the
 * kept logarithm of the softmax's sum (Dao et al. 2022, "FlashAttention", section 3.1).
 */
#include "kern/kern.h"

#include <math.h>
#include <string.h>

#include "kern/vector.h"

#define BLOCK 64

size_t bt_attention_scratch(size_t T)
{
    return 2 * BLOCK * T;
}

/* One block of queries of one head. */
struct block {
    size_t i, n;  /* first query and number of queries */
    size_t n_key; /* keys that the last of them sees */
    bt_mat q, k, v;
};

static size_t keys_seen(const bt_attention *a, size_t query)
{
    return a->causal ? a->first + query + 1 : a->T;
}

static struct block block_at(const bt_attention *a, size_t head, size_t i, const float *q,
                             const float *kv)
{
    size_t D = a->C / a->H;
    struct block b = {.i = i, .n = a->n_q - i < BLOCK ? a->n_q - i : BLOCK};
    b.n_key = keys_seen(a, i + b.n - 1);
    b.q = bt_mat_cols(bt_mat_rows(bt_mat_of(q, a->n_q, a->C), i, b.n), head * D, D);
    bt_mat keys = bt_mat_rows(bt_mat_of(kv, a->T, 2 * a->C), 0, b.n_key);
    b.k = bt_mat_cols(keys, head * D, D);
    b.v = bt_mat_cols(keys, a->C + head * D, D);
    return b;
}

/* The part of an (n_q,C) or (T,2C) gradient that belongs to a block's operand. */
static bt_mat like(bt_mat operand, float *grad, const float *base)
{
    operand.data = grad + (operand.data - base);
    return operand;
}

BT_CLONES
static void scale_row(float *x, float f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= f;
}

static void forward_block(const bt_attention *a, const struct block *b, bt_mat out, float *lse)
{
    float scale = 1.0f / sqrtf((float)b->q.cols);
    bt_mat s = bt_mat_of(a->scratch, b->n, b->n_key);
    bt_gemm(s, b->q, false, b->k, true, scale, 0);
    for (size_t r = 0; r < b->n; r++) {
        float *row = s.data + r * s.stride;
        size_t seen = keys_seen(a, b->i + r);
        float max = bt_max(row, seen);
        float sum = bt_exp_sum(row, row, max, seen);
        scale_row(row, 1.0f / sum, seen);
        memset(row + seen, 0, (b->n_key - seen) * sizeof *row);
        lse[b->i + r] = max + logf(sum);
    }
    bt_gemm(out, s, false, b->v, false, 1, 0);
}

void bt_attention_forward(const bt_attention *a, float *out, float *lse, const float *q,
                          const float *kv)
{
    for (size_t head = 0; head < a->H; head++) {
        for (size_t i = 0; i < a->n_q; i += BLOCK) {
            struct block b = block_at(a, head, i, q, kv);
            forward_block(a, &b, like(b.q, out, q), lse + head * a->n_q);
        }
    }
}

/* ds = p * (dp - delta) */
BT_CLONES
static void score_gradient(float *ds, const float *p, float delta, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ds[i] = p[i] * (ds[i] - delta);
}

static void backward_block(const bt_attention *a, const struct block *b, const float *lse, bt_mat out,
                           bt_mat dout, bt_mat dq, bt_mat dk, bt_mat dv)
{
    float scale = 1.0f / sqrtf((float)b->q.cols);
    bt_mat p = bt_mat_of(a->scratch, b->n, b->n_key);
    bt_mat ds = bt_mat_of(a->scratch + BLOCK * a->T, b->n, b->n_key);
    bt_gemm(p, b->q, false, b->k, true, scale, 0);
    bt_gemm(ds, dout, false, b->v, true, 1, 0);
    for (size_t r = 0; r < b->n; r++) {
        float *row = p.data + r * p.stride, *ds_row = ds.data + r * ds.stride;
        size_t seen = keys_seen(a, b->i + r);
        bt_exp_sum(row, row, lse[b->i + r], seen);
        float delta = bt_dot(dout.data + r * dout.stride, out.data + r * out.stride, out.cols);
        score_gradient(ds_row, row, delta, seen);
        memset(row + seen, 0, (b->n_key - seen) * sizeof *row);
        memset(ds_row + seen, 0, (b->n_key - seen) * sizeof *ds_row);
    }
    bt_gemm(dq, ds, false, b->k, false, scale, 0);
    bt_gemm(dk, ds, true, b->q, false, scale, 1);
    bt_gemm(dv, p, true, dout, false, 1, 1);
}

void bt_attention_backward(const bt_attention *a, float *dq, float *dkv, const float *dout,
                           const float *out, const float *lse, const float *q, const float *kv)
{
    memset(dkv, 0, a->T * 2 * a->C * sizeof *dkv);
    for (size_t head = 0; head < a->H; head++) {
        for (size_t i = 0; i < a->n_q; i += BLOCK) {
            struct block b = block_at(a, head, i, q, kv);
            bt_mat o = bt_mat_of(out, a->n_q, a->C), d = bt_mat_of(dout, a->n_q, a->C);
            o = bt_mat_cols(bt_mat_rows(o, i, b.n), head * b.q.cols, b.q.cols);
            d = bt_mat_cols(bt_mat_rows(d, i, b.n), head * b.q.cols, b.q.cols);
            backward_block(a, &b, lse + head * a->n_q, o, d, like(b.q, dq, q),
                           like(b.k, dkv, kv), like(b.v, dkv, kv));
        }
    }
}
