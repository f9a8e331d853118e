/*
 * pretok.h - cut text into the pieces that byte-pair merges never cross.
 *
 * This is GPT-2's pattern
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * read as rules: a piece is an English contraction's tail; or a run of letters, of numbers or of
 * other characters, with at most one space (U+0020) before it; or white space, which leaves its
 * last character to the piece that follows, unless that is all there is.
 */
#ifndef BT_PRETOK_H
#define BT_PRETOK_H

#include "tok/charclass.h"

/* The end of the piece that starts at pos < n. */
size_t bt_pretok_end(const bt_charclass *t, const unsigned char *s, size_t n, size_t pos);

#endif
