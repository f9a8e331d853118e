/* tally.c - counts pieces of text in a hash table. */
#include "tok/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tok/key.h"

#define FIRST_SLOTS ((size_t)1024)

/* The slot of a piece, or the free one where it belongs. */
static bt_tally_slot *find(const bt_tally *t, uint64_t key, const unsigned char *piece, size_t n)
{
    size_t i = bt_key_slot(key, n, t->mask);
    for (; t->slot[i].count; i = (i + 1) & t->mask) {
        const bt_tally_slot *s = &t->slot[i];
        if (s->key == key && s->len == n &&
            (n <= BT_KEY_EXACT || memcmp(t->bytes.data + s->at, piece, n) == 0))
            break;
    }
    return &t->slot[i];
}

/* Twice as many slots, or the first ones. */
static bool grow(bt_tally *t)
{
    size_t n_old = t->slot ? t->mask + 1 : 0, n = n_old ? 2 * n_old : FIRST_SLOTS;
    bt_tally_slot *old = t->slot, *slot = bt_alloc_array(n, sizeof *slot);
    if (!slot)
        return false;
    if (!old)
        bt_buf_init(&t->bytes, SIZE_MAX / 2);
    t->slot = slot;
    t->mask = n - 1;
    for (size_t i = 0; i < n_old; i++) {
        if (!old[i].count)
            continue;
        size_t k = bt_key_slot(old[i].key, old[i].len, t->mask);
        while (slot[k].count)
            k = (k + 1) & t->mask;
        slot[k] = old[i];
    }
    bt_release(old);
    return true;
}

bool bt_tally_add(bt_tally *t, const unsigned char *piece, size_t n, uint64_t count)
{
    if ((!t->slot || 2 * t->n > t->mask) && !grow(t))
        return false;
    uint64_t key = bt_key_of(piece, n);
    bt_tally_slot *s = find(t, key, piece, n);
    if (s->count == 0) {
        size_t at = t->bytes.len;
        if (!bt_buf_append(&t->bytes, piece, n))
            return false;
        *s = (bt_tally_slot){.key = key, .at = at, .len = n};
        t->n++;
    }
    s->count += count;
    return true;
}

/* The slots of t with a count above least. */
static bool add_above(bt_tally *to, const bt_tally *t, uint64_t least)
{
    bool ok = true;
    for (size_t i = 0; ok && t->slot && i <= t->mask; i++)
        if (t->slot[i].count > least)
            ok = bt_tally_add(to, (const unsigned char *)t->bytes.data + t->slot[i].at,
                              t->slot[i].len, t->slot[i].count);
    return ok;
}

bool bt_tally_add_all(bt_tally *t, const bt_tally *other)
{
    return add_above(t, other, 0);
}

void bt_tally_clear(bt_tally *t)
{
    if (t->n > 0)
        memset(t->slot, 0, (t->mask + 1) * sizeof *t->slot);
    t->n = 0;
    if (t->slot)
        bt_buf_reset(&t->bytes);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The count up to which pieces go, and what goes with them. */
static bool choose(const bt_tally *t, size_t keep, uint64_t *least, uint64_t *n, uint64_t *count)
{
    uint64_t *counts = bt_alloc_array(t->n, sizeof *counts);
    size_t k = 0;
    if (!counts)
        return false;
    for (size_t i = 0; i <= t->mask; i++)
        if (t->slot[i].count)
            counts[k++] = t->slot[i].count;
    qsort(counts, k, sizeof *counts, compare);
    *least = counts[k - keep - 1];
    for (*n = *count = 0; *n < k && counts[*n] <= *least; ++*n)
        *count += counts[*n];
    bt_release(counts);
    return true;
}

bool bt_tally_trim(bt_tally *t, size_t max, uint64_t *n, uint64_t *count)
{
    *n = *count = 0;
    if (t->n <= max)
        return true;
    bt_tally left = {0};
    uint64_t least;
    if (!choose(t, max / 2, &least, n, count) || !add_above(&left, t, least)) {
        bt_tally_free(&left);
        return false;
    }
    bt_tally_free(t);
    *t = left;
    return true;
}

void bt_tally_free(bt_tally *t)
{
    if (t->slot)
        bt_buf_free(&t->bytes);
    bt_release(t->slot);
    *t = (bt_tally){0};
}
