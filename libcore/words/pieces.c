/* pieces.c - cuts texts and walks over their n-grams. */
#include "words/pieces.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "words/glyph.h"

/* ---- Cutting ---- */

/* A byte of text becomes at most three (U+FFFD) and a blank. */
static bolter_status make_room(bt_pieces *p, size_t n, bolter_error *err)
{
    if (n > BT_PIECES_MAX)
        return bt_fail(err, BOLTER_E_LIMIT, "words: a text of %zu bytes, expected at most %zu", n,
                       BT_PIECES_MAX);
    size_t room = 4 * n + 2;
    if (room <= p->room)
        return BOLTER_OK;
    bt_release(p->text);
    p->room = 0;
    p->text = bt_alloc_aligned(room, 1);
    if (!p->text)
        return bt_fail(err, BOLTER_E_NOMEM, "words: no memory for a text of %zu bytes", n);
    p->room = room;
    return BOLTER_OK;
}

/* The piece at hand, from at to end in the buffer. */
struct cut {
    bt_pieces *p;
    size_t at, end, n_chars;
    size_t shortest; /* what has fewer characters is no piece */
};

static bolter_status add_piece(bt_pieces *p, size_t at, size_t end, bolter_error *err)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 256;
        bt_piece *piece = bt_realloc_array(p->piece, cap, sizeof *piece);
        if (!piece)
            return bt_fail(err, BOLTER_E_NOMEM, "words: no memory for %zu words", cap);
        p->piece = piece;
        p->cap = cap;
    }
    p->piece[p->n++] = (bt_piece){(uint32_t)at, (uint32_t)end};
    return BOLTER_OK;
}

static bolter_status end_piece(struct cut *c, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    if (c->n_chars >= c->shortest) {
        rc = add_piece(c->p, c->at, c->end, err);
        c->p->text[c->end] = ' ';
        c->at = c->end + 1;
    }
    c->end = c->at;
    c->n_chars = 0;
    return rc;
}

bolter_status bt_pieces_cut(bt_pieces *p, bolter_gram_kind kind, const char *utf8, size_t n,
                            bolter_error *err)
{
    struct cut c = {.p = p, .at = 1, .end = 1, .shortest = kind == BOLTER_GRAM_WORDS ? 2 : 1};
    p->n = 0;
    bolter_status rc = make_room(p, n, err);
    if (rc != BOLTER_OK)
        return rc;
    p->text[0] = ' ';
    bt_glyph g;
    for (size_t i = 0; i < n && rc == BOLTER_OK;) {
        i += bt_glyph_read(&g, utf8 + i, n - i);
        bool sign = kind == BOLTER_GRAM_TOKENS && g.kind == BT_GLYPH_SIGN;
        bool inside =
            kind == BOLTER_GRAM_CHARS ? g.kind != BT_GLYPH_BLANK : g.kind == BT_GLYPH_WORD;
        if (!inside)
            rc = end_piece(&c, err);
        if (inside || sign) {
            memcpy(p->text + c.end, g.utf8, g.n);
            c.end += g.n;
            c.n_chars++;
        }
        if (sign && rc == BOLTER_OK)
            rc = end_piece(&c, err);
    }
    return rc == BOLTER_OK ? end_piece(&c, err) : rc;
}

void bt_pieces_free(bt_pieces *p)
{
    bt_release(p->text);
    bt_release(p->piece);
    *p = (bt_pieces){0};
}

/* ---- N-grams ---- */

static bolter_status word_grams(const bt_pieces *p, const bolter_grams *g, bt_gram_fn each,
                                void *to)
{
    bolter_status rc = BOLTER_OK;
    for (size_t n = g->min_n; n <= g->max_n && n <= p->n; n++)
        for (size_t i = 0; i + n <= p->n && rc == BOLTER_OK; i++) {
            size_t at = p->piece[i].at, end = p->piece[i + n - 1].end;
            rc = each(to, p->text + at, end - at);
        }
    return rc;
}

/* The place n characters after s, or end. */
static const char *after(const char *s, const char *end, size_t n)
{
    for (; n > 0 && s < end; n--)
        s += bt_glyph_bytes(*s);
    return s;
}

/* The n-grams of a word with its blanks; a word that is no longer than n is one, and given once. */
static bolter_status char_grams(const char *word, const char *end, const bolter_grams *g,
                                bt_gram_fn each, void *to)
{
    bolter_status rc = BOLTER_OK;
    for (size_t n = g->min_n; n <= g->max_n && rc == BOLTER_OK; n++) {
        const char *from = word, *until = after(word, end, n);
        rc = each(to, from, (size_t)(until - from));
        if (until == end)
            break;
        while (until < end && rc == BOLTER_OK) {
            from += bt_glyph_bytes(*from);
            until += bt_glyph_bytes(*until);
            rc = each(to, from, (size_t)(until - from));
        }
    }
    return rc;
}

bolter_status bt_pieces_grams(const bt_pieces *p, const bolter_grams *g, bt_gram_fn each, void *to)
{
    if (g->kind != BOLTER_GRAM_CHARS)
        return word_grams(p, g, each, to);
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; i < p->n && rc == BOLTER_OK; i++)
        rc = char_grams(p->text + p->piece[i].at - 1, p->text + p->piece[i].end + 1, g, each, to);
    return rc;
}
