/*
 * charclass.h - which code points are letters, numbers, white space: the \p{L}, \p{N} and \s of the
 * splitting pattern.
 *
 * The table is our own, of one Unicode version, and not the C library's or GLib's: ids are part of
 * a model, so they must not change with the machine. Unicode 16.0 is what the reference tokenizer
 * knows.
 */
#ifndef BT_CHARCLASS_H
#define BT_CHARCLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bt_class { BT_OTHER = 0, BT_LETTER = 1, BT_NUMBER = 2, BT_SPACE = 3 };

/* Every code point from here on is BT_OTHER. */
#define BT_CLASS_END 0x32400u

typedef struct bt_charclass {
    uint8_t ascii[128];                /* one class each */
    uint8_t packed[BT_CLASS_END / 4u]; /* four classes each, the lowest bits first */
} bt_charclass;

/* Fill the table. */
void bt_charclass_init(bt_charclass *t);

static inline enum bt_class bt_class_of(const bt_charclass *t, uint32_t point)
{
    if (point >= BT_CLASS_END)
        return BT_OTHER;
    return (enum bt_class)(t->packed[point / 4] >> (point % 4 * 2) & 3);
}

/*
 * The code point at s[0], n > 0 bytes away from the end, and its length in *len. A byte that begins
 * no well-formed sequence (too long, a surrogate, above U+10FFFF, cut off) is U+FFFD of length 1.
 */
uint32_t bt_codepoint(const unsigned char *s, size_t n, size_t *len);

#endif
