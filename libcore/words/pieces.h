/*
 * pieces.h - a text cut into pieces (words, or runs without a blank), and the n-grams of these.
 *
 * The pieces lie in one buffer with a blank before, between and after them, in lower case. So each
 * n-gram, whether of words or of characters within a word, is a slice of that buffer.
 */
#ifndef BT_PIECES_H
#define BT_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include "bolter_eval.h"

#define BT_PIECES_MAX ((size_t)64 << 20) /* bytes of one text */

typedef struct bt_piece {
    uint32_t at, end; /* in the buffer */
} bt_piece;

/* Begins zeroed; used again for text after text. */
typedef struct bt_pieces {
    char *text;
    size_t room;
    bt_piece *piece;
    size_t n, cap;
} bt_pieces;

/* Cut n bytes, which may be any, as the kind of grams asks. E_LIMIT, E_NOMEM. */
bolter_status bt_pieces_cut(bt_pieces *p, bolter_gram_kind kind, const char *utf8, size_t n,
                            bolter_error *err);
/* Called for each n-gram in turn; a status other than OK ends the walk. */
typedef bolter_status (*bt_gram_fn)(void *to, const char *gram, size_t n);
/* Walk over the n-grams of what was cut for the same kind. */
bolter_status bt_pieces_grams(const bt_pieces *p, const bolter_grams *g, bt_gram_fn each, void *to);
void bt_pieces_free(bt_pieces *p);

#endif
