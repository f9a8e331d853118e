/*
 * engine.c - scoring with packed weights. Residual additions, biases and the GELU happen as products
 * leave the registers; the MLP runs a few rows at a time, so that its wide middle stays in cache.
 */
#include "model/engine.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* Most rows of the MLP at a time. */
#define MLP_ROWS ((size_t)160)

/* ---- Weights ---- */

bolter_status bt_engine_open(bt_engine *e, const bt_config *cfg, bt_precision precision,
                             const char *isa, const float *const *w, bolter_error *err)
{
    *e = (bt_engine){.cfg = *cfg, .w = w,
                     .wte = {.wide = w[BT_WTE]}, .wpe = {.wide = w[BT_WPE]}};
    e->tile = bt_tile_find(precision, isa);
    e->attention = bt_tile_find(BT_FLOAT32, isa);
    if (!e->tile || !e->attention)
        return bt_fail(err, BOLTER_E_ARG, "instruction set \"%s\": not in this processor or program",
                       isa ? isa : "");
    e->block = bt_alloc_array(cfg->n_layer, sizeof *e->block);
    if (!e->block)
        return bt_fail(err, BOLTER_E_NOMEM, "model: no memory for %zu blocks", cfg->n_layer);
    return BOLTER_OK;
}

bt_part_place bt_part_of(const bt_config *c, enum bt_part part)
{
    size_t C = c->n_embd, I = c->n_inner;
    const bt_part_place place[BT_PARTS] = {
        [BT_PART_Q] = {BT_QKV_W, C, 3 * C, 0, C},
        [BT_PART_KV] = {BT_QKV_W, C, 3 * C, C, 2 * C},
        [BT_PART_PROJ] = {BT_PROJ_W, C, C, 0, C},
        [BT_PART_FC] = {BT_FC_W, C, I, 0, I},
        [BT_PART_OUT] = {BT_OUT_W, I, C, 0, C},
    };
    return place[part];
}

bolter_status bt_engine_pack(bt_engine *e, size_t block, const float *const *w, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (int i = 0; rc == BOLTER_OK && i < BT_PARTS; i++) {
        bt_part_place at = bt_part_of(&e->cfg, (enum bt_part)i);
        size_t index = bt_block_index(block, at.weight);
        bt_mat all = bt_mat_of(w[index], at.K, at.width);
        rc = bt_packed_make(&e->block[block].part[i], e->tile->precision,
                            bt_mat_cols(all, at.first, at.N), w[index + 1] + at.first, err);
    }
    return rc;
}

bolter_status bt_engine_pack_head(bt_engine *e, const float *rows, bool stay, bolter_error *err)
{
    e->head_rows = stay && e->tile->precision == BT_FLOAT32 ? rows : NULL;
    return e->head_rows ? BOLTER_OK
                        : bt_packed_make_rows(&e->head, e->tile->precision,
                                              bt_mat_of(rows, e->cfg.n_vocab, e->cfg.n_embd), err);
}

void bt_engine_drop(bt_engine *e, size_t block)
{
    for (int i = 0; i < BT_PARTS; i++)
        bt_packed_clear(&e->block[block].part[i]);
}

void bt_engine_clear(bt_engine *e)
{
    for (size_t l = 0; e->block && l < e->cfg.n_layer; l++)
        bt_engine_drop(e, l);
    bt_release(e->block);
    bt_packed_clear(&e->head);
    *e = (bt_engine){0};
}

/* ---- Activations ---- */

struct bt_scoring {
    float *x;      /* (N,C) the residual stream; after the last block (R,C) */
    float *norm;   /* (N,C) */
    float *q;      /* (R,C) */
    float *kv;     /* (N,2C) */
    float *att;    /* (R,C) */
    float *act;    /* (MLP_ROWS,I) */
    float *moment; /* (2N) of a norm, not used again */
    float *scratch; /* of attention and products */
    bool carefully; /* all products in two */
    size_t *start; /* (n_seqs + 1) first token of each sequence */
    void *block;   /* the memory of it all */
};

static float *cut(float **at, size_t n)
{
    float *piece = *at;
    *at += (n + 15) / 16 * 16;
    return piece;
}

static size_t scratch_size(const bt_config *c, size_t N)
{
    size_t T = N < c->n_ctx ? N : c->n_ctx, widest = c->n_inner > c->n_embd ? c->n_inner : c->n_embd;
    size_t product = bt_packed_scratch(widest) / sizeof(float) + 16;
    size_t attention = bt_attend_scratch(T, c->n_embd / c->n_head);
    return product > attention ? product : attention;
}

bolter_status bt_scoring_open(bt_scoring **out, const bt_engine *e, size_t max_tok, size_t max_seqs,
                              bolter_error *err)
{
    size_t N = max_tok, C = e->cfg.n_embd, scratch = scratch_size(&e->cfg, N), bytes;
    size_t act = (N < MLP_ROWS ? N : MLP_ROWS) * e->cfg.n_inner;
    *out = NULL;
    if (max_seqs > max_tok) /* a sequence has a token at least */
        max_seqs = max_tok;
    bt_scoring *s = bt_alloc(sizeof *s);
    if (s && bt_mul_size(N, (6 * C + 2) * sizeof(float), &bytes)) {
        s->start = bt_alloc_array(max_seqs + 1, sizeof *s->start);
        s->block = bt_alloc_aligned(N * (6 * C + 2) + act + scratch + 8 * 16, sizeof(float));
    }
    if (!s || !s->start || !s->block) {
        bt_scoring_free(s);
        return bt_fail(err, BOLTER_E_NOMEM, "model: no memory for the activations of %zu tokens",
                       max_tok);
    }
    float *at = s->block;
    s->x = cut(&at, N * C);
    s->norm = cut(&at, N * C);
    s->q = cut(&at, N * C);
    s->kv = cut(&at, N * 2 * C);
    s->att = cut(&at, N * C);
    s->moment = cut(&at, 2 * N);
    s->act = cut(&at, act);
    s->scratch = cut(&at, scratch);
    *out = s;
    return BOLTER_OK;
}

void bt_scoring_free(bt_scoring *s)
{
    if (!s)
        return;
    bt_release(s->start);
    bt_release(s->block);
    bt_release(s);
}

void bt_scoring_carefully(bt_scoring *s, bool carefully)
{
    s->carefully = carefully;
}

/* ---- Forward ---- */

static bool one_row_a_sequence(bt_read read)
{
    return read == BT_READ_LAST || read == BT_READ_FIRST;
}

/* x (C) += row of an embedding. */
static void add_row(const bt_embedding *from, float *x, size_t row, size_t C)
{
    if (from->wide)
        bt_add(x, from->wide + row * C, C);
    else
        for (size_t i = 0; i < C; i++)
            x[i] += (float)from->narrow[row * C + i] * from->scale[row];
}

static void embed_token(const bt_engine *e, float *x, size_t id, size_t position)
{
    memset(x, 0, e->cfg.n_embd * sizeof *x);
    add_row(&e->wte, x, id, e->cfg.n_embd);
    add_row(&e->wpe, x, position, e->cfg.n_embd);
}

static void embed(const bt_engine *e, const bt_batch *b, float *x)
{
    for (size_t i = 0; i < b->n_seqs; i++)
        for (size_t t = 0; t < b->seqs[i].n; t++, x += e->cfg.n_embd)
            embed_token(e, x, (size_t)b->seqs[i].ids[t], t);
}

/* Note where sequences start; how many tokens they have. */
static size_t begin(bt_scoring *s, const bt_batch *b)
{
    s->start[0] = 0;
    for (size_t i = 0; i < b->n_seqs; i++)
        s->start[i + 1] = s->start[i] + b->seqs[i].n;
    return s->start[b->n_seqs];
}

static void norm(const bt_engine *e, bt_scoring *s, float *out, const float *x, size_t rows, size_t w)
{
    bt_layernorm_forward(out, s->moment, s->moment + rows, x, e->w[w], e->w[w + 1], rows,
                         e->cfg.n_embd, e->cfg.eps);
}

static void product(const bt_engine *e, bt_scoring *s, size_t block, enum bt_part part, float *y,
                    const float *x, size_t rows, bt_finish finish)
{
    const bt_packed *w = &e->block[block].part[part];
    bt_packed_forward(e->tile, w, y, w->N, x, w->K, rows, finish, s->carefully || part == BT_PART_KV,
                      s->scratch);
}

/* Move the read rows of x (N,C) to dst (n_seqs,C), which may be x. */
static void pick_rows(const bt_engine *e, const bt_scoring *s, const bt_batch *b, float *dst,
                      const float *x)
{
    size_t C = e->cfg.n_embd;
    for (size_t i = 0; i < b->n_seqs; i++) {
        size_t t = b->read == BT_READ_FIRST ? s->start[i] : s->start[i + 1] - 1;
        memmove(dst + i * C, x + t * C, C * sizeof *x);
    }
}

/* x += projection of the attention; R rows remain, all or those that are read. */
static void attention_part(const bt_engine *e, bt_scoring *s, const bt_batch *b, size_t l, bool full,
                           float *x)
{
    size_t C = e->cfg.n_embd, N = s->start[b->n_seqs], R = full ? N : b->n_seqs;
    norm(e, s, s->norm, x, N, bt_block_index(l, BT_LN1_W));
    product(e, s, l, BT_PART_KV, s->kv, s->norm, N, BT_STORE);
    if (!full) {
        pick_rows(e, s, b, s->norm, s->norm);
        pick_rows(e, s, b, x, x);
    }
    product(e, s, l, BT_PART_Q, s->q, s->norm, R, BT_STORE);
    for (size_t i = 0; i < b->n_seqs; i++) {
        size_t T = s->start[i + 1] - s->start[i], row = full ? s->start[i] : i;
        bt_attention a = {.T = T,
                          .n_q = full ? T : 1,
                          .first = full || b->read == BT_READ_FIRST ? 0 : T - 1,
                          .C = C,
                          .H = e->cfg.n_head,
                          .causal = b->causal,
                          .scratch = s->scratch};
        bt_attend(e->attention, &a, s->att + row * C, s->q + row * C, s->kv + s->start[i] * 2 * C);
    }
    product(e, s, l, BT_PART_PROJ, x, s->att, R, BT_ADD);
}

/* x += MLP of its norm. */
static void mlp_part(const bt_engine *e, bt_scoring *s, size_t l, size_t rows, float *x)
{
    size_t C = e->cfg.n_embd;
    size_t share = bt_even_share(rows, MLP_ROWS);
    for (size_t at = 0; at < rows; at += share, x += share * C) {
        size_t n = rows - at < share ? rows - at : share;
        norm(e, s, s->norm, x, n, bt_block_index(l, BT_LN2_W));
        product(e, s, l, BT_PART_FC, s->act, s->norm, n, BT_GELU);
        product(e, s, l, BT_PART_OUT, x, s->act, n, BT_ADD);
    }
}

/* The mean of each sequence's rows, in their place. */
static void mean_rows(const bt_engine *e, const bt_scoring *s, size_t n_seqs, float *rows)
{
    size_t C = e->cfg.n_embd;
    for (size_t i = 0; i < n_seqs; i++) {
        float *mean = rows + i * C;
        size_t T = s->start[i + 1] - s->start[i];
        memmove(mean, rows + s->start[i] * C, C * sizeof *mean);
        for (size_t t = 1; t < T; t++)
            bt_add(mean, rows + (s->start[i] + t) * C, C);
        for (size_t c = 0; c < C; c++)
            mean[c] /= (float)T;
    }
}

void bt_engine_block(const bt_engine *e, bt_scoring *s, const bt_batch *b, size_t block, float *x)
{
    size_t rows = begin(s, b);
    attention_part(e, s, b, block, true, x);
    mlp_part(e, s, block, rows, x);
}

const float *bt_engine_last(const bt_engine *e, bt_scoring *s, const bt_batch *b, float *x)
{
    size_t rows = begin(s, b), last = e->cfg.n_layer - 1;
    bool full = !one_row_a_sequence(b->read);
    attention_part(e, s, b, last, full, x);
    rows = full ? rows : b->n_seqs;
    mlp_part(e, s, last, rows, x);
    norm(e, s, s->norm, x, rows, bt_last_index(&e->cfg, BT_LNF_W));
    if (b->read == BT_READ_MEAN)
        mean_rows(e, s, b->n_seqs, s->norm);
    return s->norm;
}

const float *bt_engine_forward(const bt_engine *e, bt_scoring *s, const bt_batch *b)
{
    embed(e, b, s->x);
    for (size_t l = 0; l + 1 < e->cfg.n_layer; l++)
        bt_engine_block(e, s, b, l, s->x);
    return bt_engine_last(e, s, b, s->x);
}

void bt_engine_head(const bt_engine *e, const float *hidden, size_t n_seqs, float *logits)
{
    size_t C = e->cfg.n_embd, K = e->cfg.n_label;
    const float *score = e->w[bt_last_index(&e->cfg, BT_SCORE)];
    for (size_t i = 0; i < n_seqs; i++)
        for (size_t k = 0; k < K; k++)
            logits[i * K + k] = (float)bt_dot(hidden + i * C, score + k * C, C);
}

/* ---- One token after another ---- */

bolter_status bt_cache_init(bt_cache *c, const bt_engine *e, size_t max, bolter_error *err)
{
    size_t C = e->cfg.n_embd, rows;
    *c = (bt_cache){.max = max};
    if (bt_mul_size(e->cfg.n_layer, max, &rows))
        c->kv = bt_alloc_array(rows, 2 * C * sizeof *c->kv);
    c->scratch = bt_alloc_aligned(bt_attend_scratch(max, C / e->cfg.n_head), sizeof *c->scratch);
    if (c->kv && c->scratch)
        return BOLTER_OK;
    bt_cache_clear(c);
    return bt_fail(err, BOLTER_E_NOMEM, "model: no memory for the keys and values of %zu tokens", max);
}

void bt_cache_clear(bt_cache *c)
{
    bt_release(c->kv);
    bt_release(c->scratch);
    *c = (bt_cache){0};
}

/* x (n,C) += projection of the attention to all tokens of the cache and the new ones. */
static void attend_with_cache(const bt_engine *e, bt_scoring *s, bt_cache *c, size_t l, size_t n)
{
    size_t C = e->cfg.n_embd;
    float *kv = c->kv + l * c->max * 2 * C;
    bt_attention a = {.T = c->n + n,
                      .n_q = n,
                      .first = c->n,
                      .C = C,
                      .H = e->cfg.n_head,
                      .causal = true,
                      .scratch = c->scratch};
    norm(e, s, s->norm, s->x, n, bt_block_index(l, BT_LN1_W));
    product(e, s, l, BT_PART_KV, kv + c->n * 2 * C, s->norm, n, BT_STORE);
    product(e, s, l, BT_PART_Q, s->q, s->norm, n, BT_STORE);
    if (n == 1)
        bt_attend_one(&a, s->att, s->q, kv);
    else
        bt_attend(e->attention, &a, s->att, s->q, kv);
    product(e, s, l, BT_PART_PROJ, s->x, s->att, n, BT_ADD);
}

const float *bt_engine_continue(const bt_engine *e, bt_scoring *s, bt_cache *c, const int32_t *ids,
                                size_t n)
{
    size_t C = e->cfg.n_embd;
    for (size_t i = 0; i < n; i++)
        embed_token(e, s->x + i * C, (size_t)ids[i], c->n + i);
    for (size_t l = 0; l < e->cfg.n_layer; l++) {
        attend_with_cache(e, s, c, l, n);
        mlp_part(e, s, l, n, s->x);
    }
    c->n += n;
    norm(e, s, s->norm, s->x + (n - 1) * C, 1, bt_last_index(&e->cfg, BT_LNF_W));
    return s->norm;
}

void bt_engine_vocabulary(const bt_engine *e, bt_scoring *s, const float *hidden, float *logits)
{
    size_t C = e->cfg.n_embd, V = e->cfg.n_vocab;
    if (!e->head_rows)
        bt_packed_forward(e->tile, &e->head, logits, V, hidden, C, 1, BT_STORE, false, s->scratch);
    else
        for (size_t v = 0; v < V; v++)
            logits[v] = bt_dot(hidden, e->head_rows + v * C, C);
}
