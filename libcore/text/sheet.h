/*
 * sheet.h - the rules of an HTML part's style sheets, as far as they bear on whether text is seen.
 *
 * A rule holds for sure when all of its selectors are simple ones (tag, .class, tag.class, #id, tag#id) and
 * it stands in no block but @media screen or all. Any other rule is in doubt, for every element that the last
 * step of its selectors may mean: it hides nothing, and what it may show is taken for shown (style.h). Unless
 * its first steps name a class, an id or an attribute that no element has: then it does not hold.
 *
 * Limits against hostile sheets: 32768 declarations that matter, counted for each selector; 1 MB of names;
 * 262000 rules; blocks nested 8 deep. When one is passed, nothing at all is hidden. A name of more than 127
 * bytes means any element, in doubt. Reading takes time linear in the bytes, sealing n log n in the
 * declarations, a lookup their logarithm for each word of the class attribute.
 */
#ifndef BT_SHEET_H
#define BT_SHEET_H

#include "base/buf.h"
#include "bolter.h"
#include "text/style.h"

/* What a rule declares of one property, for the elements of a name: a tag, .class, tag.class, #id, tag#id. */
typedef struct bt_sheet_line {
    const char *name; /* while not sealed: unset, see at */
    size_t at, n;     /* the name in names */
    bt_property property;
    bt_value value;
    unsigned rank;
    size_t need; /* of sheet's needs, from 1; 0: none */
    bool doubt;
} bt_sheet_line;

/* What a rule in doubt needs some element to have. */
typedef struct bt_sheet_need {
    size_t at, n; /* in names */
    bool met;
} bt_sheet_need;

typedef struct bt_sheet {
    bt_buf names; /* of selectors, one behind the other */
    bt_sheet_line *lines;
    size_t n, cap;
    bt_sheet_need *needs; /* of rules in doubt */
    size_t n_needs;
    unsigned order; /* of the next rule */
    bool overfull;  /* too much: nothing is hidden */
} bt_sheet;

void bt_sheet_init(bt_sheet *s);
/* Add n bytes of a style element, with its media attribute or NULL (sheet_read.c). E_NOMEM. */
bolter_status bt_sheet_add(bt_sheet *s, const char *css, size_t n, const char *media);
/* Some element has a class, an id or an attribute: mark is . or # or [, and word has n bytes. */
void bt_sheet_meet(bt_sheet *s, char mark, const char *word, size_t n);
/* After the last and before the first lookup. */
void bt_sheet_seal(bt_sheet *s);
/* Declare in style what the rules say of an element; id and class_words may be NULL. Of an overfull sheet:
 * that all is shown, whatever the element's own style says. */
void bt_sheet_look_up(const bt_sheet *s, bt_style *style, const char *tag, const char *id,
                      const char *class_words);
void bt_sheet_free(bt_sheet *s);

#endif
