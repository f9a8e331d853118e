/*
 * words.c - bolter_words_*: counts the n-grams of training texts, then turns any text into a row.
 *
 * Texts go through twice: once to count, once for their rows. That is less memory than keeping the
 * counts of n-grams most of which fit() leaves out.
 */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "bolter_eval.h"
#include "words/lexicon.h"
#include "words/pieces.h"
#include "words/sparse.h"

#define MAX_SETS 8
#define MAX_N    16

struct set {
    bolter_grams how;
    bt_lexicon lexicon;
    size_t first; /* column */
    float *idf;   /* (lexicon.n), or NULL for counts */
};

struct bolter_words {
    struct set set[MAX_SETS];
    size_t n_sets, n_columns;
    uint32_t n_texts;
    bool fitted;
    bt_pieces pieces;
    /* of the text whose row is made */
    uint32_t *count; /* (n_columns), 0 between texts */
    uint32_t *seen;  /* columns that have a count, in order of appearance */
    size_t n_seen;
};

static bolter_status check_sets(const bolter_grams *sets, size_t n_sets, bolter_error *err)
{
    if (n_sets == 0 || n_sets > MAX_SETS)
        return bt_fail(err, BOLTER_E_ARG, "words: %zu sets of n-grams, expected 1 to %d", n_sets,
                       MAX_SETS);
    for (size_t i = 0; i < n_sets; i++)
        if (sets[i].min_n < 1 || sets[i].min_n > sets[i].max_n || sets[i].max_n > MAX_N)
            return bt_fail(err, BOLTER_E_ARG, "words: n-grams of %zu to %zu, expected 1 to %d",
                           sets[i].min_n, sets[i].max_n, MAX_N);
    return BOLTER_OK;
}

bolter_status bolter_words_open(bolter_words **out, const bolter_grams *sets, size_t n_sets,
                                bolter_error *err)
{
    *out = NULL;
    bolter_status rc = check_sets(sets, n_sets, err);
    if (rc != BOLTER_OK)
        return rc;
    bolter_words *w = bt_alloc(sizeof *w);
    if (!w)
        return bt_fail(err, BOLTER_E_NOMEM, "words: no memory");
    w->n_sets = n_sets;
    for (size_t i = 0; i < n_sets; i++)
        w->set[i].how = sets[i];
    *out = w;
    return BOLTER_OK;
}

void bolter_words_free(bolter_words *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n_sets; i++) {
        bt_lexicon_free(&w->set[i].lexicon);
        bt_release(w->set[i].idf);
    }
    bt_pieces_free(&w->pieces);
    bt_release(w->count);
    bt_release(w->seen);
    bt_release(w);
}

/* ---- Counting ---- */

struct counting {
    bt_lexicon *lexicon;
    uint32_t text;
    bolter_error *err;
};

static bolter_status count_gram(void *to, const char *gram, size_t n)
{
    struct counting *c = to;
    return bt_lexicon_count(c->lexicon, gram, n, c->text, c->err);
}

bolter_status bolter_words_count(bolter_words *w, const char *utf8, size_t n, bolter_error *err)
{
    if (w->fitted)
        return bt_fail(err, BOLTER_E_ARG, "words: a text to count after the columns were numbered");
    if (w->n_texts == UINT32_MAX)
        return bt_fail(err, BOLTER_E_LIMIT, "words: more than %u texts", w->n_texts);
    w->n_texts++;
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; i < w->n_sets && rc == BOLTER_OK; i++) {
        struct set *s = &w->set[i];
        struct counting c = {&s->lexicon, w->n_texts, err};
        rc = bt_pieces_cut(&w->pieces, s->how.kind, utf8, n, err);
        if (rc == BOLTER_OK)
            rc = bt_pieces_grams(&w->pieces, &s->how, count_gram, &c);
    }
    return rc;
}

static bolter_status fit_set(struct set *s, uint32_t n_texts, bolter_error *err)
{
    bolter_status rc = bt_lexicon_keep(&s->lexicon, s->how.min_texts, s->how.max_columns, err);
    if (rc != BOLTER_OK || !s->how.tfidf)
        return rc;
    s->idf = bt_alloc_array(s->lexicon.n, sizeof *s->idf);
    if (!s->idf)
        return bt_fail(err, BOLTER_E_NOMEM, "words: no memory for %zu columns", s->lexicon.n);
    for (size_t i = 0; i < s->lexicon.n; i++) {
        double with = s->lexicon.term[i].n_texts;
        s->idf[i] = (float)(1 + log((1.0 + n_texts) / (1 + with)));
    }
    return BOLTER_OK;
}

bolter_status bolter_words_fit(bolter_words *w, bolter_error *err)
{
    if (w->fitted)
        return bt_fail(err, BOLTER_E_ARG, "words: the columns are numbered already");
    w->fitted = true;
    for (size_t i = 0; i < w->n_sets; i++) {
        bolter_status rc = fit_set(&w->set[i], w->n_texts, err);
        if (rc != BOLTER_OK)
            return rc;
        w->set[i].first = w->n_columns;
        w->n_columns += w->set[i].lexicon.n;
    }
    if (w->n_columns == 0)
        return bt_fail(err, BOLTER_E_ARG, "words: %u texts have no n-gram to keep", w->n_texts);
    w->count = bt_alloc_array(w->n_columns, sizeof *w->count);
    w->seen = bt_alloc_array(w->n_columns, sizeof *w->seen);
    if (!w->count || !w->seen)
        return bt_fail(err, BOLTER_E_NOMEM, "words: no memory for %zu columns", w->n_columns);
    return BOLTER_OK;
}

/* ---- Columns ---- */

size_t bolter_words_columns(const bolter_words *w)
{
    return w->n_columns;
}

const char *bolter_words_gram(const bolter_words *w, size_t column, size_t *n, size_t *set)
{
    if (column >= w->n_columns)
        return NULL;
    size_t i = w->n_sets - 1;
    while (w->set[i].first > column)
        i--;
    const bt_term *t = &w->set[i].lexicon.term[column - w->set[i].first];
    *n = t->n;
    *set = i;
    return t->text;
}

/* ---- Rows ---- */

struct marking {
    bolter_words *w;
    const struct set *set;
};

static bolter_status mark_gram(void *to, const char *gram, size_t n)
{
    struct marking *m = to;
    uint32_t term = bt_lexicon_find(&m->set->lexicon, gram, n);
    if (term != BT_TERM_NONE && m->w->count[m->set->first + term]++ == 0)
        m->w->seen[m->w->n_seen++] = (uint32_t)(m->set->first + term);
    return BOLTER_OK;
}

static double value_of(const struct set *s, uint32_t column, uint32_t count)
{
    if (!s->how.tfidf)
        return count;
    return (1 + log(count)) * (double)s->idf[column - s->first];
}

/* Append the columns seen to the row at hand, and forget their counts. */
static bolter_status push_seen(bolter_words *w, const struct set *s, bolter_sparse *x,
                               bolter_error *err)
{
    double squares = 0, scale = 1;
    for (size_t i = 0; i < w->n_seen && s->how.tfidf; i++) {
        double value = value_of(s, w->seen[i], w->count[w->seen[i]]);
        squares += value * value;
    }
    if (squares > 0)
        scale = 1 / sqrt(squares);
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; i < w->n_seen; i++) {
        uint32_t column = w->seen[i];
        if (rc == BOLTER_OK)
            rc = bt_sparse_push(x, column, (float)(scale * value_of(s, column, w->count[column])),
                                err);
        w->count[column] = 0;
    }
    w->n_seen = 0;
    return rc;
}

bolter_status bolter_words_row(bolter_words *w, bolter_sparse *x, const char *utf8, size_t n,
                               bolter_error *err)
{
    if (!w->seen || x->n_col != w->n_columns)
        return bt_fail(err, BOLTER_E_ARG, "words: a row of %zu columns, expected %zu", x->n_col,
                       w->n_columns);
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; i < w->n_sets && rc == BOLTER_OK; i++) {
        struct marking m = {w, &w->set[i]};
        rc = bt_pieces_cut(&w->pieces, m.set->how.kind, utf8, n, err);
        if (rc != BOLTER_OK)
            break;
        bt_pieces_grams(&w->pieces, &m.set->how, mark_gram, &m);
        rc = push_seen(w, m.set, x, err);
    }
    if (rc == BOLTER_OK)
        rc = bt_sparse_end_row(x, err);
    if (rc != BOLTER_OK)
        bt_sparse_drop_row(x);
    return rc;
}
