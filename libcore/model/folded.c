/*
 * folded.c - the attention of a block whose output is read at one row a sequence. The one query is
 * projected; keys and values never are: W_k and W_v are folded into the query's side (see kern.h),
 * at the cost of two rows a sequence in place of two rows a token. Head by head, all sequences at
 * once.
 */
#include <string.h>

#include "model/run.h"

/* The projection to queries, keys and values of a block. */
static bt_slice qkv_slice(const bt_run *r, size_t block)
{
    size_t C = r->cfg.n_embd;
    return (bt_slice){bt_block_index(block, BT_QKV_W), C, 3 * C, 0, 3 * C};
}

/* Head h of a projection that begins at column first: (C,D). */
static bt_mat head_of(const bt_run *r, bt_mat w, size_t first, size_t h)
{
    size_t D = r->cfg.n_embd / r->cfg.n_head;
    return bt_mat_cols(w, first + h * D, D);
}

/* Head h of values that are (n_seqs,H,C): a row a sequence. */
static bt_mat rows_of(const bt_run *r, const float *x, size_t n_seqs, size_t h)
{
    size_t C = r->cfg.n_embd;
    return bt_mat_cols(bt_mat_of(x, n_seqs, r->cfg.n_head * C), h * C, C);
}

/* What sequence s sees from its read row. */
static bt_folded folded_of(const bt_run *r, const bt_batch *b, size_t s)
{
    size_t C = r->cfg.n_embd, H = r->cfg.n_head, first = r->start[s];
    return (bt_folded){
        .T = (b->causal ? bt_read_token(r, b, s) + 1 : r->start[s + 1]) - first,
        .C = C,
        .H = H,
        .n = r->norm + first * C,
        .u = r->u + s * H * C,
        .p = r->p + first * H,
    };
}

void bt_folded_attend(bt_run *r, const bt_net *net, const bt_batch *b, size_t block)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd, H = r->cfg.n_head, n = b->n_seqs, D = C / H;
    bt_mat w = bt_slice_dense(r, net, qkv_slice(r, block));
    const float *bias = net->w[bt_block_index(block, BT_QKV_B)];
    bt_mat q = bt_mat_of(a->q, n, C), att = bt_mat_of(a->att, n, C);
    bt_pick_rows(r->picked, r->norm, r, b);
    bt_linear_forward(NULL, q, bt_mat_of(r->picked, n, C), bt_mat_cols(w, 0, C), bias);
    for (size_t h = 0; h < H; h++)
        bt_gemm(rows_of(r, r->u, n, h), head_of(r, q, 0, h), false, head_of(r, w, C, h), true, 1,
                0);
    for (size_t s = 0; s < n; s++) {
        bt_folded f = folded_of(r, b, s);
        bt_folded_forward(&f, r->z + s * H * C);
    }
    for (size_t h = 0; h < H; h++)
        bt_linear_forward(NULL, head_of(r, att, 0, h), rows_of(r, r->z, n, h), head_of(r, w, 2 * C, h),
                          bias + 2 * C + h * D);
}

/* dq (n_seqs,C) from du, and the gradient of W_k; that of b_k is zero. */
static void keys_backward(bt_run *r, bt_mat w, bt_mat dw, bt_mat q, bt_mat dq)
{
    size_t C = r->cfg.n_embd;
    for (size_t h = 0; h < r->cfg.n_head; h++) {
        bt_mat du = rows_of(r, r->du, q.rows, h);
        bt_gemm(head_of(r, dq, 0, h), du, false, head_of(r, w, C, h), false, 1, 0);
        if (dw.data)
            bt_gemm(head_of(r, dw, C, h), du, true, head_of(r, q, 0, h), false, 1, 1);
    }
}

/* dz from the gradient of att, and those of W_v and b_v. */
static void values_backward(bt_run *r, bt_mat w, bt_mat dw, float *db, bt_mat datt)
{
    size_t C = r->cfg.n_embd, D = C / r->cfg.n_head;
    for (size_t h = 0; h < r->cfg.n_head; h++)
        bt_linear_backward(NULL, rows_of(r, r->dz, datt.rows, h), false, head_of(r, dw, 2 * C, h),
                           db ? db + 2 * C + h * D : NULL, head_of(r, datt, 0, h),
                           rows_of(r, r->z, datt.rows, h), head_of(r, w, 2 * C, h));
}

void bt_folded_attend_backward(bt_run *r, const bt_net *net, const bt_batch *b, size_t block,
                               float *const *g)
{
    size_t C = r->cfg.n_embd, H = r->cfg.n_head, n = b->n_seqs;
    bt_slice qkv = qkv_slice(r, block);
    bt_mat w = bt_slice_dense(r, net, qkv), dw = bt_slice_dense_gradient(r, net, qkv, g);
    bt_mat q = bt_mat_of(r->layer[block].q, n, C), dq = bt_mat_of(r->dq, n, C);
    float *db = g[bt_block_index(block, BT_QKV_B)];
    values_backward(r, w, dw, db, bt_mat_of(r->dy, n, C));
    memset(r->dnorm, 0, r->n_tok * C * sizeof *r->dnorm);
    for (size_t s = 0; s < n; s++) {
        bt_folded f = folded_of(r, b, s);
        bt_folded_backward(&f, r->du + s * H * C, r->dnorm + r->start[s] * C, r->scratch,
                           r->dz + s * H * C);
    }
    keys_backward(r, w, dw, q, dq);
    bt_pick_rows(r->picked, r->norm, r, b);
    bt_linear_backward(NULL, bt_mat_of(r->dy, n, C), false, bt_mat_cols(dw, 0, C), db, dq,
                       bt_mat_of(r->picked, n, C), bt_mat_cols(w, 0, C));
    bt_add_picked(r->dnorm, r->dy, r, b);
    bt_slice_project(r, net, qkv, g);
}
