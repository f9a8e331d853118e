/*
 * hidden.h - does the reader see an element's text?
 *
 * What hides: display:none and the hidden attribute, visibility, an opacity below 0.1, a font of at most 2
 * px, a box of no height or width that cuts off what does not fit, and a color that is transparent or the
 * background's. Where it is in doubt, the text is seen: for a filter, words that were left out wrongly are
 * worse than words too many. So these hide nothing:
 *   - mso-hide, which Outlook for Windows alone knows: buttons for all others have it
 *   - text shifted off the screen (position, text-indent, margins), clip, clip-path: several webmails take
 *     these away, and then the text is seen
 *   - a color, where the background is an image or is not known, or the text may stand beside it
 *   - aria-hidden, which is about readers' voices
 */
#ifndef BT_HIDDEN_H
#define BT_HIDDEN_H

#include <stdbool.h>

#include "text/style.h"

/* How an element is laid out unless a style says otherwise. Only a block's height can be less than its
 * text's. */
typedef enum bt_box { BT_BOX_INLINE, BT_BOX_BLOCK, BT_BOX_OTHER } bt_box;

typedef struct bt_look {
    bool gone;      /* by display or opacity; no child undoes it */
    bool invisible; /* by visibility; a child may undo it, and so all below */
    unsigned char cut_off; /* by a box of no size; 1: a child may be placed outside of it, 2: a fixed one */
    bool painted;       /* colors tell nothing */
    bool inline_ground; /* the background is that of an inline element, and ends where a block begins */
    float font_px;
    bt_color color, ground;
} bt_look;

/* Black on white, as a page begins. */
bt_look bt_look_root(void);
/* An element in a parent. */
bt_look bt_look_child(const bt_look *parent, const bt_style *style, bt_box box);
/* Neither its text nor its images are seen, but for what a child may undo. */
bool bt_look_hides_all(const bt_look *look);
/* Its text is not seen; images may be. */
bool bt_look_hides_text(const bt_look *look);
/* Its text has a place in the line, seen or, in the color of the background, not. */
bool bt_look_takes_room(const bt_look *look);

/* Declare what a tag itself and one of its attributes say; not the style attribute, which is
 * bt_style_inline()'s. */
void bt_hint_tag(bt_style *s, const char *tag);
void bt_hint_attribute(bt_style *s, const char *tag, const char *name, const char *value);

#endif
