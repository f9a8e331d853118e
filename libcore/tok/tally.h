/*
 * tally.h - how often each piece of text occurs.
 *
 * What a tokenizer learns from is this table and not the text: mail has a few hundred thousand
 * different pieces, however much of it there is.
 */
#ifndef BT_TALLY_H
#define BT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

typedef struct bt_tally_slot {
    uint64_t key;
    uint64_t count; /* 0: the slot is free */
    size_t at;      /* of the piece, in bytes */
    size_t len;
} bt_tally_slot;

/* Begins zeroed. */
typedef struct bt_tally {
    bt_tally_slot *slot; /* open-addressing hash table of mask + 1; NULL before the first piece */
    size_t mask, n;      /* n slots are taken */
    bt_buf bytes;        /* of all pieces, one after the other */
} bt_tally;

/* Count a piece of n > 0 bytes so many times more. False without memory. */
bool bt_tally_add(bt_tally *t, const unsigned char *piece, size_t n, uint64_t count);
/* The same for all of another table. */
bool bt_tally_add_all(bt_tally *t, const bt_tally *other);
/* Forget all pieces, keep the memory. */
void bt_tally_clear(bt_tally *t);
/*
 * Where there are more than max pieces, drop the rarest: those of one count all together, until at
 * most half of max are left. What goes depends on the counts alone. *n and *count are how many pieces
 * went and how often they had occurred. False without memory; t is then as it was.
 */
bool bt_tally_trim(bt_tally *t, size_t max, uint64_t *n, uint64_t *count);
void bt_tally_free(bt_tally *t);

#endif
