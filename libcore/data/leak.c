/* leak.c - texts of one part that are also in another, as they are or nearly. */
#include "base/error.h"
#include "data/collect.h"

struct search {
    const bolter_collection *c;
    const size_t *place; /* items by their place in the index */
    size_t item;         /* whose likes are looked for */
    bool same, near;
    size_t like;
};

/* The first one that is near will do, unless one is the same. */
static bool note(void *arg, size_t other)
{
    struct search *s = arg;
    size_t item = s->place[other];
    s->same = s->c->item[item].key == s->c->item[s->item].key;
    if (s->same || !s->near)
        s->like = item;
    s->near = true;
    return !s->same;
}

static bolter_status add_words(bolter_collection *c, bt_near *near, size_t item, bolter_error *err)
{
    bolter_status rc = bt_item_words(c, item, err);
    return rc == BOLTER_OK
               ? bt_near_add(near, c->words.data ? c->words.data : "", c->words.len, err)
               : rc;
}

/* Index the rows of seen, then look each row of part up. */
static bolter_status search(bolter_collection *c, bolter_part seen, bolter_part part, bt_near *near,
                            bolter_leaks *out, bolter_error *err)
{
    size_t n_seen = c->n_row[seen], n = c->n_row[part];
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < n_seen; i++)
        rc = add_words(c, near, c->row[seen][i], err);
    for (size_t i = 0; rc == BOLTER_OK && i < n; i++)
        rc = add_words(c, near, c->row[part][i], err);
    for (size_t i = 0; rc == BOLTER_OK && i < n_seen; i++)
        rc = bt_near_index(near, i, err);
    for (size_t i = 0; rc == BOLTER_OK && i < n; i++) {
        struct search s = {.c = c, .place = c->row[seen], .item = c->row[part][i]};
        rc = bt_near_find(near, n_seen + i, NULL, note, &s, err);
        out->same += s.same;
        out->near += s.near;
        if (s.near && !out->id) {
            out->id = c->item[s.item].pub.id;
            out->other = c->item[s.like].pub.id;
        }
        if (i % 256 == 0)
            bt_collection_progress(c, "looking for leaks", i, n);
    }
    return rc;
}

bolter_status bolter_collection_leaks(bolter_collection *c, bolter_part seen, bolter_part part,
                                      bolter_leaks *out, bolter_error *err)
{
    *out = (bolter_leaks){0};
    if (seen >= BT_PARTS || part >= BT_PARTS || seen == part)
        return bt_fail(err, BOLTER_E_ARG, "collection: leaks between parts %d and %d", (int)seen,
                       (int)part);
    bt_near *near;
    bolter_status rc = bt_near_open(&near, c->n_row[seen] + c->n_row[part], err);
    if (rc == BOLTER_OK)
        rc = search(c, seen, part, near, out, err);
    bt_near_free(near);
    return rc;
}
