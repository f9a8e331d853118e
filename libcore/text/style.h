/*
 * style.h - declarations of an element, as far as they bear on whether its text is seen.
 *
 * Of each property the declaration of the highest rank counts, of equal ranks the later one, as in CSS 2.2,
 * section 6.4. A value that is not understood says BT_SAYS_SHOWN, so that it hides nothing and undoes what
 * hides. The same becomes of a declaration in doubt, one of a rule that may or may not hold for the element,
 * unless it would hide: then it is left out.
 */
#ifndef BT_STYLE_H
#define BT_STYLE_H

#include <stdbool.h>
#include <stddef.h>

#include "text/color.h"

typedef enum bt_property {
    BT_DISPLAY, /* HIDDEN, BLOCK, TABLE, INLINE, CONTENTS */
    BT_VISIBILITY,
    BT_OPACITY,
    BT_FONT_SIZE, /* NUMBER of px, FACTOR of the parent's */
    BT_TEXT_COLOR,
    BT_GROUND,       /* color of the background */
    BT_GROUND_IMAGE, /* SHOWN: there is one */
    BT_HEIGHT,       /* HIDDEN: of at most 2 px; and so the next three */
    BT_WIDTH,
    BT_MAX_HEIGHT,
    BT_MAX_WIDTH,
    BT_OVERFLOW, /* HIDDEN: what does not fit is cut off */
    BT_POSITION, /* NUMBER: bt_place */
    BT_FLOAT,
    /* These are never taken back: one declaration of any rank is enough. */
    BT_ROOM_Y, /* SHOWN: padding or a least height, so that a height of 0 is none */
    BT_ROOM_X,
    BT_PAINT, /* SHOWN: shadows, filters and the like, so that colors tell nothing */
    BT_SHIFT, /* SHOWN: text may stand elsewhere than on its parent's background */
    BT_N_PROPERTIES
} bt_property;

typedef enum bt_says {
    BT_SAYS_NOTHING,
    BT_SAYS_SHOWN, /* or: nobody knows */
    BT_SAYS_HIDDEN,
    BT_SAYS_AUTO,
    BT_SAYS_INHERIT,
    BT_SAYS_NUMBER,
    BT_SAYS_FACTOR,
    BT_SAYS_COLOR,
    BT_SAYS_BLOCK,
    BT_SAYS_TABLE,
    BT_SAYS_INLINE,
    BT_SAYS_CONTENTS
} bt_says;

typedef enum bt_place { BT_STATIC, BT_RELATIVE, BT_ABSOLUTE, BT_FIXED } bt_place;

typedef struct bt_value {
    unsigned char says; /* bt_says */
    bt_color color;
    float number;
} bt_value;

typedef struct bt_style { /* all zero: nothing is declared */
    bt_value value[BT_N_PROPERTIES];
    unsigned rank[BT_N_PROPERTIES];
} bt_style;

/* Ranks: attributes such as bgcolor, then rules of style sheets by weight and order, then the style
 * attribute. */
#define BT_RANK_HINT      1U
#define BT_RANK_RULE      2U
#define BT_RANK_INLINE    (1U << 30)
#define BT_RANK_IMPORTANT (1U << 31)

/* Font sizes up to this many px are too small to be read. */
#define BT_TINY 2.0F

void bt_style_set(bt_style *s, bt_property p, bt_value v, unsigned rank, bool doubt);
/* The n bytes of one declaration, "display: none !important". */
void bt_style_declare(bt_style *s, const char *text, size_t n, unsigned rank, bool doubt);
/* The value of a style attribute. */
void bt_style_inline(bt_style *s, const char *text);

/*
 * The next piece of a style attribute, or of a style sheet: what stands before a ; or, in a sheet, before {
 * or } too; comments, strings and brackets are jumped over as a whole. *at is moved behind the piece and its
 * end; *stop is that end, 0 at the end of all. Returns the bytes of the piece, which begins where *at was.
 */
size_t bt_style_piece(const char **at, const char *end, bool sheet, char *stop);

#endif
