/*
 * sheet.c - the rules of an HTML part's style sheets, as far as they bear on whether text is seen.
 *
 * A sheet is read piece by piece (bt_style_piece): a piece before { opens a block, one before ; or } is a
 * declaration of the block it stands in. At the end of a block its declarations are stored once for each of
 * its selectors, as lines of name, property, value and rank. Sealed, the lines are sorted, and of each name
 * and property only the one of the highest rank is left.
 *
 * A rule in doubt is dropped where its selector needs a class, an id or an attribute that no element has:
 * rules for one webmail begin with what that webmail alone adds.
 *
 * Source: CSS Syntax Module Level 3, section 5; Selectors Level 3; CSS Cascading and Inheritance Level 4,
 * section 6.
 */
#include "text/sheet.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "text/selector.h"

enum {
    MAX_LINES = 32768,
    MAX_NEEDS = 256, /* more are not asked for, and taken for met */
    MAX_DEPTH = 8,   /* blocks in blocks */
    BT_MAX_NAMES = 1 << 20,
    MAX_RULES = 1 << 18,
    ORDER_BITS = 18,
    WEIGHT_DOUBT = 0xfff /* more than any that is known */
};

struct bt_sheet_line {
    const char *name; /* while not sealed: unset, see at */
    size_t at, n;     /* the name in names */
    bt_property property;
    bt_value value;
    unsigned rank;
    size_t need; /* of sheet's needs, from 1; 0: none */
    bool doubt;
};

struct bt_sheet_need {
    size_t at, n; /* in names */
    bool met;
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

void bt_sheet_init(bt_sheet *s)
{
    *s = (bt_sheet){0};
    bt_buf_init(&s->names, BT_MAX_NAMES);
}

void bt_sheet_free(bt_sheet *s)
{
    bt_buf_free(&s->names);
    bt_release(s->lines);
    bt_release(s->needs);
    s->lines = NULL;
    s->needs = NULL;
    s->n = s->cap = s->n_needs = 0;
}

/* ---- Storing ---- */

static void store_line(struct reading *r, const struct bt_sheet_line *line)
{
    bt_sheet *s = r->sheet;
    if (s->n == MAX_LINES)
        s->overfull = true;
    if (s->overfull || r->status != BOLTER_OK)
        return;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        struct bt_sheet_line *more = bt_realloc_array(s->lines, cap, sizeof *more);
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
    struct bt_sheet_line line = {.at = s->names.len, .n = name->n, .doubt = doubt, .need = need};
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
    struct bt_sheet_need *more = sheet->needs;
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
    more[sheet->n_needs++] = (struct bt_sheet_need){.at = sheet->names.len, .n = n};
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

/* ---- Lookup ---- */

static int compare_names(const char *a, size_t n, const char *b, size_t m)
{
    int order = memcmp(a, b, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

static int compare_lines(const void *pa, const void *pb)
{
    const struct bt_sheet_line *a = pa, *b = pb;
    int order = compare_names(a->name, a->n, b->name, b->n);
    if (order == 0)
        order = (a->property > b->property) - (a->property < b->property);
    return order ? order : (a->rank > b->rank) - (a->rank < b->rank);
}

void bt_sheet_meet(bt_sheet *s, char mark, const char *word, size_t n)
{
    for (size_t i = 0; i < s->n_needs; i++) {
        const char *need = s->names.data + s->needs[i].at;
        if (s->needs[i].n == n + 1 && need[0] == mark && memcmp(need + 1, word, n) == 0)
            s->needs[i].met = true;
    }
}

/* Leave out the lines whose needs are not met. */
static void drop_unmet(bt_sheet *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->lines[i].need == 0 || s->needs[s->lines[i].need - 1].met)
            s->lines[kept++] = s->lines[i];
    s->n = kept;
}

void bt_sheet_seal(bt_sheet *s)
{
    size_t kept = 0;
    if (!s->overfull)
        drop_unmet(s);
    if (s->overfull || s->n == 0)
        return;
    for (size_t i = 0; i < s->n; i++)
        s->lines[i].name = s->names.data + s->lines[i].at;
    qsort(s->lines, s->n, sizeof *s->lines, compare_lines);
    for (size_t i = 0; i < s->n; i++) {
        const struct bt_sheet_line *line = &s->lines[i], *next = line + 1;
        bool last = i + 1 == s->n || line->property != next->property ||
                    compare_names(line->name, line->n, next->name, next->n) != 0;
        if (last)
            s->lines[kept++] = *line;
    }
    s->n = kept;
}

static void look_up(const bt_sheet *s, bt_style *style, const char *name, size_t n)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (compare_names(s->lines[mid].name, s->lines[mid].n, name, n) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < s->n; low++) {
        const struct bt_sheet_line *line = &s->lines[low];
        if (compare_names(line->name, line->n, name, n) != 0)
            return;
        bt_style_set(style, line->property, line->value, line->rank, line->doubt);
    }
}

/* mark is . or #: for the word alone, and for the word of this tag. */
static void look_up_word(const bt_sheet *s, bt_style *style, const char *tag, char mark, const char *word,
                         size_t n)
{
    char name[2 * BT_MAX_NAME + 2];
    size_t tag_len = strlen(tag);
    if (n == 0 || n > BT_MAX_NAME || tag_len > BT_MAX_NAME)
        return;
    memcpy(name, tag, tag_len);
    name[tag_len] = mark;
    memcpy(name + tag_len + 1, word, n);
    look_up(s, style, name + tag_len, n + 1);
    if (tag_len > 0)
        look_up(s, style, name, tag_len + 1 + n);
}

void bt_sheet_look_up(const bt_sheet *s, bt_style *style, const char *tag, const char *id,
                      const char *class_words)
{
    static const bt_value shown = {.says = BT_SAYS_SHOWN};
    for (int p = 0; s->overfull && p < BT_N_PROPERTIES; p++)
        bt_style_set(style, (bt_property)p, shown, ~0U, true);
    if (s->overfull || s->n == 0)
        return;
    look_up(s, style, "*", 1);
    look_up(s, style, tag, strlen(tag));
    if (id)
        look_up_word(s, style, tag, '#', id, strlen(id));
    while (class_words && *class_words) {
        class_words += strspn(class_words, " \t\r\n\f");
        size_t n = strcspn(class_words, " \t\r\n\f");
        look_up_word(s, style, tag, '.', class_words, n);
        class_words += n;
    }
}
