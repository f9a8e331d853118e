/*
 * bpe.h - byte-pair encoding of one piece: merge neighbouring tokens, the rule of lowest rank first
 * and of its places the leftmost, until no rule applies. Source: Sennrich, Haddow, Birch 2016,
 * "Neural Machine Translation of Rare Words with Subword Units", section 3.2.
 */
#ifndef BT_BPE_H
#define BT_BPE_H

#include "tok/merges.h"

/* Up to here searching all pairs is faster than a heap, and needs no memory. */
#define BT_BPE_SHORT 64

/* Memory of long pieces, kept from one to the next. Starts zeroed. */
typedef struct bt_bpe_work {
    struct bt_bpe_node *node;
    uint64_t *heap;
    size_t cap; /* nodes; twice as many heap entries */
} bt_bpe_work;

/*
 * Merge the n tokens of ids in place; *n becomes what is left. n tokens take O(n log n) time. False
 * without memory, which n <= BT_BPE_SHORT never needs.
 */
bool bt_bpe_merge(const bt_merges *m, int32_t *ids, size_t *n, bt_bpe_work *work);
void bt_bpe_work_free(bt_bpe_work *work);

#endif
