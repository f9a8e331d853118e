/*
 * explain.c - which pieces of a text moved its score, by ablation.
 *
 * The tokens that the model reads are cut into pieces: lines, or runs of words where lines are
 * long. Each piece is left out in turn and the rest is scored again. Its weight is what the
 * log-odds of spam lose by that; a probability near 0 or 1 would hide the differences.
 *
 * Tokens stand for bytes of the text, one behind the other: from its beginning on, and, of a text
 * that is too long, up to its end. So each piece has a place there.
 *
 * Of a text in windows the score is half the first one's and half the most suspicious one's: the pieces
 * of these two are left out.
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
    MAX_PIECES = 2 * PARTS + 1 /* as many as cut() can make, with or without a seam */
};
#define LEAST_PROBABILITY 1e-6 /* a float has no room for less beside 1 */

struct span {
    size_t from, to;
};

struct work {
    const bolter_model *m;
    bt_spam_fn score;
    void *ud;
    const char *utf8; /* the text, of n bytes */
    size_t n;
    bt_reading r;
    /* Of the window that is looked at: */
    const int32_t *ids;
    size_t n_ids;
    double odds;        /* log-odds of spam */
    double share;       /* in the text's */
    size_t begin, end;  /* of the ids whose pieces are weighed */
    size_t first_byte;  /* of the text, for which it stands */
    size_t seam;        /* first id of the text's end, where its middle is not read; n_ids: it is */
    struct span *place; /* of each id, in bytes of the text */
    int32_t *rest;      /* ids without a piece */
    struct span span[MAX_PIECES];
    size_t n_spans;
};

static size_t bytes_of_token(const bolter_model *m, int32_t id)
{
    size_t n = 0;
    bolter_tok_decode(m->tok, &id, 1, NULL, 0, &n, NULL);
    return n;
}

/* Tokens of padding, and the line of an empty text, stand for no byte. */
static void find_places(struct work *w)
{
    size_t at = w->first_byte, bytes;
    for (size_t i = w->begin; i < w->seam; i++) {
        bytes = bytes_of_token(w->m, w->ids[i]);
        bytes = bytes < w->n - at ? bytes : w->n - at;
        w->place[i] = (struct span){at, at + bytes};
        at += bytes;
    }
    at = w->n;
    for (size_t i = w->n_ids; i-- > w->seam;) {
        bytes = bytes_of_token(w->m, w->ids[i]);
        bytes = bytes < at ? bytes : at;
        w->place[i] = (struct span){at - bytes, at};
        at -= bytes;
    }
}

/* Half of a size is enough where a line ends; twice a size is cut even within a word. */
static void cut(struct work *w)
{
    size_t n = w->end, from = w->begin;
    size_t size = (n - from + PARTS - 1) / PARTS;
    size = size > MIN_TOKENS ? size : MIN_TOKENS;
    w->n_spans = 0;
    for (size_t i = from + 1; i < n; i++) {
        size_t len = i - from, at = w->place[i].from;
        char before = at > 0 ? w->utf8[at - 1] : 0, first = at < w->n ? w->utf8[at] : 0;
        bool word = first == ' ' || first == '\n' || before == '\n' || before == ' ';
        if (i == w->seam || (len >= (size + 1) / 2 && before == '\n') || (len >= size && word) ||
            len >= 2 * size) {
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

static bolter_status odds_of(struct work *w, const bolter_seq *seq, double *odds, bolter_error *err)
{
    double spam = 0;
    bolter_status status = w->score(w->ud, seq, &spam, err);
    *odds = log_odds(spam);
    return status;
}

/* Log-odds of the window without a span; of nothing left, what the model says to an empty text. */
static bolter_status score_without(struct work *w, struct span s, double *odds, bolter_error *err)
{
    size_t n = w->n_ids - (s.to - s.from);
    bt_reading empty = {0};
    bolter_seq seq = {.ids = w->rest, .n = n};
    if (n == 0) {
        bolter_status status = bt_reading_open(&empty, w->m, "", 0, err);
        if (status != BOLTER_OK)
            return status;
        seq = empty.seq;
    } else {
        memcpy(w->rest, w->ids, s.from * sizeof *w->rest);
        memcpy(w->rest + s.from, w->ids + s.to, (w->n_ids - s.to) * sizeof *w->rest);
    }
    bolter_status status = odds_of(w, &seq, odds, err);
    bt_reading_clear(&empty);
    return status;
}

/* Is a byte one of UTF-8 that begins no character? */
static bool goes_on(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The whole characters of a span. Of text that is not UTF-8, all of it but a few bytes. */
static void find_piece(const struct work *w, struct span s, bolter_piece *out)
{
    size_t from = w->place[s.from].from, to = w->place[s.to - 1].to, end = to;
    for (size_t i = 0; i < 3 && from < to && goes_on(w->utf8[from]); i++)
        from++;
    for (size_t i = 0; i < 3 && end > from && end < w->n && goes_on(w->utf8[end]); i++)
        end--;
    out->at = from;
    out->n = end - from;
}

/* Its beginning on one line, with single blanks. */
static void write_text(const struct work *w, bolter_piece *out)
{
    size_t len = 0;
    for (size_t i = 0; i < out->n && len < BOLTER_PIECE_TEXT; i++) {
        char byte = w->utf8[out->at + i];
        bool blank = (unsigned char)byte <= ' ' || byte == 0x7f;
        if (!blank)
            out->text[len++] = byte;
        else if (len > 0 && out->text[len - 1] != ' ')
            out->text[len++] = ' ';
    }
    len -= len > 0 && out->text[len - 1] == ' ';
    out->text[len] = 0;
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

/* The pieces of the window that is looked at. */
static bolter_status weigh(struct work *w, bolter_piece *out, size_t cap, size_t *n_pieces,
                           bolter_error *err)
{
    double without;
    find_places(w);
    cut(w);
    for (size_t i = 0; i < w->n_spans; i++) {
        bolter_piece p = {.weight = 0};
        find_piece(w, w->span[i], &p);
        write_text(w, &p);
        bolter_status status = score_without(w, w->span[i], &without, err);
        if (status != BOLTER_OK)
            return status;
        p.weight = (float)(w->share * (w->odds - without));
        if (p.text[0])
            insert(out, cap, n_pieces, &p);
    }
    return BOLTER_OK;
}

static void look_at_first(struct work *w)
{
    bool cut_short = w->r.n_all > w->n_ids && w->n_ids == w->m->card.max_tokens;
    w->ids = w->r.ids;
    w->begin = w->m->card.bos ? 1 : 0;
    w->end = w->n_ids;
    w->first_byte = 0;
    w->seam = w->n_ids - (cut_short ? w->m->card.tail_tokens : 0);
}

/* Window k behind the first: what it reads of the middle that the first does not. */
static bolter_status look_at(struct work *w, size_t k, bolter_error *err)
{
    size_t bos = w->m->card.bos ? 1 : 0, n;
    const bt_windows plan = bt_windows_of(w->m, w->r.n_all - bos);
    size_t from = bt_window_begin(&plan, k), to = from + plan.slice, tail = plan.n - plan.tail;
    size_t begin = from > plan.head ? from : plan.head, end = to < tail ? to : tail;
    int32_t *before = bt_alloc_array(plan.n, sizeof *before);
    if (!before)
        return bt_fail(err, BOLTER_E_NOMEM, "explain: no memory for %zu tokens", plan.n);
    bolter_status status = bolter_tok_encode(w->m->tok, w->utf8, w->n, before, plan.n, &n, err);
    if (status == BOLTER_OK)
        status = bolter_tok_decode(w->m->tok, before, begin, NULL, 0, &w->first_byte, err);
    bt_release(before);
    w->ids = w->r.ids + k * w->n_ids;
    w->begin = bos + plan.lead + (begin - from);
    w->end = bos + plan.lead + (end - from);
    w->seam = w->n_ids;
    return status;
}

/* The most suspicious window, its log-odds, and the first one's. */
static bolter_status find_strongest(struct work *w, size_t *strongest, double *first, double *most,
                                    bolter_error *err)
{
    bolter_status status = BOLTER_OK;
    *strongest = 0;
    for (size_t k = 0; k < w->r.seq.windows && status == BOLTER_OK; k++) {
        double odds;
        const bolter_seq seq = {.ids = w->r.ids + k * w->n_ids, .n = w->n_ids};
        status = odds_of(w, &seq, &odds, err);
        if (k == 0)
            *first = odds;
        if (k == 0 || odds > *most) {
            *most = odds;
            *strongest = k;
        }
    }
    return status;
}

static bolter_status weigh_windows(struct work *w, bolter_piece *out, size_t cap, size_t *n_pieces,
                                   bolter_error *err)
{
    size_t strongest;
    double first = 0, most = 0;
    bolter_status status = find_strongest(w, &strongest, &first, &most, err);
    if (status != BOLTER_OK)
        return status;
    w->share = strongest == 0 ? 1 : 0.5;
    w->odds = first;
    look_at_first(w);
    status = weigh(w, out, cap, n_pieces, err);
    if (status != BOLTER_OK || strongest == 0)
        return status;
    w->odds = most;
    status = look_at(w, strongest, err);
    return status == BOLTER_OK ? weigh(w, out, cap, n_pieces, err) : status;
}

bolter_status bt_explain(const bolter_model *m, bt_spam_fn score, void *ud, const char *utf8,
                         size_t n, bolter_piece *out, size_t cap, size_t *n_pieces,
                         bolter_error *err)
{
    struct work w = {.m = m, .score = score, .ud = ud, .utf8 = utf8, .n = n};
    *n_pieces = 0;
    bolter_status status = bolter_model_need_spam_head(m, err);
    if (status != BOLTER_OK || (status = bt_reading_open(&w.r, m, utf8, n, err)) != BOLTER_OK)
        return status;
    w.n_ids = w.r.seq.n / w.r.seq.windows;
    w.place = bt_alloc_array(w.n_ids, sizeof *w.place);
    w.rest = bt_alloc_array(w.n_ids, sizeof *w.rest);
    status = w.place && w.rest ? weigh_windows(&w, out, cap, n_pieces, err)
                               : bt_fail(err, BOLTER_E_NOMEM, "explain: no memory for %zu tokens",
                                         w.n_ids);
    bt_release(w.rest);
    bt_release(w.place);
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
