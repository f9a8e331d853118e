/* collect.h - the inside of a collection, shared by the files that clean, split and write it. */
#ifndef BT_COLLECT_H
#define BT_COLLECT_H

#include <stdint.h>

#include "bolter_data.h"
#include "base/hash.h"
#include "data/near.h"
#include "data/split.h"
#include "data/words.h"
#include "text/envelope.h"

#define BT_LABELS_MAX 1000
#define BT_PARTS      5 /* values of bolter_part */

typedef struct bt_item {
    bolter_item pub; /* id and text owned */
    bolter_part part;
    uint64_t key;  /* hash of the words: the same for the same text */
    size_t parent; /* items that stay together form a tree, see bt_unit_of() */
    int64_t time;
    uint64_t sender;  /* hash of the domain, 0: unknown */
    uint64_t *thread; /* hashes of message ids and of the subject; owned */
    size_t n_thread;
    bool dated;
} bt_item;

struct bolter_collection {
    bolter_collection_options o;
    bolter_text *text;
    bt_envelope envelope;
    bt_charclass classes;
    bt_buf words; /* scratch */
    bt_split split;
    char **label; /* owned */
    size_t n_label;
    bt_item *item;
    size_t n, cap;
    size_t *row[BT_PARTS]; /* items of a part in order, made by bt_collection_arrange() */
    size_t n_row[BT_PARTS];
};

/* The item that stands for all that stay with item i; and make two such groups one. */
size_t bt_unit_of(bolter_collection *c, size_t i);
void bt_unite(bolter_collection *c, size_t i, size_t k);
/* The words of item i, in c->words until the next call: of mail those of its body, so that copies
 * sent under other names and subjects are found, unless that is short. E_NOMEM. */
bolter_status bt_item_words(bolter_collection *c, size_t i, bolter_error *err);
/* The index of a label, or -1. */
int32_t bt_label_index(const bolter_collection *c, const char *name);
/* List the rows of the parts; order is a permutation of all items, NULL: as they were read. */
bolter_status bt_collection_arrange(bolter_collection *c, const size_t *order, bolter_error *err);
/* Tell the caller how far a slow step is. */
void bt_collection_progress(const bolter_collection *c, const char *doing, uint64_t done,
                            uint64_t total);
bolter_status bt_collection_no_memory(bolter_error *err);

#endif
