/* pairs.c - counts and places of pairs, and a heap of them. */
#include "tok/pairs.h"

#include "base/mem.h"

#define FIRST_SLOTS ((size_t)4096)

/* An entry of the heap, with the count that the pair had when it was put there. */
struct bt_pairs_top {
    uint64_t count, key;
    uint32_t index;
};

/* ---- Table -------------------------------------------------------------------------------- */

static size_t first_slot(uint64_t key, size_t mask)
{
    uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);
    return (h ^ h >> 32) & mask;
}

static uint32_t *find(const bt_pairs *p, uint64_t key)
{
    size_t i = first_slot(key, p->mask);
    while (p->slot[i] && p->pair[p->slot[i] - 1].key != key)
        i = (i + 1) & p->mask;
    return &p->slot[i];
}

/* One more element for an array, whose capacity doubles. */
static bool make_room(void *array, size_t n, size_t *cap, size_t size)
{
    void **p = array;
    if (n < *cap)
        return true;
    size_t more = *cap ? 2 * *cap : 1024;
    void *grown = bt_realloc_array(*p, more, size);
    if (!grown)
        return false;
    *p = grown;
    *cap = more;
    return true;
}

static bool grow_table(bt_pairs *p)
{
    size_t n = p->slot ? 2 * (p->mask + 1) : FIRST_SLOTS;
    uint32_t *slot = bt_alloc_array(n, sizeof *slot);
    if (!slot)
        return false;
    bt_release(p->slot);
    p->slot = slot;
    p->mask = n - 1;
    for (size_t i = 0; i < p->n; i++)
        *find(p, p->pair[i].key) = (uint32_t)i + 1;
    return true;
}

/* The entry of a pair, made if need be; NULL without memory. */
static bt_pair *obtain(bt_pairs *p, uint64_t key)
{
    if ((!p->slot || 2 * p->n > p->mask) && !grow_table(p))
        return NULL;
    uint32_t *slot = find(p, key);
    if (*slot == 0) {
        if (p->n == UINT32_MAX - 1 || !make_room(&p->pair, p->n, &p->cap, sizeof *p->pair))
            return NULL;
        p->pair[p->n] = (bt_pair){.key = key};
        *slot = (uint32_t)++p->n;
    }
    return &p->pair[*slot - 1];
}

/* ---- Places ------------------------------------------------------------------------------- */

static uint32_t new_place(bt_pairs *p)
{
    uint32_t at = p->unused;
    if (at) {
        p->unused = p->place[at].next;
        return at;
    }
    size_t next = p->n_place ? p->n_place : 1;
    if (next == UINT32_MAX || !make_room(&p->place, next, &p->cap_place, sizeof *p->place))
        return 0;
    p->n_place = next + 1;
    return (uint32_t)next;
}

bool bt_pairs_add(bt_pairs *p, int32_t left, int32_t right, uint32_t word, uint64_t count)
{
    bt_pair *pair = obtain(p, bt_pair_key(left, right));
    if (!pair)
        return false;
    pair->count += count;
    /* Words are walked through one after the other: what it has of this pair is at the front. */
    if (pair->place && p->place[pair->place].word == word)
        return true;
    uint32_t at = new_place(p);
    if (!at)
        return false;
    p->place[at] = (bt_place){.word = word, .next = pair->place};
    pair->place = at;
    return true;
}

void bt_pairs_remove(bt_pairs *p, int32_t left, int32_t right, uint64_t count)
{
    p->pair[*find(p, bt_pair_key(left, right)) - 1].count -= count;
}

bool bt_pairs_next(bt_pairs *p, size_t index, uint32_t *word)
{
    uint32_t at = p->pair[index].place;
    if (!at)
        return false;
    *word = p->place[at].word;
    p->pair[index].place = p->place[at].next;
    p->place[at].next = p->unused;
    p->unused = at;
    return true;
}

/* ---- Heap --------------------------------------------------------------------------------- */

static bool before(const struct bt_pairs_top *a, const struct bt_pairs_top *b)
{
    return a->count != b->count ? a->count > b->count : a->key < b->key;
}

static void sift_up(struct bt_pairs_top *heap, size_t i)
{
    struct bt_pairs_top x = heap[i];
    for (; i > 0 && before(&x, &heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = x;
}

static void sift_down(struct bt_pairs_top *heap, size_t n, struct bt_pairs_top x)
{
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &x))
            break;
        heap[i] = heap[child];
    }
    heap[i] = x;
}

bool bt_pairs_offer(bt_pairs *p, size_t from, uint64_t min)
{
    for (size_t i = from; i < p->n; i++) {
        const bt_pair *pair = &p->pair[i];
        if (pair->count < min)
            continue;
        if (!make_room(&p->heap, p->n_heap, &p->cap_heap, sizeof *p->heap))
            return false;
        p->heap[p->n_heap] = (struct bt_pairs_top){pair->count, pair->key, (uint32_t)i};
        sift_up(p->heap, p->n_heap++);
    }
    return true;
}

bool bt_pairs_top(bt_pairs *p, uint64_t min, size_t *index)
{
    while (p->n_heap > 0) {
        struct bt_pairs_top top = p->heap[0];
        uint64_t now = p->pair[top.index].count;
        bool current = now == top.count;
        if (!current && now >= min) { /* to where it belongs by now */
            top.count = now;
            sift_down(p->heap, p->n_heap, top);
            continue;
        }
        struct bt_pairs_top last = p->heap[--p->n_heap];
        if (p->n_heap > 0)
            sift_down(p->heap, p->n_heap, last);
        if (current) {
            *index = top.index;
            return true;
        }
    }
    return false;
}

void bt_pairs_free(bt_pairs *p)
{
    bt_release(p->pair);
    bt_release(p->slot);
    bt_release(p->place);
    bt_release(p->heap);
    *p = (bt_pairs){0};
}
