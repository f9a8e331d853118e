/*
 * gpt2.c - the dataflow of GPT-2, forward and backward.
 *
 *   x = wte[id] + wpe[position]
 *   each block:  mid = x + proj(attention(ln_1(x)))
 *                x   = mid + out(gelu(fc(ln_2(mid))))
 *   hidden = ln_f(x)
 *
 * Only what is read is computed: when the head reads one token of a sequence, the last block makes
 * keys and values of every token, but the query, the projection and the MLP of that token alone.
 * R below is the number of such rows; in all other blocks it is N, the number of tokens.
 */
#include "model/gpt2.h"

#include <string.h>

#include "kern/kern.h"
#include "model/run.h"

/* ---- Where things are ---- */

static const float *weight(const bt_net *net, size_t block, enum bt_block_param which)
{
    return net->w[bt_block_index(block, which)];
}

static float *gradient(float *const *g, size_t block, enum bt_block_param which)
{
    return g[bt_block_index(block, which)];
}

static bool one_row_a_sequence(bt_read read)
{
    return read == BT_READ_LAST || read == BT_READ_FIRST;
}

/* Does this block compute rows for every token? */
static bool is_full(const bt_run *r, const bt_batch *b, size_t block)
{
    return block + 1 < r->cfg.n_layer || !one_row_a_sequence(b->read);
}

/* The token that sequence s is read at, counted over the batch. */
static size_t read_token(const bt_run *r, const bt_batch *b, size_t s)
{
    return b->read == BT_READ_FIRST ? r->start[s] : r->start[s + 1] - 1;
}

/* Copy the read rows of src (N,C) to dst (n_seqs,C). */
static void pick_rows(float *dst, const float *src, const bt_run *r, const bt_batch *b)
{
    size_t C = r->cfg.n_embd;
    for (size_t s = 0; s < b->n_seqs; s++)
        memcpy(dst + s * C, src + read_token(r, b, s) * C, C * sizeof *dst);
}

/* Add the rows of src (n_seqs,C) to the read rows of dst (N,C). */
static void add_picked(float *dst, const float *src, const bt_run *r, const bt_batch *b)
{
    size_t C = r->cfg.n_embd;
    for (size_t s = 0; s < b->n_seqs; s++)
        bt_add(dst + read_token(r, b, s) * C, src + s * C, C);
}

/* Attention's view of sequence s and where its rows begin in (R,...) and (N,...) buffers. */
static bt_attention attention_of(const bt_run *r, const bt_batch *b, size_t s, bool full,
                                 size_t *row)
{
    size_t T = r->start[s + 1] - r->start[s];
    *row = full ? r->start[s] : s;
    return (bt_attention){
        .T = T,
        .n_q = full ? T : 1,
        .first = full ? 0 : read_token(r, b, s) - r->start[s],
        .C = r->cfg.n_embd,
        .H = r->cfg.n_head,
        .causal = b->causal,
        .scratch = r->scratch,
    };
}

/* ---- Forward ---- */

static void embed(bt_run *r, const bt_net *net, const bt_batch *b)
{
    size_t C = r->cfg.n_embd;
    float *x = r->layer[0].x;
    for (size_t s = 0; s < b->n_seqs; s++) {
        for (size_t i = 0; i < b->seqs[s].n; i++, x += C) {
            memcpy(x, net->w[BT_WTE] + (size_t)b->seqs[s].ids[i] * C, C * sizeof *x);
            bt_add(x, net->w[BT_WPE] + i * C, C);
        }
    }
}

/* att (R,C) of one block from its input's norm. */
static void attend(bt_run *r, const bt_net *net, const bt_batch *b, size_t block)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd, N = r->n_tok;
    bool full = is_full(r, b, block);
    bt_mat w = bt_mat_of(weight(net, block, BT_QKV_W), C, 3 * C);
    const float *bias = weight(net, block, BT_QKV_B);
    bt_layernorm_forward(r->norm, a->mean1, a->rstd1, a->x, weight(net, block, BT_LN1_W),
                         weight(net, block, BT_LN1_B), N, C, r->cfg.eps);
    if (!full)
        pick_rows(r->picked, r->norm, r, b);
    size_t R = full ? N : b->n_seqs;
    bt_linear_forward(bt_mat_of(a->q, R, C), bt_mat_of(full ? r->norm : r->picked, R, C),
                      bt_mat_cols(w, 0, C), bias);
    bt_linear_forward(bt_mat_of(a->kv, N, 2 * C), bt_mat_of(r->norm, N, C),
                      bt_mat_cols(w, C, 2 * C), bias + C);
    for (size_t s = 0; s < b->n_seqs; s++) {
        size_t row;
        bt_attention at = attention_of(r, b, s, full, &row);
        bt_attention_forward(&at, a->att + row * C, a->lse + row * at.H, a->q + row * C,
                             a->kv + r->start[s] * 2 * C);
    }
}

static void block_forward(bt_run *r, const bt_net *net, const bt_batch *b, size_t block, float *out)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd, I = r->cfg.n_inner;
    bool full = is_full(r, b, block);
    size_t R = full ? r->n_tok : b->n_seqs;
    attend(r, net, b, block);
    bt_linear_forward(bt_mat_of(a->mid, R, C), bt_mat_of(a->att, R, C),
                      bt_mat_of(weight(net, block, BT_PROJ_W), C, C),
                      weight(net, block, BT_PROJ_B));
    if (!full)
        pick_rows(r->picked, a->x, r, b);
    bt_add(a->mid, full ? a->x : r->picked, R * C);
    bt_layernorm_forward(r->norm, a->mean2, a->rstd2, a->mid, weight(net, block, BT_LN2_W),
                         weight(net, block, BT_LN2_B), R, C, r->cfg.eps);
    bt_linear_forward(bt_mat_of(a->fc, R, I), bt_mat_of(r->norm, R, C),
                      bt_mat_of(weight(net, block, BT_FC_W), C, I), weight(net, block, BT_FC_B));
    bt_gelu_forward(r->act, a->fc, R * I);
    bt_linear_forward(bt_mat_of(out, R, C), bt_mat_of(r->act, R, I),
                      bt_mat_of(weight(net, block, BT_OUT_W), I, C), weight(net, block, BT_OUT_B));
    bt_add(out, a->mid, R * C);
}

static void mean_pool(bt_run *r, const bt_batch *b)
{
    size_t C = r->cfg.n_embd;
    memset(r->pooled, 0, b->n_seqs * C * sizeof *r->pooled);
    for (size_t s = 0; s < b->n_seqs; s++) {
        float *mean = r->pooled + s * C;
        for (size_t t = r->start[s]; t < r->start[s + 1]; t++)
            bt_add(mean, r->final + t * C, C);
        for (size_t i = 0; i < C; i++)
            mean[i] /= (float)(r->start[s + 1] - r->start[s]);
    }
}

void bt_gpt2_forward(bt_run *r, const bt_net *net, const bt_batch *b)
{
    size_t L = r->cfg.n_layer;
    bt_gemm_single_thread();
    r->start[0] = 0;
    for (size_t s = 0; s < b->n_seqs; s++)
        r->start[s + 1] = r->start[s] + b->seqs[s].n;
    r->n_tok = r->start[b->n_seqs];
    r->n_row = one_row_a_sequence(b->read) ? b->n_seqs : r->n_tok;
    embed(r, net, b);
    for (size_t l = 0; l < L; l++)
        block_forward(r, net, b, l, l + 1 < L ? r->layer[l + 1].x : r->out);
    bt_layernorm_forward(r->final, r->mean, r->rstd, r->out, net->w[bt_last_index(&r->cfg, BT_LNF_W)],
                         net->w[bt_last_index(&r->cfg, BT_LNF_B)], r->n_row, r->cfg.n_embd,
                         r->cfg.eps);
    if (b->read == BT_READ_MEAN)
        mean_pool(r, b);
    r->hidden = b->read == BT_READ_MEAN ? r->pooled : r->final;
}

void bt_head_forward(const bt_run *r, const bt_net *net, const bt_batch *b, float *logits)
{
    size_t C = r->cfg.n_embd, K = r->cfg.n_label;
    bt_mat score = bt_mat_of(net->w[bt_last_index(&r->cfg, BT_SCORE)], K, C);
    bt_gemm(bt_mat_of(logits, b->n_seqs, K), bt_mat_of(r->hidden, b->n_seqs, C), false, score, true,
            1, 0);
}

/* ---- Backward: the same steps from the end; r->dx holds the gradient of what was just undone ---- */

/* From dlogits to dx (R,C), the gradient of the last block's output. */
static void head_backward(bt_run *r, const bt_net *net, const bt_batch *b, const float *dlogits,
                          float *const *g)
{
    size_t C = r->cfg.n_embd, K = r->cfg.n_label, score = bt_last_index(&r->cfg, BT_SCORE);
    size_t lnf_w = bt_last_index(&r->cfg, BT_LNF_W), lnf_b = bt_last_index(&r->cfg, BT_LNF_B);
    bt_mat d = bt_mat_of(dlogits, b->n_seqs, K);
    if (g[score])
        bt_gemm(bt_mat_of(g[score], K, C), d, true, bt_mat_of(r->hidden, b->n_seqs, C), false, 1, 1);
    float *dhidden = b->read == BT_READ_MEAN ? r->pooled : r->dy;
    bt_gemm(bt_mat_of(dhidden, b->n_seqs, C), d, false, bt_mat_of(net->w[score], K, C), false, 1, 0);
    for (size_t s = 0; b->read == BT_READ_MEAN && s < b->n_seqs; s++) {
        float share = 1.0f / (float)(r->start[s + 1] - r->start[s]);
        for (size_t t = r->start[s]; t < r->start[s + 1]; t++)
            for (size_t i = 0; i < C; i++)
                r->dy[t * C + i] = share * dhidden[s * C + i];
    }
    memset(r->dx, 0, r->n_row * C * sizeof *r->dx);
    bt_layernorm_backward(r->dx, g[lnf_w], g[lnf_b], r->dy, r->out, r->mean, r->rstd, net->w[lnf_w],
                          r->n_row, C);
}

/* dx (R,C): from the gradient of a block's output to that of its mid. */
static void mlp_backward(bt_run *r, const bt_net *net, size_t block, size_t R, float *const *g)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd, I = r->cfg.n_inner;
    bt_mat dout = bt_mat_of(r->dx, R, C), dact = bt_mat_of(r->dact, R, I);
    bt_gelu_forward(r->act, a->fc, R * I);
    bt_linear_backward(dact, 0, bt_mat_of(gradient(g, block, BT_OUT_W), I, C),
                       gradient(g, block, BT_OUT_B), dout, bt_mat_of(r->act, R, I),
                       bt_mat_of(weight(net, block, BT_OUT_W), I, C));
    bt_gelu_backward(r->dact, r->dact, a->fc, R * I);
    bt_layernorm_again(r->norm, a->mean2, a->rstd2, a->mid, weight(net, block, BT_LN2_W),
                       weight(net, block, BT_LN2_B), R, C);
    bt_linear_backward(bt_mat_of(r->dnorm, R, C), 0, bt_mat_of(gradient(g, block, BT_FC_W), C, I),
                       gradient(g, block, BT_FC_B), dact, bt_mat_of(r->norm, R, C),
                       bt_mat_of(weight(net, block, BT_FC_W), C, I));
    bt_layernorm_backward(r->dx, gradient(g, block, BT_LN2_W), gradient(g, block, BT_LN2_B), r->dnorm,
                          a->mid, a->mean2, a->rstd2, weight(net, block, BT_LN2_W), R, C);
}

/* dq, dkv from dx (R,C), the gradient of mid, through the projection and the attention. */
static void attention_backward(bt_run *r, const bt_net *net, const bt_batch *b, size_t block,
                               size_t R, float *const *g)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd;
    bool full = is_full(r, b, block);
    bt_linear_backward(bt_mat_of(r->dy, R, C), 0, bt_mat_of(gradient(g, block, BT_PROJ_W), C, C),
                       gradient(g, block, BT_PROJ_B), bt_mat_of(r->dx, R, C),
                       bt_mat_of(a->att, R, C), bt_mat_of(weight(net, block, BT_PROJ_W), C, C));
    for (size_t s = 0; s < b->n_seqs; s++) {
        size_t row, kv = r->start[s] * 2 * C;
        bt_attention at = attention_of(r, b, s, full, &row);
        bt_attention_backward(&at, r->dq + row * C, r->dkv + kv, r->dy + row * C, a->att + row * C,
                              a->lse + row * at.H, a->q + row * C, a->kv + kv);
    }
}

/* From dq, dkv to dnorm (N,C) and the gradients of the projection to queries, keys and values. */
static void qkv_backward(bt_run *r, const bt_net *net, const bt_batch *b, size_t block, size_t R,
                         float *const *g)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd, N = r->n_tok;
    bool full = is_full(r, b, block);
    bt_mat w = bt_mat_of(weight(net, block, BT_QKV_W), C, 3 * C);
    bt_mat dw = bt_mat_of(gradient(g, block, BT_QKV_W), C, 3 * C);
    float *db = gradient(g, block, BT_QKV_B);
    bt_layernorm_again(r->norm, a->mean1, a->rstd1, a->x, weight(net, block, BT_LN1_W),
                       weight(net, block, BT_LN1_B), N, C);
    bt_linear_backward(bt_mat_of(r->dnorm, N, C), 0, bt_mat_cols(dw, C, 2 * C), db ? db + C : NULL,
                       bt_mat_of(r->dkv, N, 2 * C), bt_mat_of(r->norm, N, C),
                       bt_mat_cols(w, C, 2 * C));
    bt_mat dq = bt_mat_of(r->dq, R, C);
    if (full) {
        bt_linear_backward(bt_mat_of(r->dnorm, N, C), 1, bt_mat_cols(dw, 0, C), db, dq,
                           bt_mat_of(r->norm, N, C), bt_mat_cols(w, 0, C));
        return;
    }
    pick_rows(r->picked, r->norm, r, b);
    bt_linear_backward(bt_mat_of(r->dy, R, C), 0, bt_mat_cols(dw, 0, C), db, dq,
                       bt_mat_of(r->picked, R, C), bt_mat_cols(w, 0, C));
    add_picked(r->dnorm, r->dy, r, b);
}

/* dx: from the gradient of a block's output (R,C) to that of its input (N,C). */
static void block_backward(bt_run *r, const bt_net *net, const bt_batch *b, size_t block,
                           float *const *g)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd;
    bool full = is_full(r, b, block);
    size_t R = full ? r->n_tok : b->n_seqs;
    mlp_backward(r, net, block, R, g);
    attention_backward(r, net, b, block, R, g);
    qkv_backward(r, net, b, block, R, g);
    if (!full) {
        memcpy(r->picked, r->dx, R * C * sizeof *r->dx);
        memset(r->dx, 0, r->n_tok * C * sizeof *r->dx);
        add_picked(r->dx, r->picked, r, b);
    }
    bt_layernorm_backward(r->dx, gradient(g, block, BT_LN1_W), gradient(g, block, BT_LN1_B), r->dnorm,
                          a->x, a->mean1, a->rstd1, weight(net, block, BT_LN1_W), r->n_tok, C);
}

static void embed_backward(const bt_run *r, const bt_batch *b, float *const *g)
{
    size_t C = r->cfg.n_embd;
    const float *dx = r->dx;
    for (size_t s = 0; s < b->n_seqs; s++) {
        for (size_t i = 0; i < b->seqs[s].n; i++, dx += C) {
            if (g[BT_WTE])
                bt_add(g[BT_WTE] + (size_t)b->seqs[s].ids[i] * C, dx, C);
            if (g[BT_WPE])
                bt_add(g[BT_WPE] + i * C, dx, C);
        }
    }
}

/* The lowest block with a gradient to compute; 0 also when the embeddings train. */
static size_t lowest_block(const bt_config *c, float *const *g)
{
    if (g[BT_WTE] || g[BT_WPE])
        return 0;
    size_t i = BT_BLOCKS, end = bt_last_index(c, BT_LNF_W);
    while (i < end && !g[i])
        i++;
    return i < end ? (i - BT_BLOCKS) / BT_PER_LAYER : c->n_layer;
}

void bt_gpt2_backward(bt_run *r, const bt_net *net, const bt_batch *b, const float *dlogits,
                      float *const *g)
{
    size_t lowest = lowest_block(&r->cfg, g);
    head_backward(r, net, b, dlogits, g);
    for (size_t l = r->cfg.n_layer; l-- > lowest;)
        block_backward(r, net, b, l, g);
    if (g[BT_WTE] || g[BT_WPE])
        embed_backward(r, b, g);
}
