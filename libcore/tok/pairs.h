/*
 * pairs.h - which tokens stand beside each other while merges are learned: of each pair how often it
 * occurs, and in which words. The most frequent pair is found by a heap.
 */
#ifndef BT_PAIRS_H
#define BT_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bt_pair {
    uint64_t key; /* left << 32 | right */
    uint64_t count;
    uint32_t place; /* the first of its list of places; 0: none */
} bt_pair;

typedef struct bt_place {
    uint32_t word, next; /* next 0: the last */
} bt_place;

struct bt_pairs_top;

/* Begins zeroed. */
typedef struct bt_pairs {
    bt_pair *pair; /* in the order in which they came up */
    size_t n, cap;
    uint32_t *slot; /* hash table of index + 1 in pair */
    size_t mask;
    bt_place *place; /* from 1 */
    size_t n_place, cap_place;
    uint32_t unused; /* list of places that are free again */
    struct bt_pairs_top *heap;
    size_t n_heap, cap_heap;
} bt_pairs;

static inline uint64_t bt_pair_key(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

/* Count an occurrence in a word, which stands for so many of its like. False without memory, or at
 * 2^32 pairs or places. */
bool bt_pairs_add(bt_pairs *p, int32_t left, int32_t right, uint32_t word, uint64_t count);
/* One that was added goes again; its place may stay behind, so a list may name words in vain. */
void bt_pairs_remove(bt_pairs *p, int32_t left, int32_t right, uint64_t count);
/* Take the next word off the list of a pair; false at its end. */
bool bt_pairs_next(bt_pairs *p, size_t index, uint32_t *word);

/* Let the pairs from an index on take part in bt_pairs_top(), if they occur min times: from now on they
 * only become fewer. False without memory. */
bool bt_pairs_offer(bt_pairs *p, size_t from, uint64_t min);
/*
 * Take the pair that occurs most often, and of several the one of the lowest left id, then right id.
 * False where none is left that occurs min times.
 */
bool bt_pairs_top(bt_pairs *p, uint64_t min, size_t *index);

void bt_pairs_free(bt_pairs *p);

#endif
