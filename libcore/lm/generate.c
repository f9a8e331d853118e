/*
 * generate.c - bolter_generator_*: a text goes on, token after token. The prompt runs through the
 * network in pieces; then each drawn token alone, against the kept keys and values of those before.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "lm/generator.h"
#include "text/normal.h"

/* Tokens of a prompt that run at a time. */
#define PIECE ((size_t)128)

/* ---- Opening ---- */

bolter_status bt_generator_make(bolter_generator **out, bolter_model *m, const bt_engine *e,
                                const bolter_sampling *o, bolter_error *err)
{
    *out = NULL;
    bolter_generator *g = bt_alloc(sizeof *g);
    if (!g)
        return bt_fail(err, BOLTER_E_NOMEM, "generator: no memory");
    *g = (bolter_generator){.m = bolter_model_ref(m), .e = e, .piece = PIECE};
    if (o)
        g->o = *o;
    if (g->piece > e->cfg.n_ctx)
        g->piece = e->cfg.n_ctx;
    bolter_status rc = bt_sampling_check(&g->o, err);
    if (rc == BOLTER_OK)
        rc = bt_scoring_open(&g->scoring, e, g->piece, 1, err);
    if (rc == BOLTER_OK)
        rc = bt_cache_init(&g->cache, e, e->cfg.n_ctx, err);
    g->logits = bt_alloc_aligned(e->cfg.n_vocab, sizeof *g->logits);
    g->room = bt_alloc_array(e->cfg.n_vocab, sizeof *g->room);
    g->ids = bt_alloc_array(e->cfg.n_ctx, sizeof *g->ids);
    bt_buf_init(&g->text, 3 * BT_TOKEN_BYTES); /* each byte may become U+FFFD */
    if (rc == BOLTER_OK && (!g->logits || !g->room || !g->ids))
        rc = bt_fail(err, BOLTER_E_NOMEM, "generator: no memory");
    bolter_generator_reset(g);
    if (rc == BOLTER_OK)
        *out = g;
    else
        bolter_generator_free(g);
    return rc;
}

bolter_status bolter_generator_open(bolter_generator **out, bolter_model *m,
                                    const bolter_sampling *o, bolter_error *err)
{
    *out = NULL;
    if (m->cfg.n_label > 0)
        return bt_fail(err, BOLTER_E_MISMATCH,
                       "%s: a classifier; only a language model goes on with a text", m->dir);
    if (!m->packed)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: opened without a precision", m->dir);
    return bt_generator_make(out, m, &m->engine, o, err);
}

void bolter_generator_reset(bolter_generator *g)
{
    g->n = g->cache.n = 0;
    g->rng = (bt_rng){.seed = g->o.seed, .stream = 3};
    g->n_pending = 0;
}

void bolter_generator_free(bolter_generator *g)
{
    if (!g)
        return;
    bt_scoring_free(g->scoring);
    bt_cache_clear(&g->cache);
    bt_engine_clear(&g->own);
    bt_release(g->own_w);
    bt_release(g->logits);
    bt_release(g->room);
    bt_release(g->ids);
    bt_buf_free(&g->text);
    bolter_model_unref(g->m);
    bt_release(g);
}

size_t bolter_generator_count(const bolter_generator *g)
{
    return g->n;
}

/* ---- The text so far ---- */

static bolter_status too_long(const bolter_generator *g, size_t more, bolter_error *err)
{
    return bt_fail(err, BOLTER_E_LIMIT, "%zu tokens and %zu more, the model has %zu positions", g->n,
                   more, g->e->cfg.n_ctx);
}

bolter_status bolter_generator_feed(bolter_generator *g, const int32_t *ids, size_t n,
                                    bolter_error *err)
{
    size_t V = g->e->cfg.n_vocab;
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= V)
            return bt_fail(err, BOLTER_E_ARG, "id %ld at %zu, expected 0 to %zu", (long)ids[i], i,
                           V - 1);
    if (n > g->e->cfg.n_ctx - g->n)
        return too_long(g, n, err);
    memcpy(g->ids + g->n, ids, n * sizeof *ids);
    g->n += n;
    return BOLTER_OK;
}

bolter_status bolter_generator_feed_text(bolter_generator *g, const char *utf8, size_t n, bool begin,
                                         bolter_error *err)
{
    size_t room = g->e->cfg.n_ctx - g->n, first = begin ? 1 : 0, more = 0;
    if (!g->m->tok)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: no vocab.json", g->m->dir);
    if (begin && g->m->bos_id < 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: config.json has no bos_token_id", g->m->dir);
    if (!begin && n == 0)
        return bt_fail(err, BOLTER_E_ARG, "nothing to go on from: no text and no begin token");
    if (room < first)
        return too_long(g, first, err);
    bolter_status rc = bolter_tok_encode(g->m->tok, utf8, n, g->ids + g->n + first, room - first,
                                         &more, err);
    if (rc != BOLTER_OK)
        return rc;
    if (more > room - first)
        return too_long(g, first + more, err);
    if (begin)
        g->ids[g->n] = g->m->bos_id;
    g->n += first + more;
    return BOLTER_OK;
}

/* ---- The next token ---- */

/* Run what the cache does not hold yet. */
static bolter_status catch_up(bolter_generator *g, bolter_error *err)
{
    const float *hidden = NULL;
    if (g->n == 0)
        return bt_fail(err, BOLTER_E_ARG, "nothing to go on from");
    if (g->cache.n == g->n)
        return BOLTER_OK;
    while (g->cache.n < g->n) {
        size_t left = g->n - g->cache.n, n = left < g->piece ? left : g->piece;
        hidden = bt_engine_continue(g->e, g->scoring, &g->cache, g->ids + g->cache.n, n);
    }
    bt_engine_vocabulary(g->e, g->scoring, hidden, g->logits);
    if (isfinite(bt_sum_squares(g->logits, g->e->cfg.n_vocab)))
        return BOLTER_OK;
    g->cache.n--; /* the next call fails, too */
    return bt_fail(err, BOLTER_E_NUMERIC, "%s: a logit is not finite", g->m->dir);
}

bolter_status bolter_generator_logits(bolter_generator *g, const float **logits, bolter_error *err)
{
    bolter_status rc = catch_up(g, err);
    *logits = rc == BOLTER_OK ? g->logits : NULL;
    return rc;
}

/* Could these n bytes, no character, become one with more? */
static bool is_begin(const char *s, size_t n)
{
    unsigned char first = (unsigned char)s[0];
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || n >= len)
        return false;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return false;
    return true;
}

/* Whole characters of the pending bytes go to the text; what can be none becomes U+FFFD. */
static bool take_characters(bolter_generator *g)
{
    size_t at = 0;
    bool ok = true;
    bt_buf_reset(&g->text);
    while (ok && at < g->n_pending) {
        const char *s = g->pending + at;
        size_t n = g->n_pending - at, len = bt_utf8_char(s, n);
        if (len == 0 && is_begin(s, n))
            break;
        ok = len > 0 ? bt_buf_append(&g->text, s, len) : bt_buf_append_str(&g->text, "\xef\xbf\xbd");
        at += len > 0 ? len : 1;
    }
    memmove(g->pending, g->pending + at, g->n_pending - at);
    g->n_pending -= at;
    return ok;
}

/* What a token adds to the text. An embedding may have more rows than the tokenizer has tokens. */
static bolter_status spell(bolter_generator *g, int32_t id, bolter_token *out, bolter_error *err)
{
    size_t n = 0, room = sizeof g->pending - g->n_pending;
    *out = (bolter_token){.id = id, .text = ""};
    if (!g->m->tok || id >= bolter_tok_vocab(g->m->tok))
        return BOLTER_OK;
    bolter_status rc = bolter_tok_decode(g->m->tok, &id, 1, g->pending + g->n_pending, room, &n, err);
    if (rc != BOLTER_OK)
        return rc;
    g->n_pending += n < room ? n : room;
    if (!take_characters(g))
        return bt_fail(err, BOLTER_E_NOMEM, "generator: no memory for a token of %zu bytes", n);
    if (g->text.len > 0)
        *out = (bolter_token){.id = id, .text = g->text.data, .n = g->text.len};
    return BOLTER_OK;
}

bolter_status bolter_generator_next(bolter_generator *g, bolter_token *out, bolter_error *err)
{
    *out = (bolter_token){.id = -1, .text = ""};
    if (g->n == g->e->cfg.n_ctx)
        return too_long(g, 1, err);
    bolter_status rc = catch_up(g, err);
    if (rc != BOLTER_OK)
        return rc;
    int32_t id = bt_sample(&g->o, &g->rng, g->logits, g->e->cfg.n_vocab, g->room);
    out->id = id;
    if (id == g->m->eos_id)
        return BOLTER_END;
    g->ids[g->n++] = id;
    return spell(g, id, out, err);
}
