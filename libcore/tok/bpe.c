/* bpe.c - byte-pair encoding: a search for short pieces, a heap over a linked list for long ones.
 */
#include "tok/bpe.h"

#include <string.h>

#include "base/mem.h"

/* ---- Short pieces ------------------------------------------------------------------------- */

static size_t lowest(const uint32_t *rank, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (rank[i] < rank[best])
            best = i;
    return best;
}

/* The rule of each pair i, i + 1, apart from its place in the hash table. */
struct pairs {
    uint32_t rank[BT_BPE_SHORT];
    int32_t merged[BT_BPE_SHORT];
};

static void find_rule(const bt_merges *m, const int32_t *ids, struct pairs *p, size_t i)
{
    const bt_merge *rule = bt_merges_find(m, ids[i], ids[i + 1]);
    p->rank[i] = rule->rank;
    p->merged[i] = rule->id;
}

/* Close the gap that the token at i, now n in all, leaves by taking in the next one. */
static void close_gap(int32_t *ids, struct pairs *p, size_t i, size_t n)
{
    for (size_t k = i + 1; k < n; k++) {
        ids[k] = ids[k + 1];
        p->rank[k - 1] = p->rank[k];
        p->merged[k - 1] = p->merged[k];
    }
}

static size_t merge_short(const bt_merges *m, int32_t *ids, size_t n)
{
    struct pairs p;
    for (size_t i = 0; i + 1 < n; i++)
        find_rule(m, ids, &p, i);
    while (n > 1) {
        size_t i = lowest(p.rank, n - 1);
        if (p.rank[i] == BT_NO_RANK)
            break;
        ids[i] = p.merged[i];
        close_gap(ids, &p, i, --n);
        if (i > 0)
            find_rule(m, ids, &p, i - 1);
        if (i + 1 < n)
            find_rule(m, ids, &p, i);
    }
    return n;
}

/* ---- Long pieces -------------------------------------------------------------------------- */

/* A token, at the place of its first byte. Place 0 is never to the right: next 0 ends the list. */
struct bt_bpe_node {
    uint32_t prev, next;
    uint32_t rank; /* of the pair with the next token; BT_NO_RANK also once merged away */
    int32_t id, merged;
};

/*
 * The heap holds rank << 32 | place. Entries are never taken out early: one counts only if its
 * place still has its rank.
 */
struct heap {
    uint64_t *entry;
    size_t n;
};

static void sift_down(struct heap *h, size_t i)
{
    uint64_t moved = h->entry[i];
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && h->entry[child + 1] < h->entry[child])
            child++;
        if (moved <= h->entry[child])
            break;
        h->entry[i] = h->entry[child];
    }
    h->entry[i] = moved;
}

static void push(struct heap *h, uint64_t entry)
{
    size_t i = h->n++;
    for (; i > 0 && entry < h->entry[(i - 1) / 2]; i = (i - 1) / 2)
        h->entry[i] = h->entry[(i - 1) / 2];
    h->entry[i] = entry;
}

static uint64_t pop(struct heap *h)
{
    uint64_t top = h->entry[0];
    h->entry[0] = h->entry[--h->n];
    if (h->n)
        sift_down(h, 0);
    return top;
}

static void rank_pair(const bt_merges *m, struct bt_bpe_node *node, size_t i)
{
    node[i].rank = BT_NO_RANK;
    if (!node[i].next)
        return;
    const bt_merge *rule = bt_merges_find(m, node[i].id, node[node[i].next].id);
    node[i].rank = rule->rank;
    node[i].merged = rule->id;
}

/* Rank the pair at i anew and queue it. */
static void renew(const bt_merges *m, struct bt_bpe_node *node, struct heap *h, uint32_t i)
{
    rank_pair(m, node, i);
    if (node[i].rank != BT_NO_RANK)
        push(h, (uint64_t)node[i].rank << 32 | i);
}

static void merge_at(const bt_merges *m, struct bt_bpe_node *node, struct heap *h, uint32_t i)
{
    uint32_t gone = node[i].next;
    node[i].id = node[i].merged;
    node[i].next = node[gone].next;
    node[gone].rank = BT_NO_RANK;
    if (node[i].next)
        node[node[i].next].prev = i;
    renew(m, node, h, i);
    if (i)
        renew(m, node, h, node[i].prev);
}

static bool reserve(bt_bpe_work *w, size_t n)
{
    if (n <= w->cap)
        return true;
    bt_bpe_work_free(w);
    w->node = bt_alloc_array(n, sizeof *w->node);
    /* Each merge takes one entry out and puts at most two in, and there are fewer than n. */
    w->heap = bt_alloc_array(n, 2 * sizeof *w->heap);
    if (!w->node || !w->heap) {
        bt_bpe_work_free(w);
        return false;
    }
    w->cap = n;
    return true;
}

static size_t merge_long(const bt_merges *m, int32_t *ids, size_t n, bt_bpe_work *w)
{
    struct bt_bpe_node *node = w->node;
    struct heap h = {w->heap, 0};
    for (uint32_t i = 0; i < n; i++)
        node[i] = (struct bt_bpe_node){
            .prev = i ? i - 1 : 0, .next = i + 1 < n ? i + 1 : 0, .id = ids[i]};
    for (uint32_t i = 0; i < n; i++) {
        rank_pair(m, node, i);
        if (node[i].rank != BT_NO_RANK)
            h.entry[h.n++] = (uint64_t)node[i].rank << 32 | i;
    }
    for (size_t i = h.n / 2; i-- > 0;)
        sift_down(&h, i);
    while (h.n) {
        uint64_t top = pop(&h);
        uint32_t i = (uint32_t)top;
        if (node[i].rank == (uint32_t)(top >> 32))
            merge_at(m, node, &h, i);
    }
    size_t left = 0;
    for (uint32_t i = 0; left == 0 || i; i = node[i].next)
        ids[left++] = node[i].id;
    return left;
}

bool bt_bpe_merge(const bt_merges *m, int32_t *ids, size_t *n, bt_bpe_work *work)
{
    if (*n <= BT_BPE_SHORT) {
        *n = merge_short(m, ids, *n);
        return true;
    }
    if (!reserve(work, *n))
        return false;
    *n = merge_long(m, ids, *n, work);
    return true;
}

void bt_bpe_work_free(bt_bpe_work *w)
{
    bt_release(w->node);
    bt_release(w->heap);
    *w = (bt_bpe_work){0};
}
