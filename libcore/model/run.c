/*
 * run.c - one block of memory for all activations, cut up by walking the same list twice: first to
 * count, then to place.
 */
#include "model/run.h"

#include "base/error.h"
#include "base/mem.h"

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
    size_t N = r->max_tok, C = r->cfg.n_embd;
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

static void place(bt_run *r, struct cutter *c)
{
    size_t N = r->max_tok, C = r->cfg.n_embd, I = r->cfg.n_inner;
    for (size_t l = 0; l < r->cfg.n_layer; l++) {
        if (l == 0 || r->keep)
            place_layer(&r->layer[l], c, r);
        else
            r->layer[l] = r->layer[0];
    }
    r->out = cut(c, N * C);
    r->mean = cut(c, N);
    r->rstd = cut(c, N);
    r->final = cut(c, N * C);
    r->pooled = cut(c, r->max_seqs * C);
    r->norm = cut(c, N * C);
    r->picked = cut(c, r->max_seqs * C);
    r->act = cut(c, N * I);
    r->scratch = cut(c, bt_attention_scratch(N < r->cfg.n_ctx ? N : r->cfg.n_ctx));
    if (!r->keep)
        return;
    r->dx = cut(c, N * C);
    r->dy = cut(c, N * C);
    r->dnorm = cut(c, N * C);
    r->dq = cut(c, N * C);
    r->dkv = cut(c, N * 2 * C);
    r->dact = cut(c, N * I);
}

bolter_status bt_run_open(bt_run **out, const bt_config *cfg, size_t max_tok, size_t max_seqs,
                          bool keep, bolter_error *err)
{
    *out = NULL;
    bolter_status rc = bt_gemm_open(err);
    if (rc != BOLTER_OK)
        return rc;
    bt_run *r = bt_alloc(sizeof *r);
    if (!r)
        return bt_fail(err, BOLTER_E_NOMEM, "model: no memory");
    if (max_seqs > max_tok) /* a sequence has a token at least */
        max_seqs = max_tok;
    *r = (bt_run){.cfg = *cfg, .max_tok = max_tok, .max_seqs = max_seqs, .keep = keep};
    r->layer = bt_alloc_array(cfg->n_layer, sizeof *r->layer);
    size_t most;
    if (!bt_mul_size(max_tok, 64 * (cfg->n_inner + cfg->n_embd) * cfg->n_layer, &most) || !r->layer)
        goto nomem;
    r->start = bt_alloc_array(max_seqs + 1, sizeof *r->start);
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
                   max_tok);
}

void bt_run_free(bt_run *r)
{
    if (!r)
        return;
    bt_release(r->layer);
    bt_release(r->start);
    bt_release(r->block);
    bt_release(r);
}

const float *bt_run_hidden(const bt_run *r)
{
    return r->hidden;
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
