/*
 * near.c - an index of texts by the rarest of their shingles.
 *
 * A shingle is a 64-bit hash. How rare it is comes from a table of counters by a part of the hash:
 * collisions make the order of the shingles a little worse, never wrong.
 */
#include "data/near.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/hash.h"

enum {
    SHINGLE_WORDS = 4,
    COUNTERS = 1 << 21,
    BUCKETS = 1 << 20,
};
#define NONE UINT32_MAX

struct set {
    uint64_t *shingle; /* in ascending order, no two the same; owned */
    size_t n;
};

/* An entry of the index: a text that has a shingle among its rarest. */
struct posting {
    uint64_t shingle;
    uint32_t text, next;
};

struct ranked {
    uint64_t shingle;
    uint32_t count;
};

struct bt_near {
    struct set *set;
    size_t n, cap;
    uint32_t *count;  /* (COUNTERS) texts that have a shingle */
    uint32_t *bucket; /* (BUCKETS) first posting of a shingle */
    struct posting *posting;
    size_t n_posting, cap_posting;
    struct ranked *ranked; /* scratch: the shingles of one text */
    size_t cap_ranked;
    uint32_t *found; /* scratch (cap): texts that share a shingle */
    uint32_t *stamp; /* (cap) the last search that met this text */
    uint32_t search;
};

static bolter_status no_memory(bolter_error *err)
{
    return bt_fail(err, BOLTER_E_NOMEM, "near-duplicates: no memory");
}

bolter_status bt_near_open(bt_near **out, size_t n, bolter_error *err)
{
    *out = NULL;
    bt_near *near = bt_alloc(sizeof *near);
    if (!near)
        return no_memory(err);
    near->cap = n < NONE - 1 ? n : NONE - 1;
    near->set = bt_alloc_array(near->cap + 1, sizeof *near->set);
    near->found = bt_alloc_array(near->cap + 1, sizeof *near->found);
    near->stamp = bt_alloc_array(near->cap + 1, sizeof *near->stamp);
    near->count = bt_alloc_array(COUNTERS, sizeof *near->count);
    near->bucket = bt_alloc_array(BUCKETS, sizeof *near->bucket);
    if (!near->set || !near->found || !near->stamp || !near->count || !near->bucket) {
        bt_near_free(near);
        return no_memory(err);
    }
    memset(near->bucket, 0xff, BUCKETS * sizeof *near->bucket);
    *out = near;
    return BOLTER_OK;
}

void bt_near_free(bt_near *near)
{
    if (!near)
        return;
    for (size_t i = 0; near->set && i < near->n; i++)
        bt_release(near->set[i].shingle);
    bt_release(near->set);
    bt_release(near->found);
    bt_release(near->stamp);
    bt_release(near->count);
    bt_release(near->bucket);
    bt_release(near->posting);
    bt_release(near->ranked);
    bt_release(near);
}

/* ---- Shingles ---- */

static size_t word_end(const char *words, size_t n, size_t from)
{
    const char *blank = memchr(words + from, ' ', n - from);
    return blank ? (size_t)(blank - words) : n;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sort, and leave each value once; the new count. */
static size_t make_set(uint64_t *shingle, size_t n)
{
    size_t kept = 0;
    qsort(shingle, n, sizeof *shingle, by_value);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || shingle[kept - 1] != shingle[i])
            shingle[kept++] = shingle[i];
    return kept;
}

/* Hash each run of four words into shingle, which has room for one a word; the count. */
static size_t cut(uint64_t *shingle, const char *words, size_t n)
{
    size_t start[SHINGLE_WORDS] = {0}, n_words = 0, n_shingles = 0;
    for (size_t from = 0; from < n;) {
        size_t end = word_end(words, n, from);
        start[n_words++ % SHINGLE_WORDS] = from;
        if (n_words >= SHINGLE_WORDS) {
            size_t first = start[n_words % SHINGLE_WORDS];
            shingle[n_shingles++] = bt_hash(words + first, end - first);
        }
        from = end + 1;
    }
    if (n_shingles == 0)
        shingle[n_shingles++] = bt_hash(words, n);
    return n_shingles;
}

bolter_status bt_near_add(bt_near *near, const char *words, size_t n, bolter_error *err)
{
    if (near->n == near->cap)
        return bt_fail(err, BOLTER_E_LIMIT, "near-duplicates: more than %zu texts", near->cap);
    size_t n_words = 1;
    for (size_t i = 0; i < n; i++)
        n_words += words[i] == ' ';
    uint64_t *shingle = bt_alloc_array(n_words, sizeof *shingle);
    if (!shingle)
        return no_memory(err);
    size_t kept = make_set(shingle, cut(shingle, words, n));
    uint64_t *shrunk = bt_realloc_array(shingle, kept, sizeof *shingle);
    near->set[near->n++] = (struct set){shrunk ? shrunk : shingle, kept};
    for (size_t i = 0; i < kept; i++)
        near->count[near->set[near->n - 1].shingle[i] % COUNTERS]++;
    return BOLTER_OK;
}

/* ---- Similarity ---- */

/* Of two texts that are near: the fewest shingles that both have, of the n that one of them has. */
static size_t least_common(size_t n)
{
    return (BT_NEAR_PERCENT * n + 99) / 100;
}

static bool is_near(const struct set *a, const struct set *b)
{
    if (a->n < least_common(b->n) || b->n < least_common(a->n))
        return false;
    size_t common = 0;
    for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
        uint64_t x = a->shingle[i], y = b->shingle[j];
        common += x == y;
        i += x <= y;
        j += y <= x;
    }
    return 100 * common >= BT_NEAR_PERCENT * (a->n + b->n - common);
}

/* ---- The index ---- */

static int by_rarity(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->count != y->count)
        return (x->count > y->count) - (x->count < y->count);
    return (x->shingle > y->shingle) - (x->shingle < y->shingle);
}

/* The shingles of a text into near->ranked, the rarest first; *n: how many of them are indexed. */
static bolter_status rank(bt_near *near, size_t i, size_t *n, bolter_error *err)
{
    const struct set *set = &near->set[i];
    if (set->n > near->cap_ranked) {
        struct ranked *ranked = bt_realloc_array(near->ranked, set->n, sizeof *ranked);
        if (!ranked)
            return no_memory(err);
        near->ranked = ranked;
        near->cap_ranked = set->n;
    }
    for (size_t k = 0; k < set->n; k++)
        near->ranked[k] = (struct ranked){set->shingle[k], near->count[set->shingle[k] % COUNTERS]};
    qsort(near->ranked, set->n, sizeof *near->ranked, by_rarity);
    *n = set->n - least_common(set->n) + 1;
    return BOLTER_OK;
}

static bool more_postings(bt_near *near)
{
    size_t cap = near->cap_posting ? 2 * near->cap_posting : 1024;
    struct posting *posting = bt_realloc_array(near->posting, cap, sizeof *posting);
    if (!posting)
        return false;
    near->posting = posting;
    near->cap_posting = cap;
    return true;
}

bolter_status bt_near_index(bt_near *near, size_t i, bolter_error *err)
{
    size_t n;
    bolter_status rc = rank(near, i, &n, err);
    for (size_t k = 0; rc == BOLTER_OK && k < n; k++) {
        if (near->n_posting == NONE)
            return bt_fail(err, BOLTER_E_LIMIT, "near-duplicates: more than %zu shingles",
                           near->n_posting);
        if (near->n_posting == near->cap_posting && !more_postings(near))
            return no_memory(err);
        uint64_t shingle = near->ranked[k].shingle;
        uint32_t *bucket = &near->bucket[shingle >> 32 & (BUCKETS - 1)];
        near->posting[near->n_posting] = (struct posting){shingle, (uint32_t)i, *bucket};
        *bucket = (uint32_t)near->n_posting++;
    }
    return rc;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The texts in the index that have one of the first n shingles in near->ranked; their count. */
static size_t collect(bt_near *near, size_t n)
{
    size_t n_found = 0;
    near->search++;
    for (size_t k = 0; k < n; k++) {
        uint64_t shingle = near->ranked[k].shingle;
        uint32_t at = near->bucket[shingle >> 32 & (BUCKETS - 1)];
        for (; at != NONE; at = near->posting[at].next) {
            uint32_t text = near->posting[at].text;
            if (near->posting[at].shingle != shingle || near->stamp[text] == near->search)
                continue;
            near->stamp[text] = near->search;
            near->found[n_found++] = text;
        }
    }
    qsort(near->found, n_found, sizeof *near->found, by_number);
    return n_found;
}

bolter_status bt_near_find(bt_near *near, size_t i, bool (*wanted)(void *arg, size_t other),
                           bool (*each)(void *arg, size_t other), void *arg, bolter_error *err)
{
    size_t n;
    bolter_status rc = rank(near, i, &n, err);
    if (rc != BOLTER_OK)
        return rc;
    size_t n_found = collect(near, n);
    for (size_t k = 0; k < n_found; k++) {
        size_t other = near->found[k];
        if (other == i || (wanted && !wanted(arg, other)))
            continue;
        if (is_near(&near->set[i], &near->set[other]) && !each(arg, other))
            break;
    }
    return BOLTER_OK;
}
