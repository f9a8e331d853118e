/* lexicon.c - a hash table of strings whose bytes lie in large blocks, which never move. */
#include "words/lexicon.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define BLOCK_BYTES ((size_t)1 << 20)

struct bt_lexicon_block {
    struct bt_lexicon_block *next;
    size_t used, size;
    char bytes[];
};

/* ---- Strings ---- */

static uint64_t mix(uint64_t h)
{
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 32);
}

static uint32_t hash_of(const char *s, size_t n)
{
    uint64_t h = n, word;
    for (; n >= sizeof word; s += sizeof word, n -= sizeof word) {
        memcpy(&word, s, sizeof word);
        h = mix(h ^ word);
    }
    word = 0;
    memcpy(&word, s, n);
    return (uint32_t)mix(mix(h ^ word));
}

static const char *keep_string(bt_lexicon *l, const char *s, size_t n)
{
    struct bt_lexicon_block *b = l->block;
    if (!b || b->size - b->used < n) {
        size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
        b = bt_alloc(sizeof *b + size);
        if (!b)
            return NULL;
        b->size = size;
        b->next = l->block;
        l->block = b;
    }
    char *copy = b->bytes + b->used;
    memcpy(copy, s, n);
    b->used += n;
    return copy;
}

/* ---- The table ---- */

/* The slot of a string, or the free one where it belongs. */
static size_t slot_of(const bt_lexicon *l, const char *s, size_t n, uint32_t hash)
{
    size_t i = hash & (l->n_slot - 1);
    for (; l->slot[i]; i = (i + 1) & (l->n_slot - 1)) {
        const bt_term *t = &l->term[l->slot[i] - 1];
        if (t->hash == hash && t->n == n && memcmp(t->text, s, n) == 0)
            break;
    }
    return i;
}

/* Room for one more term, with at most three quarters of the slots in use. */
static bool make_room(bt_lexicon *l)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 1024;
        bt_term *term = bt_realloc_array(l->term, cap, sizeof *term);
        if (!term)
            return false;
        l->term = term;
        l->cap = cap;
    }
    if (4 * (l->n + 1) <= 3 * l->n_slot)
        return true;
    size_t n_slot = l->n_slot ? 2 * l->n_slot : 2048;
    uint32_t *slot = bt_alloc_array(n_slot, sizeof *slot);
    if (!slot)
        return false;
    for (size_t i = 0; i < l->n; i++) {
        size_t at = l->term[i].hash & (n_slot - 1);
        while (slot[at])
            at = (at + 1) & (n_slot - 1);
        slot[at] = (uint32_t)(i + 1);
    }
    bt_release(l->slot);
    l->slot = slot;
    l->n_slot = n_slot;
    return true;
}

uint32_t bt_lexicon_find(const bt_lexicon *l, const char *s, size_t n)
{
    if (l->n == 0)
        return BT_TERM_NONE;
    uint32_t found = l->slot[slot_of(l, s, n, hash_of(s, n))];
    return found ? found - 1 : BT_TERM_NONE;
}

/* The term of a string, which is added where it is new; NULL without memory. */
static bt_term *put(bt_lexicon *l, const char *s, size_t n)
{
    if (!make_room(l))
        return NULL;
    uint32_t hash = hash_of(s, n);
    size_t at = slot_of(l, s, n, hash);
    if (l->slot[at])
        return &l->term[l->slot[at] - 1];
    const char *text = keep_string(l, s, n);
    if (!text)
        return NULL;
    l->term[l->n] = (bt_term){.text = text, .n = (uint32_t)n, .hash = hash};
    l->slot[at] = (uint32_t)++l->n;
    return &l->term[l->n - 1];
}

bolter_status bt_lexicon_count(bt_lexicon *l, const char *s, size_t n, uint32_t text,
                               bolter_error *err)
{
    if (l->n >= BT_TERMS_MAX || n > UINT32_MAX)
        return bt_fail(err, BOLTER_E_LIMIT, "words: %zu different terms, expected fewer than %zu",
                       l->n, BT_TERMS_MAX);
    bt_term *t = put(l, s, n);
    if (!t)
        return bt_fail(err, BOLTER_E_NOMEM, "words: no memory after %zu different terms", l->n);
    t->count++;
    t->n_texts += t->last_text != text;
    t->last_text = text;
    return BOLTER_OK;
}

void bt_lexicon_free(bt_lexicon *l)
{
    for (struct bt_lexicon_block *b = l->block; b;) {
        struct bt_lexicon_block *next = b->next;
        bt_release(b);
        b = next;
    }
    bt_release(l->term);
    bt_release(l->slot);
    *l = (bt_lexicon){0};
}

/* ---- Keeping some ---- */

static int by_bytes(const void *a, const void *b)
{
    const bt_term *x = a, *y = b;
    int order = memcmp(x->text, y->text, x->n < y->n ? x->n : y->n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

static int by_count(const void *a, const void *b)
{
    const bt_term *x = a, *y = b;
    return x->count == y->count ? by_bytes(a, b) : (x->count < y->count) - (x->count > y->count);
}

bolter_status bt_lexicon_keep(bt_lexicon *l, uint32_t min_texts, size_t max_terms,
                              bolter_error *err)
{
    size_t n = 0;
    bt_term *term = bt_alloc_array(l->n, sizeof *term);
    for (size_t i = 0; term && i < l->n; i++)
        if (l->term[i].n_texts >= min_texts)
            term[n++] = l->term[i];
    if (term && max_terms > 0 && n > max_terms) {
        qsort(term, n, sizeof *term, by_count);
        n = max_terms;
    }
    if (term)
        qsort(term, n, sizeof *term, by_bytes);
    bt_lexicon kept = {0};
    bool ok = term != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        bt_term *t = put(&kept, term[i].text, term[i].n);
        ok = t != NULL;
        if (ok) {
            t->count = term[i].count;
            t->n_texts = term[i].n_texts;
        }
    }
    bt_release(term);
    if (ok) {
        bt_lexicon_free(l);
        *l = kept;
        return BOLTER_OK;
    }
    bt_lexicon_free(&kept);
    return bt_fail(err, BOLTER_E_NOMEM, "words: no memory to keep %zu terms", n);
}
