/*
 * gpt2.c - the dataflow of GPT-2, forward and backward.
 *
 *   x = wte[id] + wpe[position]
 *   each block:  mid = x + proj(attention(ln_1(x)))
 *                x   = mid + out(gelu(fc(ln_2(mid))))
 *   hidden = ln_f(x)
 *
 * Only what is read is computed: when the head reads one token of a sequence, the last block makes
 * the query, the attention, the projection and the MLP of that token alone (see folded.c). R below is
 * the number of such rows; in all other blocks it is N, the number of tokens.
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

/* A whole linear layer of a block. */
static bt_slice linear(size_t block, enum bt_block_param which, size_t in, size_t out)
{
    return (bt_slice){bt_block_index(block, which), in, out, 0, out};
}

/* Columns of its projection to queries, keys and values. */
static bt_slice qkv(const bt_run *r, size_t block, size_t first, size_t n)
{
    size_t C = r->cfg.n_embd;
    return (bt_slice){bt_block_index(block, BT_QKV_W), C, 3 * C, first, n};
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

size_t bt_read_token(const bt_run *r, const bt_batch *b, size_t s)
{
    return b->read == BT_READ_FIRST ? r->start[s] : r->start[s + 1] - 1;
}

void bt_pick_rows(float *dst, const float *src, const bt_run *r, const bt_batch *b)
{
    size_t C = r->cfg.n_embd;
    for (size_t s = 0; s < b->n_seqs; s++)
        memcpy(dst + s * C, src + bt_read_token(r, b, s) * C, C * sizeof *dst);
}

void bt_add_picked(float *dst, const float *src, const bt_run *r, const bt_batch *b)
{
    size_t C = r->cfg.n_embd;
    for (size_t s = 0; s < b->n_seqs; s++)
        bt_add(dst + bt_read_token(r, b, s) * C, src + s * C, C);
}

/* Attention's view of sequence s. */
static bt_attention attention_of(const bt_run *r, const bt_batch *b, size_t s)
{
    size_t T = r->start[s + 1] - r->start[s];
    return (bt_attention){
        .T = T,
        .n_q = T,
        .C = r->cfg.n_embd,
        .H = r->cfg.n_head,
        .causal = b->causal,
        .scratch = r->scratch,
    };
}

/* ---- Forward ---- */

void bt_gpt2_embed(const bt_net *net, const bt_batch *b, float *x)
{
    size_t C = net->cfg.n_embd;
    for (size_t s = 0; s < b->n_seqs; s++) {
        for (size_t i = 0; i < b->seqs[s].n; i++, x += C) {
            memcpy(x, net->w[BT_WTE] + (size_t)b->seqs[s].ids[i] * C, C * sizeof *x);
            bt_add(x, net->w[BT_WPE] + i * C, C);
        }
    }
}

/* att (N,C) of a block with rows for every token, from its normed input. */
static void attend(bt_run *r, const bt_net *net, const bt_batch *b, size_t block)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd, N = r->n_tok;
    bt_mat norm = bt_mat_of(r->norm, N, C);
    bt_slice_forward(r, net, qkv(r, block, 0, C), bt_mat_of(a->q, N, C), norm);
    bt_slice_forward(r, net, qkv(r, block, C, 2 * C), bt_mat_of(a->kv, N, 2 * C), norm);
    for (size_t s = 0; s < b->n_seqs; s++) {
        size_t row = r->start[s];
        bt_attention at = attention_of(r, b, s);
        bt_attention_forward(&at, a->att + row * C, a->lse + row * at.H, a->q + row * C,
                             a->kv + row * 2 * C);
    }
}

static void block_forward(bt_run *r, const bt_net *net, const bt_batch *b, size_t block, float *out)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd, I = r->cfg.n_inner;
    bool full = is_full(r, b, block);
    size_t R = full ? r->n_tok : b->n_seqs;
    bt_layernorm_forward(r->norm, a->mean1, a->rstd1, a->x, weight(net, block, BT_LN1_W),
                         weight(net, block, BT_LN1_B), r->n_tok, C, r->cfg.eps);
    if (full)
        attend(r, net, b, block);
    else
        bt_folded_attend(r, net, b, block);
    bt_slice_forward(r, net, linear(block, BT_PROJ_W, C, C), bt_mat_of(a->mid, R, C),
                    bt_mat_of(a->att, R, C));
    if (!full)
        bt_pick_rows(r->picked, a->x, r, b);
    bt_add(a->mid, full ? a->x : r->picked, R * C);
    bt_layernorm_forward(r->norm, a->mean2, a->rstd2, a->mid, weight(net, block, BT_LN2_W),
                         weight(net, block, BT_LN2_B), R, C, r->cfg.eps);
    bt_slice_forward(r, net, linear(block, BT_FC_W, C, I), bt_mat_of(a->fc, R, I),
                    bt_mat_of(r->norm, R, C));
    bt_gelu_forward(r->act, a->fc, R * I);
    bt_slice_forward(r, net, linear(block, BT_OUT_W, I, C), bt_mat_of(out, R, C),
                    bt_mat_of(r->act, R, I));
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

static void begin(bt_run *r, const bt_batch *b)
{
    bt_gemm_single_thread();
    r->start[0] = 0;
    for (size_t s = 0; s < b->n_seqs; s++)
        r->start[s + 1] = r->start[s] + b->seqs[s].n;
    r->n_tok = r->start[b->n_seqs];
    r->n_row = one_row_a_sequence(b->read) ? b->n_seqs : r->n_tok;
}

void bt_gpt2_block(bt_run *r, const bt_net *net, const bt_batch *b, size_t block, float *x)
{
    begin(r, b);
    memcpy(r->layer[block].x, x, r->n_tok * r->cfg.n_embd * sizeof *x);
    block_forward(r, net, b, block, x);
}

float *bt_run_input(bt_run *r, size_t block)
{
    return block < r->cfg.n_layer ? r->layer[block].x : r->pooled;
}

void bt_gpt2_resume(bt_run *r, const bt_net *net, const bt_batch *b, size_t block)
{
    size_t L = r->cfg.n_layer;
    begin(r, b);
    r->hidden = r->pooled;
    if (block == L)
        return;
    for (size_t l = block; l < L; l++)
        block_forward(r, net, b, l, l + 1 < L ? r->layer[l + 1].x : r->out);
    bt_layernorm_forward(r->final, r->mean, r->rstd, r->out, net->w[bt_last_index(&r->cfg, BT_LNF_W)],
                         net->w[bt_last_index(&r->cfg, BT_LNF_B)], r->n_row, r->cfg.n_embd,
                         r->cfg.eps);
    if (b->read == BT_READ_MEAN)
        mean_pool(r, b);
    else
        r->hidden = r->final;
}

void bt_gpt2_forward(bt_run *r, const bt_net *net, const bt_batch *b)
{
    bt_gpt2_embed(net, b, r->layer[0].x);
    bt_gpt2_resume(r, net, b, 0);
}

void bt_head_forward(const bt_run *r, const bt_net *net, const bt_batch *b, float *logits)
{
    size_t C = r->cfg.n_embd, K = r->cfg.n_label;
    bt_mat score = bt_mat_of(net->w[bt_last_index(&r->cfg, BT_SCORE)], K, C);
    bt_gemm(bt_mat_of(logits, b->n_seqs, K), bt_mat_of(r->hidden, b->n_seqs, C), false, score, true,
            1, 0);
    for (size_t s = 0; r->cfg.head_bias && s < b->n_seqs; s++)
        bt_add(logits + s * K, net->w[bt_last_index(&r->cfg, BT_SCORE_BIAS)], K);
}

/* ---- Backward: the same steps from the end; r->dx holds the gradient of what was just undone ---- */

/* The head's own gradients. */
static void score_backward(bt_run *r, const bt_batch *b, const float *dlogits, float *const *g)
{
    size_t C = r->cfg.n_embd, K = r->cfg.n_label;
    float *dw = g[bt_last_index(&r->cfg, BT_SCORE)];
    float *db = r->cfg.head_bias ? g[bt_last_index(&r->cfg, BT_SCORE_BIAS)] : NULL;
    if (dw)
        bt_gemm(bt_mat_of(dw, K, C), bt_mat_of(dlogits, b->n_seqs, K), true,
                bt_mat_of(r->hidden, b->n_seqs, C), false, 1, 1);
    for (size_t s = 0; db && s < b->n_seqs; s++)
        bt_add(db, dlogits + s * K, K);
}

/* dx (R,C), the gradient of the last block's output, from r->dy, that of what the final norm made. */
static void final_norm_backward(bt_run *r, const bt_net *net, float *const *g)
{
    size_t C = r->cfg.n_embd;
    size_t lnf_w = bt_last_index(&r->cfg, BT_LNF_W), lnf_b = bt_last_index(&r->cfg, BT_LNF_B);
    memset(r->dx, 0, r->n_row * C * sizeof *r->dx);
    bt_layernorm_backward(r->dx, g[lnf_w], g[lnf_b], r->dy, r->out, r->mean, r->rstd, net->w[lnf_w],
                          r->n_row, C);
}

/* From dlogits: what the head read gives is added to r->dy (R,C). */
static void head_backward(bt_run *r, const bt_net *net, const bt_batch *b, const float *dlogits)
{
    size_t C = r->cfg.n_embd, K = r->cfg.n_label, score = bt_last_index(&r->cfg, BT_SCORE);
    bool mean = b->read == BT_READ_MEAN;
    float *dhidden = mean ? r->pooled : r->dy;
    bt_gemm(bt_mat_of(dhidden, b->n_seqs, C), bt_mat_of(dlogits, b->n_seqs, K), false,
            bt_mat_of(net->w[score], K, C), false, 1, mean ? 0 : 1);
    for (size_t s = 0; mean && s < b->n_seqs; s++) {
        float share = 1.0f / (float)(r->start[s + 1] - r->start[s]);
        for (size_t t = r->start[s]; t < r->start[s + 1]; t++)
            for (size_t i = 0; i < C; i++)
                r->dy[t * C + i] += share * dhidden[s * C + i];
    }
}

/* dx (R,C): from the gradient of a block's output to that of its mid. */
static void mlp_backward(bt_run *r, const bt_net *net, size_t block, size_t R, float *const *g)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd, I = r->cfg.n_inner;
    bt_mat dact = bt_mat_of(r->dact, R, I);
    bt_gelu_forward(r->act, a->fc, R * I);
    bt_slice_backward(r, net, linear(block, BT_OUT_W, I, C), dact, false, bt_mat_of(r->dx, R, C),
                     bt_mat_of(r->act, R, I), g);
    bt_gelu_backward(r->dact, r->dact, a->fc, R * I);
    bt_layernorm_again(r->norm, a->mean2, a->rstd2, a->mid, weight(net, block, BT_LN2_W),
                       weight(net, block, BT_LN2_B), R, C);
    bt_slice_backward(r, net, linear(block, BT_FC_W, C, I), bt_mat_of(r->dnorm, R, C), false, dact,
                     bt_mat_of(r->norm, R, C), g);
    bt_layernorm_backward(r->dx, gradient(g, block, BT_LN2_W), gradient(g, block, BT_LN2_B), r->dnorm,
                          a->mid, a->mean2, a->rstd2, weight(net, block, BT_LN2_W), R, C);
}

/* dnorm (N,C) from r->dy (N,C), the gradient of att, in a block with rows for every token. */
static void attend_backward(bt_run *r, const bt_net *net, const bt_batch *b, size_t block,
                            float *const *g)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd, N = r->n_tok;
    bt_mat norm = bt_mat_of(r->norm, N, C), dnorm = bt_mat_of(r->dnorm, N, C);
    for (size_t s = 0; s < b->n_seqs; s++) {
        size_t row = r->start[s] * C;
        bt_attention at = attention_of(r, b, s);
        bt_attention_backward(&at, r->dq + row, r->dkv + 2 * row, r->dy + row, a->att + row,
                              a->lse + r->start[s] * at.H, a->q + row, a->kv + 2 * row);
    }
    bt_slice_backward(r, net, qkv(r, block, C, 2 * C), dnorm, false, bt_mat_of(r->dkv, N, 2 * C), norm, g);
    bt_slice_backward(r, net, qkv(r, block, 0, C), dnorm, true, bt_mat_of(r->dq, N, C), norm, g);
}

/* dx: from the gradient of a block's output (R,C) to that of its input (N,C). */
static void block_backward(bt_run *r, const bt_net *net, const bt_batch *b, size_t block,
                           float *const *g)
{
    struct bt_layer *a = &r->layer[block];
    size_t C = r->cfg.n_embd, N = r->n_tok;
    bool full = is_full(r, b, block);
    size_t R = full ? N : b->n_seqs;
    mlp_backward(r, net, block, R, g);
    bt_slice_backward(r, net, linear(block, BT_PROJ_W, C, C), bt_mat_of(r->dy, R, C), false,
                     bt_mat_of(r->dx, R, C), bt_mat_of(a->att, R, C), g);
    bt_layernorm_again(r->norm, a->mean1, a->rstd1, a->x, weight(net, block, BT_LN1_W),
                       weight(net, block, BT_LN1_B), N, C);
    if (full) {
        attend_backward(r, net, b, block, g);
    } else {
        bt_folded_attend_backward(r, net, b, block, g);
        memcpy(r->picked, r->dx, R * C * sizeof *r->dx);
        memset(r->dx, 0, N * C * sizeof *r->dx);
        bt_add_picked(r->dx, r->picked, r, b);
    }
    bt_layernorm_backward(r->dx, gradient(g, block, BT_LN1_W), gradient(g, block, BT_LN1_B), r->dnorm,
                          a->x, a->mean1, a->rstd1, weight(net, block, BT_LN1_W), N, C);
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

/* Does a gradient of the parameter in this row of the table, or of its adapter, go anywhere? */
static bool trains(const bt_net *net, float *const *g, size_t i)
{
    return g[i] || (net->lora && g[bt_params_count(&net->cfg) + i]);
}

/* The lowest block with a gradient to compute; 0 also when the embeddings train, n_layer for the final
 * norm alone, and n_layer + 1 where that does not train either. */
static size_t lowest_block(const bt_net *net, float *const *g)
{
    if (g[BT_WTE] || g[BT_WPE])
        return 0;
    size_t i = BT_BLOCKS, end = bt_last_index(&net->cfg, BT_SCORE);
    while (i < end && !trains(net, g, i))
        i++;
    return i < end ? (i - BT_BLOCKS) / BT_PER_LAYER : net->cfg.n_layer + 1;
}

/* From r->dx on down to the lowest block. */
static void trunk_backward(bt_run *r, const bt_net *net, const bt_batch *b, size_t lowest,
                           float *const *g)
{
    for (size_t l = r->cfg.n_layer; l-- > lowest;)
        block_backward(r, net, b, l, g);
    if (g[BT_WTE] || g[BT_WPE])
        embed_backward(r, b, g);
}

void bt_gpt2_backward(bt_run *r, const bt_net *net, const bt_batch *b, const float *dlogits,
                      float *const *g)
{
    if (lowest_block(net, g) > r->cfg.n_layer) {
        score_backward(r, b, dlogits, g);
        return;
    }
    memset(r->dy, 0, r->n_row * r->cfg.n_embd * sizeof *r->dy);
    bt_gpt2_backward_both(r, net, b, dlogits, g);
}

float *bt_run_dhidden(bt_run *r)
{
    return r->dy;
}

void bt_gpt2_backward_hidden(bt_run *r, const bt_net *net, const bt_batch *b, float *const *g)
{
    final_norm_backward(r, net, g);
    trunk_backward(r, net, b, lowest_block(net, g), g);
}

void bt_gpt2_backward_both(bt_run *r, const bt_net *net, const bt_batch *b, const float *dlogits,
                           float *const *g)
{
    score_backward(r, b, dlogits, g);
    head_backward(r, net, b, dlogits);
    bt_gpt2_backward_hidden(r, net, b, g);
}
