/*
 * explain.c - which pieces of a text moved its score, by ablation.
 *
 * The tokens that the model reads are cut into pieces: lines, or runs of words where lines are
 * long. Each piece is left out in turn and the rest is scored again. Its weight is what the
 * log-odds of spam lose by that; a probability near 0 or 1 would hide the differences.
 */
#include "service/explain.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/model.h"
#include "service/verdict.h"

enum {
    MIN_TOKENS = 8, /* a piece has about so many, or a PARTS-th of a long text */
    PARTS = 16,
    MAX_PIECES = 2 * PARTS + 1,
    TOKEN_BYTES = 64 /* of a token that are looked at */
};
#define LEAST_PROBABILITY 1e-6 /* a float has no room for less beside 1 */

struct span {
    size_t from, to;
};

struct work {
    const bolter_model *m;
    bt_spam_fn score;
    void *ud;
    bt_reading r;
    int32_t *rest; /* ids without a piece */
    struct span span[MAX_PIECES];
    size_t n_spans;
};

/* First and last byte of a token; 0 for one without. */
static void ends_of_token(const bolter_model *m, int32_t id, char *first, char *last)
{
    char bytes[TOKEN_BYTES];
    size_t n = 0;
    *first = *last = 0;
    if (bolter_tok_decode(m->tok, &id, 1, bytes, sizeof bytes, &n, NULL) != BOLTER_OK || n == 0)
        return;
    *first = bytes[0];
    *last = bytes[n < sizeof bytes ? n - 1 : sizeof bytes - 1];
}

/* Half of a size is enough where a line ends; twice a size is cut even within a word. */
static void cut(struct work *w)
{
    size_t begin = w->m->card.bos ? 1 : 0, n = w->r.n_ids, from = begin;
    size_t size = (n - begin + PARTS - 1) / PARTS;
    char first, last, before = 0;
    size = size > MIN_TOKENS ? size : MIN_TOKENS;
    for (size_t i = begin; i < n; i++, before = last) {
        size_t len = i - from;
        ends_of_token(w->m, w->r.ids[i], &first, &last);
        bool word = first == ' ' || first == '\n' || before == '\n' || before == ' ';
        if ((len >= (size + 1) / 2 && before == '\n') || (len >= size && word) || len >= 2 * size) {
            w->span[w->n_spans++] = (struct span){from, i};
            from = i;
        }
    }
    if (from < n)
        w->span[w->n_spans++] = (struct span){from, n};
}

static double log_odds(double p)
{
    p = p < LEAST_PROBABILITY ? LEAST_PROBABILITY : p;
    p = p > 1 - LEAST_PROBABILITY ? 1 - LEAST_PROBABILITY : p;
    return log(p / (1 - p));
}

/* Log-odds of the text without a span; of nothing left, what the model says to an empty text. */
static bolter_status score_without(struct work *w, struct span s, double *odds, bolter_error *err)
{
    double spam = 0;
    size_t n = w->r.n_ids - (s.to - s.from);
    bt_reading empty = {0};
    bolter_seq seq = {.ids = w->rest, .n = n};
    if (n == 0) {
        bolter_status status = bt_reading_open(&empty, w->m, "", 0, err);
        if (status != BOLTER_OK)
            return status;
        seq = (bolter_seq){.ids = empty.ids, .n = empty.n_ids};
    } else {
        memcpy(w->rest, w->r.ids, s.from * sizeof *w->rest);
        memcpy(w->rest + s.from, w->r.ids + s.to, (w->r.n_ids - s.to) * sizeof *w->rest);
    }
    bolter_status status = w->score(w->ud, &seq, &spam, err);
    bt_reading_clear(&empty);
    *odds = log_odds(spam);
    return status;
}

/* The text of a span on one line, with single blanks. */
static bolter_status write_text(const struct work *w, struct span s, bolter_piece *out,
                                bolter_error *err)
{
    char bytes[4 * BOLTER_PIECE_TEXT];
    size_t all, len = 0;
    bolter_status status = bolter_tok_decode(w->m->tok, w->r.ids + s.from, s.to - s.from, bytes,
                                             sizeof bytes, &all, err);
    if (status != BOLTER_OK)
        return status;
    for (size_t i = 0; i < all && i < sizeof bytes && len < BOLTER_PIECE_TEXT; i++) {
        bool blank = (unsigned char)bytes[i] <= ' ' || bytes[i] == 0x7f;
        if (!blank)
            out->text[len++] = bytes[i];
        else if (len > 0 && out->text[len - 1] != ' ')
            out->text[len++] = ' ';
    }
    len -= len > 0 && out->text[len - 1] == ' ';
    out->text[len] = 0;
    return BOLTER_OK;
}

/* Put a piece in its place among the cap heaviest so far. */
static void insert(bolter_piece *out, size_t cap, size_t *n, const bolter_piece *p)
{
    size_t at = *n;
    while (at > 0 && fabsf(out[at - 1].weight) < fabsf(p->weight))
        at--;
    if (at == cap)
        return;
    *n += *n < cap;
    memmove(out + at + 1, out + at, (*n - at - 1) * sizeof *out);
    out[at] = *p;
}

static bolter_status weigh(struct work *w, bolter_piece *out, size_t cap, size_t *n_pieces,
                           bolter_error *err)
{
    double all, without, spam = 0;
    bolter_seq seq = {.ids = w->r.ids, .n = w->r.n_ids};
    bolter_status status = w->score(w->ud, &seq, &spam, err);
    all = log_odds(spam);
    for (size_t i = 0; i < w->n_spans && status == BOLTER_OK; i++) {
        bolter_piece p = {.weight = 0};
        status = score_without(w, w->span[i], &without, err);
        if (status == BOLTER_OK)
            status = write_text(w, w->span[i], &p, err);
        p.weight = (float)(all - without);
        if (status == BOLTER_OK && p.text[0])
            insert(out, cap, n_pieces, &p);
    }
    return status;
}

bolter_status bt_explain(const bolter_model *m, bt_spam_fn score, void *ud, const char *utf8,
                         size_t n, bolter_piece *out, size_t cap, size_t *n_pieces,
                         bolter_error *err)
{
    struct work w = {.m = m, .score = score, .ud = ud};
    *n_pieces = 0;
    bolter_status status = bolter_model_need_spam_head(m, err);
    if (status != BOLTER_OK || (status = bt_reading_open(&w.r, m, utf8, n, err)) != BOLTER_OK)
        return status;
    w.rest = bt_alloc_array(w.r.n_ids, sizeof *w.rest);
    if (w.rest) {
        cut(&w);
        status = weigh(&w, out, cap, n_pieces, err);
    } else {
        status = bt_fail(err, BOLTER_E_NOMEM, "explain: no memory for %zu tokens", w.r.n_ids);
    }
    bt_release(w.rest);
    bt_reading_clear(&w.r);
    return status;
}

/* ---- In the caller's thread ---- */

struct by_session {
    bolter_session *session;
    float *prob; /* of each label */
};

static bolter_status score_by_session(void *ud, const bolter_seq *seq, double *spam,
                                      bolter_error *err)
{
    struct by_session *b = ud;
    bolter_status status = bolter_session_score(b->session, seq, 1, b->prob, err);
    if (status == BOLTER_OK)
        *spam = (double)b->prob[bolter_model_info_of(bt_session_model(b->session))->spam_label];
    return status;
}

bolter_status bolter_explain(bolter_session *s, const char *utf8, size_t n, bolter_piece *out,
                             size_t cap, size_t *n_pieces, bolter_error *err)
{
    const bolter_model *m = bt_session_model(s);
    struct by_session b = {.session = s};
    *n_pieces = 0;
    bolter_status status = bolter_model_need_spam_head(m, err);
    if (status != BOLTER_OK)
        return status;
    b.prob = bt_alloc_array((size_t)bolter_model_info_of(m)->n_label, sizeof *b.prob);
    if (!b.prob)
        return bt_fail(err, BOLTER_E_NOMEM, "explain: no memory for the probabilities");
    status = bt_explain(m, score_by_session, &b, utf8, n, out, cap, n_pieces, err);
    bt_release(b.prob);
    return status;
}
