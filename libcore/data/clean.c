/* clean.c - what should not be learned: texts in conflict, copies, near copies. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "data/collect.h"

/* A cleaning under way. */
struct cleaning {
    bolter_collection *c;
    bolter_copies copies, near;
    bolter_cleaned *out;
    size_t i; /* the text whose neighbours are being looked at */
    bool found, other_label;
};

static void leave_out(bolter_collection *c, size_t i)
{
    c->item[i].part = BOLTER_LEFT_OUT;
}

static bool is_in(const bolter_collection *c, size_t i)
{
    return c->item[i].part != BOLTER_LEFT_OUT;
}

/* ---- The same words ---- */

struct keyed {
    uint64_t key;
    size_t item;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->key != y->key)
        return (x->key > y->key) - (x->key < y->key);
    return (x->item > y->item) - (x->item < y->item);
}

/* n texts with the same words, in the order in which they were read. */
static void treat_same(const struct cleaning *w, const struct keyed *same, size_t n)
{
    bolter_collection *c = w->c;
    bool conflict = false;
    for (size_t k = 1; k < n; k++)
        conflict = conflict || c->item[same[k].item].pub.label != c->item[same[0].item].pub.label;
    for (size_t k = 0; k < n; k++) {
        if (conflict)
            leave_out(c, same[k].item);
        else if (k > 0 && w->copies == BOLTER_COPIES_REMOVE)
            leave_out(c, same[k].item);
        else if (k > 0 && w->copies == BOLTER_COPIES_TOGETHER)
            bt_unite(c, same[0].item, same[k].item);
    }
    if (conflict && !w->out->conflict)
        w->out->conflict = c->item[same[0].item].pub.id;
    *(conflict ? &w->out->conflicts : &w->out->copies) += conflict ? n : n - 1;
}

static bolter_status treat_copies(const struct cleaning *w, bolter_error *err)
{
    bolter_collection *c = w->c;
    struct keyed *keyed = bt_alloc_array(c->n + 1, sizeof *keyed);
    size_t n = 0;
    if (!keyed)
        return bt_collection_no_memory(err);
    for (size_t i = 0; i < c->n; i++)
        if (is_in(c, i))
            keyed[n++] = (struct keyed){c->item[i].key, i};
    qsort(keyed, n, sizeof *keyed, by_key);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && keyed[end].key == keyed[i].key; end++)
            ;
        treat_same(w, keyed + i, end - i);
    }
    bt_release(keyed);
    return BOLTER_OK;
}

/* ---- Nearly the same ---- */

static bool is_apart(void *arg, size_t other)
{
    const struct cleaning *w = arg;
    return bt_unit_of(w->c, w->i) != bt_unit_of(w->c, other);
}

/* A text under another label is remarkable, but no copy. */
static bool note_near(void *arg, size_t other)
{
    struct cleaning *w = arg;
    const bt_item *item = w->c->item;
    if (item[w->i].pub.label != item[other].pub.label)
        w->other_label = true;
    else
        w->found = true;
    if (w->near == BOLTER_COPIES_TOGETHER)
        bt_unite(w->c, w->i, other);
    return w->near == BOLTER_COPIES_TOGETHER || !w->found;
}

/* Compare text i, whose words are in near, with those before it. */
static bolter_status treat_near(struct cleaning *w, bt_near *near, size_t i, bolter_error *err)
{
    w->i = i;
    w->found = w->other_label = false;
    bolter_status rc = bt_near_find(near, i, is_apart, note_near, w, err);
    if (rc != BOLTER_OK)
        return rc;
    w->out->near += w->found || w->other_label;
    w->out->near_labels += w->other_label;
    if (w->found && w->near == BOLTER_COPIES_REMOVE) {
        leave_out(w->c, i);
        return BOLTER_OK;
    }
    return bt_near_index(near, i, err);
}

static bolter_status treat_all_near(struct cleaning *w, bolter_error *err)
{
    bolter_collection *c = w->c;
    bt_near *near;
    bolter_status rc = bt_near_open(&near, c->n, err);
    for (size_t i = 0; rc == BOLTER_OK && i < c->n; i++) {
        bool in = is_in(c, i);
        rc = in ? bt_item_words(c, i, err) : BOLTER_OK;
        if (rc == BOLTER_OK)
            rc = bt_near_add(near, c->words.data ? c->words.data : "", in ? c->words.len : 0, err);
        if (i % 256 == 0)
            bt_collection_progress(c, "cutting into shingles", i, c->n);
    }
    for (size_t i = 0; rc == BOLTER_OK && i < c->n; i++) {
        rc = is_in(c, i) ? treat_near(w, near, i, err) : BOLTER_OK;
        if (i % 256 == 0)
            bt_collection_progress(c, "looking for near-duplicates", i, c->n);
    }
    bt_near_free(near);
    return rc;
}

bolter_status bolter_collection_clean(bolter_collection *c, bolter_copies copies,
                                      bolter_copies near, bolter_cleaned *out, bolter_error *err)
{
    struct cleaning w = {.c = c, .copies = copies, .near = near, .out = out};
    *out = (bolter_cleaned){0};
    for (size_t i = 0; i < c->n; i++) {
        bool empty = is_in(c, i) && c->item[i].pub.n == 0;
        out->empty += empty;
        if (empty)
            leave_out(c, i);
    }
    bolter_status rc = treat_copies(&w, err);
    if (rc == BOLTER_OK && near != BOLTER_COPIES_KEEP)
        rc = treat_all_near(&w, err);
    return rc == BOLTER_OK ? bt_collection_arrange(c, NULL, err) : rc;
}
