/*
 * part.c - texts drawn to a number, and put in train, validation and test.
 *
 * What stays together is a unit. At random: units in a shuffled order, the large ones first, go
 * where after them the most room is left, of what each label should have in each part. By time:
 * units in the order of their oldest text.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "data/collect.h"

enum { N_PARTS = 3 };

struct unit {
    const size_t *member; /* items, in the order in which they were read */
    size_t n, place;      /* place: in the order before sorting, to keep ties */
    int64_t time;
    bool dated;
};

/* A split under way. */
struct splitting {
    bolter_collection *c;
    const double *share;
    bt_rng rng;
    size_t *item; /* (n_item) items without a part, units in one piece */
    size_t n_item;
    struct unit *unit;
    size_t n_unit;
    double *room[N_PARTS], *target[N_PARTS]; /* (n_label) texts */
    size_t *count;                           /* (n_label) scratch: a unit's */
};

static bool is_free(const bolter_collection *c, size_t i)
{
    return c->item[i].part == BOLTER_BY_SPLIT;
}

/* ---- Fewer texts ---- */

bolter_status bolter_collection_limit(bolter_collection *c, uint64_t per_class, bool balance,
                                      uint64_t seed, uint64_t *n_left_out, bolter_error *err)
{
    size_t *order = bt_alloc_array(c->n + 1, sizeof *order);
    uint64_t *n = bt_alloc_array(c->n_label + 1, sizeof *n);
    uint64_t most = per_class ? per_class : UINT64_MAX;
    *n_left_out = 0;
    if (!order || !n) {
        bt_release(order);
        bt_release(n);
        return bt_collection_no_memory(err);
    }
    for (size_t i = 0; i < c->n; i++) {
        order[i] = i;
        n[c->item[i].pub.label] += c->item[i].part != BOLTER_LEFT_OUT;
    }
    for (size_t l = 0; balance && l < c->n_label; l++)
        most = n[l] > 0 && n[l] < most ? n[l] : most;
    bt_rng rng = {.seed = seed, .stream = 1};
    bt_rng_shuffle(&rng, order, c->n);
    for (size_t k = 0; k < c->n; k++) {
        bt_item *item = &c->item[order[k]];
        if (item->part == BOLTER_LEFT_OUT || n[item->pub.label] <= most)
            continue;
        item->part = BOLTER_LEFT_OUT;
        n[item->pub.label]--;
        ++*n_left_out;
    }
    bt_release(order);
    bt_release(n);
    return bt_collection_arrange(c, NULL, err);
}

/* ---- Mail that stays together ---- */

struct tag {
    uint64_t value;
    size_t item;
};

static int by_value(const void *a, const void *b)
{
    const struct tag *x = a, *y = b;
    if (x->value != y->value)
        return (x->value > y->value) - (x->value < y->value);
    return (x->item > y->item) - (x->item < y->item);
}

/* Write the tags of all items to tag, unless it is NULL; their number. */
static size_t list_tags(const bolter_collection *c, bool threads, struct tag *tag)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const bt_item *item = &c->item[i];
        if (item->part == BOLTER_LEFT_OUT)
            continue;
        const uint64_t *value = threads ? item->thread : &item->sender;
        size_t n_value = threads ? item->n_thread : item->sender != 0;
        for (size_t k = 0; k < n_value; k++, n++)
            if (tag)
                tag[n] = (struct tag){value[k], i};
    }
    return n;
}

static bolter_status unite_tagged(bolter_collection *c, bool threads, bolter_error *err)
{
    size_t n = list_tags(c, threads, NULL);
    if (n == 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "no text is mail with %s to split by",
                       threads ? "a message id or subject" : "a sender");
    struct tag *tag = bt_alloc_array(n, sizeof *tag);
    if (!tag)
        return bt_collection_no_memory(err);
    list_tags(c, threads, tag);
    qsort(tag, n, sizeof *tag, by_value);
    for (size_t i = 1; i < n; i++)
        if (tag[i - 1].value == tag[i].value)
            bt_unite(c, tag[i - 1].item, tag[i].item);
    bt_release(tag);
    return BOLTER_OK;
}

/* ---- Units ---- */

static void begin_unit(struct splitting *s, size_t at)
{
    s->unit[s->n_unit] = (struct unit){.member = s->item + at, .place = s->n_unit};
    s->n_unit++;
}

static void join_unit(struct unit *u, const bt_item *item)
{
    u->n++;
    if (item->dated && (!u->dated || item->time < u->time))
        u->time = item->time;
    u->dated = u->dated || item->dated;
}

/* What stays with a text that has a part goes there; of several, to the last one that was read. */
static bolter_status follow_fixed(bolter_collection *c, bolter_error *err)
{
    bolter_part *part = bt_alloc_array(c->n + 1, sizeof *part);
    if (!part)
        return bt_collection_no_memory(err);
    for (size_t i = 0; i < c->n; i++)
        part[i] = BOLTER_BY_SPLIT;
    for (size_t i = 0; i < c->n; i++)
        if (c->item[i].part < BOLTER_LEFT_OUT)
            part[bt_unit_of(c, i)] = c->item[i].part;
    for (size_t i = 0; i < c->n; i++)
        if (is_free(c, i))
            c->item[i].part = part[bt_unit_of(c, i)];
    bt_release(part);
    return BOLTER_OK;
}

/* List the free items by unit: a unit's tag is the number of its first item. */
static bolter_status list_units(struct splitting *s, bolter_error *err)
{
    bolter_collection *c = s->c;
    struct tag *tag = bt_alloc_array(c->n + 1, sizeof *tag);
    s->item = bt_alloc_array(c->n + 1, sizeof *s->item);
    s->unit = bt_alloc_array(c->n + 1, sizeof *s->unit);
    if (!tag || !s->item || !s->unit) {
        bt_release(tag);
        return bt_collection_no_memory(err);
    }
    for (size_t i = 0; i < c->n; i++)
        if (is_free(c, i))
            tag[s->n_item++] = (struct tag){bt_unit_of(c, i), i};
    qsort(tag, s->n_item, sizeof *tag, by_value);
    for (size_t k = 0; k < s->n_item; k++) {
        s->item[k] = tag[k].item;
        if (k == 0 || tag[k].value != tag[k - 1].value)
            begin_unit(s, k);
        join_unit(&s->unit[s->n_unit - 1], &c->item[tag[k].item]);
    }
    bt_release(tag);
    return BOLTER_OK;
}

static int by_size(const void *a, const void *b)
{
    const struct unit *x = a, *y = b;
    if (x->n != y->n)
        return (x->n < y->n) - (x->n > y->n);
    return (x->place > y->place) - (x->place < y->place);
}

static int by_time(const void *a, const void *b)
{
    const struct unit *x = a, *y = b;
    if (x->dated != y->dated)
        return x->dated - y->dated;
    if (x->dated && x->time != y->time)
        return (x->time > y->time) - (x->time < y->time);
    return (x->place > y->place) - (x->place < y->place);
}

/* ---- At random ---- */

static void free_room(struct splitting *s)
{
    for (int p = 0; p < N_PARTS; p++) {
        bt_release(s->room[p]);
        bt_release(s->target[p]);
    }
    bt_release(s->count);
}

static bolter_status make_room(struct splitting *s, bolter_error *err)
{
    size_t n = s->c->n_label + 1;
    bool ok = (s->count = bt_alloc_array(n, sizeof *s->count));
    for (int p = 0; p < N_PARTS; p++) {
        s->room[p] = bt_alloc_array(n, sizeof *s->room[p]);
        s->target[p] = bt_alloc_array(n, sizeof *s->target[p]);
        ok = ok && s->room[p] && s->target[p];
    }
    if (!ok)
        return bt_collection_no_memory(err);
    for (size_t k = 0; k < s->n_item; k++)
        for (int p = 0; p < N_PARTS; p++)
            s->target[p][s->c->item[s->item[k]].pub.label] += s->share[p];
    for (int p = 0; p < N_PARTS; p++)
        memcpy(s->room[p], s->target[p], n * sizeof *s->room[p]);
    return BOLTER_OK;
}

/* How well a unit, whose labels are counted, would fit a part: the share of room left after it. */
static double fit(const struct splitting *s, const struct unit *u, int p)
{
    if (s->share[p] <= 0)
        return -DBL_MAX;
    double sum = 0;
    for (size_t k = 0; k < u->n; k++) {
        int32_t l = s->c->item[u->member[k]].pub.label;
        sum += (s->room[p][l] - (double)s->count[l]) / s->target[p][l];
    }
    return sum;
}

static bolter_part best_part(struct splitting *s, const struct unit *u)
{
    int best = 0;
    for (size_t k = 0; k < u->n; k++)
        s->count[s->c->item[u->member[k]].pub.label]++;
    for (int p = 1; p < N_PARTS; p++)
        if (fit(s, u, p) > fit(s, u, best))
            best = p;
    for (size_t k = 0; k < u->n; k++)
        s->count[s->c->item[u->member[k]].pub.label] = 0;
    return (bolter_part)best;
}

static void put_in(struct splitting *s, const struct unit *u, bolter_part part)
{
    for (size_t k = 0; k < u->n; k++)
        s->c->item[u->member[k]].part = part;
}

static bolter_status assign_at_random(struct splitting *s, bolter_error *err)
{
    size_t *order = bt_alloc_array(s->n_unit + 1, sizeof *order);
    bolter_status rc = order ? make_room(s, err) : bt_collection_no_memory(err);
    if (rc == BOLTER_OK) {
        for (size_t k = 0; k < s->n_unit; k++)
            order[k] = k;
        bt_rng_shuffle(&s->rng, order, s->n_unit);
        for (size_t k = 0; k < s->n_unit; k++)
            s->unit[k].place = order[k];
        qsort(s->unit, s->n_unit, sizeof *s->unit, by_size);
    }
    for (size_t k = 0; rc == BOLTER_OK && k < s->n_unit; k++) {
        const struct unit *u = &s->unit[k];
        bolter_part part = best_part(s, u);
        for (size_t m = 0; m < u->n; m++)
            s->room[part][s->c->item[u->member[m]].pub.label]--;
        put_in(s, u, part);
    }
    bt_release(order);
    return rc;
}

/* ---- By time ---- */

static bolter_status assign_by_time(struct splitting *s, bolter_error *err)
{
    double n = (double)s->n_item, done = 0;
    qsort(s->unit, s->n_unit, sizeof *s->unit, by_time);
    if (s->n_unit > 0 && !s->unit[s->n_unit - 1].dated)
        return bt_fail(err, BOLTER_E_MISMATCH, "no text is mail with a date to split by");
    for (size_t k = 0; k < s->n_unit; k++) {
        const struct unit *u = &s->unit[k];
        double middle = done + 0.5 * (double)u->n;
        bool train = !u->dated || middle < s->share[0] * n;
        bool valid = middle < (s->share[0] + s->share[1]) * n;
        put_in(s, u, train ? BOLTER_TRAIN : valid ? BOLTER_VALID : BOLTER_TEST);
        done += (double)u->n;
    }
    return BOLTER_OK;
}

/* ---- Rows ---- */

/* The order of all items: shuffled, or by time. */
static bolter_status arrange(struct splitting *s, bolter_split_by by, bolter_error *err)
{
    bolter_collection *c = s->c;
    size_t *order = bt_alloc_array(c->n + 1, sizeof *order);
    struct unit *single = bt_alloc_array(c->n + 1, sizeof *single);
    bolter_status rc = order && single ? BOLTER_OK : bt_collection_no_memory(err);
    for (size_t i = 0; rc == BOLTER_OK && i < c->n; i++) {
        order[i] = i;
        single[i] = (struct unit){.place = i, .time = c->item[i].time, .dated = c->item[i].dated};
    }
    if (rc == BOLTER_OK && by == BOLTER_SPLIT_TIME) {
        qsort(single, c->n, sizeof *single, by_time);
        for (size_t k = 0; k < c->n; k++)
            order[k] = single[k].place;
    } else if (rc == BOLTER_OK) {
        bt_rng_shuffle(&s->rng, order, c->n);
    }
    if (rc == BOLTER_OK)
        rc = bt_collection_arrange(c, order, err);
    bt_release(order);
    bt_release(single);
    return rc;
}

bolter_status bolter_collection_split(bolter_collection *c, bolter_split_by by,
                                      const double share[3], uint64_t seed, bolter_error *err)
{
    double sum = share[0] + share[1] + share[2];
    if (!(share[0] >= 0 && share[1] >= 0 && share[2] >= 0 && fabs(sum - 1) < 1e-9))
        return bt_fail(err, BOLTER_E_ARG, "shares of the parts: %g, %g, %g, expected a sum of 1",
                       share[0], share[1], share[2]);
    struct splitting s = {.c = c, .share = share, .rng = {.seed = seed, .stream = 2}};
    bolter_status rc = BOLTER_OK;
    if (by == BOLTER_SPLIT_SENDER || by == BOLTER_SPLIT_THREAD)
        rc = unite_tagged(c, by == BOLTER_SPLIT_THREAD, err);
    if (rc == BOLTER_OK)
        rc = follow_fixed(c, err);
    if (rc == BOLTER_OK)
        rc = list_units(&s, err);
    if (rc == BOLTER_OK)
        rc = by == BOLTER_SPLIT_TIME ? assign_by_time(&s, err) : assign_at_random(&s, err);
    if (rc == BOLTER_OK)
        rc = arrange(&s, by, err);
    free_room(&s);
    bt_release(s.item);
    bt_release(s.unit);
    return rc;
}
