/*
 * run.c - one block of memory for all activations, cut up by walking the same list twice: first to
 * count, then to place.
 */
#include "model/run.h"

#include "base/error.h"
#include "base/mem.h"
#include "kern/product.h"

/* Hands out pieces of a block, or only counts while base is NULL. Pieces start on 64 bytes. */
struct cutter {
    float *base;
    size_t used;
};

static float *cut(struct cutter *c, size_t n)
{
    float *piece = c->base ? c->base + c->used : NULL;
    c->used += (n + 15) / 16 * 16;
    return piece;
}

static void place_layer(struct bt_layer *l, struct cutter *c, const bt_run *r)
{
    size_t N = r->size.max_tok, C = r->cfg.n_embd;
    *l = (struct bt_layer){
        .x = cut(c, N * C),
        .mean1 = cut(c, N),
        .rstd1 = cut(c, N),
        .q = cut(c, N * C),
        .kv = cut(c, N * 2 * C),
        .lse = cut(c, N * r->cfg.n_head),
        .att = cut(c, N * C),
        .mid = cut(c, N * C),
        .mean2 = cut(c, N),
        .rstd2 = cut(c, N),
        .fc = cut(c, N * r->cfg.n_inner),
    };
}

/* Blocks below the first that is kept share the memory of one. */
static void place_layers(bt_run *r, struct cutter *c)
{
    size_t L = r->cfg.n_layer, first = r->size.keep ? r->size.first : L;
    for (size_t l = 0; l < L; l++) {
        if (l == 0 || l >= first)
            place_layer(&r->kept[l], c, r);
        else
            r->kept[l] = r->kept[0];
        r->shared[l] = r->kept[0];
    }
}

static void place_adapters(bt_run *r, struct cutter *c)
{
    size_t C = r->cfg.n_embd, I = r->cfg.n_inner, rank = r->size.rank;
    if (rank > 0 || r->size.quantised)
        r->dense = cut(c, C * (I > 3 * C ? I : 3 * C));
    r->low = cut(c, r->size.max_tok * rank);
    if (!r->size.keep || rank == 0)
        return;
    r->dlow = cut(c, r->size.max_tok * rank);
    r->ddense = cut(c, C * 3 * C);
}

static size_t attention_scratch(const bt_run *r)
{
    size_t N = r->size.max_tok, T = N < r->cfg.n_ctx ? N : r->cfg.n_ctx;
    size_t blocks = bt_attention_scratch(T), folded = r->cfg.n_head * T;
    return blocks > folded ? blocks : folded;
}

/* Of y = x w, of its gradient by x, and of that by w, for the widest layer. */
static size_t product_scratch(const bt_run *r)
{
    size_t C = r->cfg.n_embd, I = r->cfg.n_inner, wide = I > 2 * C ? I : 2 * C;
    size_t up = bt_product_scratch(C, wide), down = bt_product_scratch(wide, C);
    size_t back = bt_product_scratch(r->size.max_tok, wide), most = up > down ? up : down;
    return (most > back ? most : back) / sizeof(float);
}

static void place(bt_run *r, struct cutter *c)
{
    size_t N = r->size.max_tok, B = r->size.max_seqs, C = r->cfg.n_embd, I = r->cfg.n_inner;
    size_t H = r->cfg.n_head;
    place_layers(r, c);
    r->out = cut(c, N * C);
    r->mean = cut(c, N);
    r->rstd = cut(c, N);
    r->final = cut(c, N * C);
    r->pooled = cut(c, B * C);
    r->norm = cut(c, N * C);
    r->picked = cut(c, B * C);
    r->act = cut(c, N * I);
    r->scratch = cut(c, attention_scratch(r));
    r->p = cut(c, N * H);
    r->u = cut(c, B * H * C);
    r->z = cut(c, B * H * C);
    place_adapters(r, c);
    if (r->size.tiled)
        r->product = cut(c, product_scratch(r));
    if (!r->size.keep)
        return;
    r->dx = cut(c, N * C);
    r->dy = cut(c, N * C);
    r->dnorm = cut(c, N * C);
    r->dq = cut(c, N * C);
    r->dkv = cut(c, N * 2 * C);
    r->dact = cut(c, N * I);
    r->du = cut(c, B * H * C);
    r->dz = cut(c, B * H * C);
}

/* Could the counting in place() overflow? Its terms are a few of these. */
static bool too_large(const bt_run *r)
{
    const bt_config *c = &r->cfg;
    size_t a_token = 64 * (c->n_inner + c->n_embd + c->n_head + r->size.rank) * (c->n_layer + 1);
    size_t a_seq = 64 * c->n_head * c->n_embd, tokens, seqs, sum;
    return !bt_mul_size(r->size.max_tok, a_token, &tokens) ||
           !bt_mul_size(r->size.max_seqs, a_seq, &seqs) ||
           __builtin_add_overflow(tokens, seqs, &sum);
}

bolter_status bt_run_open(bt_run **out, const bt_config *cfg, const bt_run_size *size,
                          bolter_error *err)
{
    *out = NULL;
    bolter_status rc = bt_gemm_open(err);
    if (rc != BOLTER_OK)
        return rc;
    bt_run *r = bt_alloc(sizeof *r);
    if (!r)
        return bt_fail(err, BOLTER_E_NOMEM, "model: no memory");
    *r = (bt_run){.cfg = *cfg, .size = *size};
    if (r->size.max_seqs > r->size.max_tok) /* a sequence has a token at least */
        r->size.max_seqs = r->size.max_tok;
    r->kept = bt_alloc_array(cfg->n_layer, sizeof *r->kept);
    r->shared = bt_alloc_array(cfg->n_layer, sizeof *r->shared);
    r->layer = r->kept;
    if (too_large(r) || !r->kept || !r->shared)
        goto nomem;
    r->start = bt_alloc_array(r->size.max_seqs + 1, sizeof *r->start);
    if (!r->start)
        goto nomem;
    struct cutter counter = {0};
    place(r, &counter);
    r->block = bt_alloc_aligned(counter.used, sizeof *r->block);
    if (!r->block)
        goto nomem;
    place(r, &(struct cutter){.base = r->block});
    *out = r;
    return BOLTER_OK;

nomem:
    bt_run_free(r);
    return bt_fail(err, BOLTER_E_NOMEM, "model: no memory for the activations of %zu tokens",
                   size->max_tok);
}

void bt_run_free(bt_run *r)
{
    if (!r)
        return;
    bt_release(r->kept);
    bt_release(r->shared);
    bt_release(r->start);
    bt_release(r->block);
    bt_release(r);
}

void bt_run_hold(bt_run *r, bool hold)
{
    r->layer = hold ? r->kept : r->shared;
}

const float *bt_run_hidden(const bt_run *r)
{
    return r->hidden;
}

const float *bt_run_rows(const bt_run *r)
{
    return r->final;
}

bolter_status bt_seq_check(const bt_config *c, const bolter_seq *seq, bolter_error *err)
{
    if (seq->n < 1 || seq->n > c->n_ctx)
        return bt_fail(err, BOLTER_E_ARG, "sequence of %zu tokens, expected 1 to %zu", seq->n,
                       c->n_ctx);
    for (size_t i = 0; i < seq->n; i++)
        if (seq->ids[i] < 0 || (size_t)seq->ids[i] >= c->n_vocab)
            return bt_fail(err, BOLTER_E_ARG, "id %ld at %zu, expected 0 to %zu", (long)seq->ids[i],
                           i, c->n_vocab - 1);
    return BOLTER_OK;
}
