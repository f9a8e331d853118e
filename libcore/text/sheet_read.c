/*
 * sheet_read.c - a style sheet becomes lines of name, property, value and rank.
 *
 * It is read piece by piece (bt_style_piece): a piece before { opens a block, one before ; or } is a
 * declaration of the block it stands in. At the end of a block its declarations are stored once for each of
 * its selectors.
 *
 * A rule in doubt is dropped where its selector needs a class, an id or an attribute that no element has:
 * rules for one webmail begin with what that webmail alone adds.
 *
 * Source: CSS Syntax Module Level 3, section 5; Selectors Level 3; CSS Cascading and Inheritance Level 4,
 * section 6.
 */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "text/selector.h"
#include "text/sheet.h"

enum {
    MAX_LINES = 32768,
    MAX_NEEDS = 256, /* more are not asked for, and taken for met */
    MAX_DEPTH = 8,   /* blocks in blocks */
    MAX_RULES = 1 << 18,
    ORDER_BITS = 18,
    WEIGHT_DOUBT = 0xfff /* more than any that is known */
};

enum kind { SURE, DOUBTFUL, RULE, SKIPPED };

struct block {
    enum kind kind;
    const char *selectors; /* of a RULE */
    size_t n;
    bool doubt;
    bt_style sure, maybe; /* what was declared in it */
};

struct reading {
    bt_sheet *sheet;
    struct block blocks[MAX_DEPTH];
    size_t depth;
    bool doubt;  /* from outside of all blocks */
    bool spoilt; /* what stands before the next block makes it invalid */
    bolter_status status;
};

/* ---- Storing ---- */

static void store_line(struct reading *r, const bt_sheet_line *line)
{
    bt_sheet *s = r->sheet;
    if (s->n == MAX_LINES)
        s->overfull = true;
    if (s->overfull || r->status != BOLTER_OK)
        return;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        bt_sheet_line *more = bt_realloc_array(s->lines, cap, sizeof *more);
        if (!more) {
            r->status = BOLTER_E_NOMEM;
            return;
        }
        s->lines = more;
        s->cap = cap;
    }
    s->lines[s->n++] = *line;
}

static void store_name(struct reading *r, const char *name, size_t n)
{
    if (bt_buf_room(&r->sheet->names) < n)
        r->sheet->overfull = true;
    else if (!bt_buf_append(&r->sheet->names, name, n))
        r->status = BOLTER_E_NOMEM;
}

/* Each declaration of a style, for the elements of a name. */
static void store(struct reading *r, const bt_step *name, const bt_style *style, size_t need)
{
    bt_sheet *s = r->sheet;
    bool doubt = name->weight == WEIGHT_DOUBT;
    bt_sheet_line line = {.at = s->names.len, .n = name->n, .doubt = doubt, .need = need};
    store_name(r, name->text, name->n);
    for (int p = 0; p < BT_N_PROPERTIES; p++) {
        if (style->value[p].says == BT_SAYS_NOTHING)
            continue;
        line.property = (bt_property)p;
        line.value = style->value[p];
        line.rank =
            (style->rank[p] & BT_RANK_IMPORTANT) | name->weight << ORDER_BITS | (BT_RANK_RULE + s->order);
        store_line(r, &line);
    }
}

/* ---- Rules ---- */

/* The number of what the first steps of a selector need, or 0. */
static size_t store_need(struct reading *r, const char *s, const char *end)
{
    bt_sheet *sheet = r->sheet;
    size_t n = bt_selector_need(&s, end);
    if (n == 0 || sheet->n_needs == MAX_NEEDS)
        return 0;
    bt_sheet_need *more = sheet->needs;
    if (!more)
        more = bt_alloc_array(MAX_NEEDS, sizeof *more);
    if (!more) {
        r->status = BOLTER_E_NOMEM;
        return 0;
    }
    sheet->needs = more;
    for (size_t i = 0; i < sheet->n_needs; i++)
        if (more[i].n == n && memcmp(sheet->names.data + more[i].at, s, n) == 0)
            return i + 1;
    more[sheet->n_needs++] = (bt_sheet_need){.at = sheet->names.len, .n = n};
    store_name(r, s, n);
    return sheet->n_needs;
}

static void store_rule(struct reading *r, const struct block *b)
{
    bt_step name;
    const char *s = b->selectors, *end = s + b->n;
    bool doubt = b->doubt || !bt_selectors_are_simple(s, end);
    for (bool more = true; more && !r->sheet->overfull && r->status == BOLTER_OK;) {
        const char *from = s, *to = bt_selector_end(s, end);
        more = to < end;
        s = to + more;
        bt_selector_trim(&from, &to);
        const char *step = bt_selector_last_step(from, to);
        bt_selector_step(&name, step, to);
        if (doubt)
            name.weight = WEIGHT_DOUBT;
        store(r, &name, doubt ? &b->maybe : &b->sure, doubt ? store_need(r, from, step) : 0);
    }
    if (++r->sheet->order >= MAX_RULES - BT_RANK_RULE - 1)
        r->sheet->overfull = true;
}

/* ---- Blocks ---- */

static bool is_word(const char *s, const char *end, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(end - s) == n && strncasecmp(s, word, n) == 0;
}

/* Media that every reader has, or none are named. */
static bool is_for_all(const char *s, const char *end)
{
    bt_selector_trim(&s, &end);
    return s == end || is_word(s, end, "all") || is_word(s, end, "screen") || is_word(s, end, "only screen");
}

static enum kind kind_of(const char *s, const char *end)
{
    static const char *const skipped[] = {"@font-face",         "@page",           "@keyframes",
                                          "@-webkit-keyframes", "@-moz-keyframes", "@counter-style",
                                          "@property"};
    if (s == end || *s != '@')
        return RULE;
    const char *word = s + 1;
    while (word < end && bt_selector_char(*word))
        word++;
    if (is_word(s, word, "@media"))
        return is_for_all(word, end) ? SURE : DOUBTFUL;
    for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
        if (is_word(s, word, skipped[i]))
            return SKIPPED;
    return DOUBTFUL;
}

static bool begins(const char *s, const char *end, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(end - s) >= n && memcmp(s, word, n) == 0;
}

/* Leave out what may stand before a selector: blanks, comments, and the marks of comments of HTML. */
static void trim_prelude(const char **s, const char **end)
{
    bt_selector_trim(s, end);
    for (bool more = true; more; bt_selector_trim(s, end)) {
        more = true;
        if (begins(*s, *end, "/*")) {
            const char *close = *end - *s >= 4 ? memmem(*s + 2, (size_t)(*end - *s) - 2, "*/", 2) : NULL;
            *s = close ? close + 2 : *end;
        } else if (begins(*s, *end, "<!--")) {
            *s += 4;
        } else if (begins(*s, *end, "-->")) {
            *s += 3;
        } else {
            more = false;
        }
    }
}

static void open_block(struct reading *r, const char *s, const char *end)
{
    if (r->depth == MAX_DEPTH) {
        r->sheet->overfull = true;
        return;
    }
    trim_prelude(&s, &end);
    const struct block *outer = r->depth > 0 ? &r->blocks[r->depth - 1] : NULL;
    struct block *b = &r->blocks[r->depth++];
    *b = (struct block){.kind = kind_of(s, end), .selectors = s, .n = (size_t)(end - s)};
    if (outer && outer->kind == SKIPPED)
        b->kind = SKIPPED;
    b->doubt =
        r->doubt || r->spoilt || b->kind == DOUBTFUL || (outer && (outer->doubt || outer->kind == RULE));
    if (b->kind == RULE && memmem(s, b->n, "/*", 2)) {
        b->doubt = true;
        b->selectors = "*";
        b->n = 1;
    }
    r->spoilt = false;
}

static void close_block(struct reading *r)
{
    if (r->depth == 0) {
        r->spoilt = true;
        return;
    }
    const struct block *b = &r->blocks[--r->depth];
    static const struct block any = {.kind = RULE, .selectors = "*", .n = 1, .doubt = true};
    if (b->kind == RULE) {
        store_rule(r, b);
    } else if (b->kind != SKIPPED && r->depth > 0) {
        struct block nested = any; /* @media in a rule: declarations for whatever the rule means */
        nested.maybe = b->maybe;
        store_rule(r, &nested);
    }
}

static void declare(struct reading *r, const char *s, size_t n)
{
    if (r->depth == 0) {
        const char *end = s + n;
        trim_prelude(&s, &end);
        r->spoilt = r->spoilt || s == end || *s != '@';
        return;
    }
    struct block *b = &r->blocks[r->depth - 1];
    bt_style_declare(&b->sure, s, n, 0, false);
    bt_style_declare(&b->maybe, s, n, 0, true);
}

bolter_status bt_sheet_add(bt_sheet *s, const char *css, size_t n, const char *media)
{
    struct reading r = {.sheet = s, .doubt = media && !is_for_all(media, media + strlen(media))};
    const char *at = css, *end = css + n;
    while (at < end && !s->overfull && r.status == BOLTER_OK) {
        const char *piece = at;
        char stop;
        size_t len = bt_style_piece(&at, end, true, &stop);
        if (stop == '{') {
            open_block(&r, piece, piece + len);
        } else {
            if (stop == ';' || r.depth > 0)
                declare(&r, piece, len);
            if (stop == '}')
                close_block(&r);
        }
    }
    while (r.depth > 0 && r.status == BOLTER_OK)
        close_block(&r);
    return r.status;
}
