/* merges.h - the rules of merges.txt: which two neighbouring tokens become one, and which rule
 * first. */
#ifndef BT_MERGES_H
#define BT_MERGES_H

#include "tok/vocab.h"

#define BT_NO_RANK UINT32_MAX

typedef struct bt_merge {
    uint64_t pair; /* left id << 32 | right id */
    uint32_t rank; /* the lowest goes first; BT_NO_RANK: the slot is free */
    int32_t id;    /* what the pair becomes */
} bt_merge;

typedef struct bt_merges {
    const bt_merge *slot; /* open-addressing hash table */
    size_t mask;          /* number of slots - 1 */
    uint32_t n;
    bt_merge *own; /* its memory; NULL where it is mapped */
} bt_merges;

/*
 * Read merges.txt: a line of two tokens and a space for each rule, by rank. The first line may be
 * "#version..."; empty lines do not count. On failure m is empty. E_IO, E_FORMAT, E_LIMIT, E_NOMEM.
 */
bolter_status bt_merges_open(bt_merges *m, const char *path, const bt_vocab *v,
                             const bt_alphabet *a, bolter_error *err);
void bt_merges_free(bt_merges *m);

static inline size_t bt_merges_first_slot(const bt_merges *m, uint64_t pair)
{
    uint64_t h = pair * 0x9e3779b97f4a7c15u;
    return (h ^ h >> 32) & m->mask;
}

/* The rule of a pair; its rank is BT_NO_RANK where there is none. */
static inline const bt_merge *bt_merges_find(const bt_merges *m, int32_t left, int32_t right)
{
    uint64_t pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t i = bt_merges_first_slot(m, pair);
    while (m->slot[i].pair != pair && m->slot[i].rank != BT_NO_RANK)
        i = (i + 1) & m->mask;
    return &m->slot[i];
}

#endif
