/* glyph.h - the characters of a text, one by one: what each is to a word, and its lower case. */
#ifndef BT_GLYPH_H
#define BT_GLYPH_H

#include <stddef.h>

enum bt_glyph_kind {
    BT_GLYPH_OTHER, /* punctuation, marks, controls, and bytes that are no UTF-8 */
    BT_GLYPH_WORD,  /* letters and numbers of any script, and "_" */
    BT_GLYPH_BLANK,
    BT_GLYPH_SIGN /* one of $ £ € ! ? % */
};

typedef struct bt_glyph {
    enum bt_glyph_kind kind;
    char utf8[4]; /* in lower case; an invalid byte is U+FFFD */
    size_t n;     /* bytes of it, 1 to 4 */
} bt_glyph;

/* Read the character at s, n > 0 bytes away from the end. Returns the bytes that it takes there,
 * which may differ from g->n. */
size_t bt_glyph_read(bt_glyph *g, const char *s, size_t n);
/* Bytes of the character that begins with this byte of valid UTF-8. */
size_t bt_glyph_bytes(char lead);

#endif
