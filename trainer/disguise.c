/* disguise.c - innocent words put into spam. */
#include "trainer/disguise.h"

#include <stdlib.h>
#include <string.h>

#include "trainer/options.h"
#include "trainer/order.h"

#define FEWEST  30  /* words, in tokens */
#define MOST    500
#define STRETCH 150 /* of them from one text */

/* ---- Opening ---- */

static const bolter_row *row_of(const struct disguise *g, size_t i)
{
    return bolter_dataset_row(g->d, BOLTER_TRAIN, i);
}

static bool find_innocent(struct disguise *g)
{
    size_t n = bolter_dataset_count(g->d, BOLTER_TRAIN), longest = g->longest;
    g->innocent = calloc(n + 1, sizeof *g->innocent);
    for (size_t i = 0; g->innocent && i < n; i++) {
        if (row_of(g, i)->label != g->spam)
            g->innocent[g->n_innocent++] = i;
        if (row_of(g, i)->seq.n > longest)
            longest = row_of(g, i)->seq.n;
    }
    g->ids = calloc(longest + MOST + STRETCH + 2, sizeof *g->ids);
    return g->innocent && g->ids;
}

bool disguise_open(struct disguise *g, double share, const bolter_model *m, const bolter_dataset *d,
                   int32_t spam, uint64_t seed)
{
    const bolter_model_info *info = bolter_model_info_of(m);
    bolter_error err = {0};
    size_t n = 0;
    *g = (struct disguise){.share = share, .seed = seed, .d = d, .spam = spam,
                           .longest = (size_t)info->max_tokens, .tail = (size_t)info->tail_tokens};
    if (share == 0)
        return true;
    if (spam < 0) {
        complain("--disguise: no label is \"spam\"");
        return false;
    }
    if (!find_innocent(g)) {
        complain("no memory");
        return false;
    }
    if (bolter_model_encode(m, "\n", 1, g->ids, &n, NULL, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    g->line = g->ids[n - 1]; /* behind the begin token, if there is one */
    if (g->n_innocent > 0)
        return true;
    complain("--disguise: all of the training part is spam");
    return false;
}

void disguise_free(struct disguise *g)
{
    free(g->innocent);
    free(g->ids);
    *g = (struct disguise){0};
}

/* ---- One text ---- */

/* Stretches of innocent texts, n tokens or a few more; how many. */
static size_t put_words(const struct disguise *g, uint64_t *state, int32_t *ids, size_t n)
{
    size_t at = 0;
    while (at < n) {
        const bolter_seq *s = &row_of(g, g->innocent[random_next(state) % g->n_innocent])->seq;
        size_t begin = s->n > STRETCH ? (size_t)(random_next(state) % (s->n - STRETCH)) : 0;
        size_t some = s->n - begin < STRETCH ? s->n - begin : STRETCH;
        memcpy(ids + at, s->ids + begin, some * sizeof *ids);
        at += some;
    }
    return at;
}

/* Where the body begins: behind the first empty line, or the first token. */
static size_t body_of(const struct disguise *g, const bolter_seq *s)
{
    for (size_t i = 0; i + 1 < s->n; i++)
        if (s->ids[i] == g->line && s->ids[i + 1] == g->line)
            return i + 2;
    return s->n > 0;
}

/* Leave the beginning and the end, as where texts are read. */
static size_t cut(const struct disguise *g, size_t n, int32_t *ids)
{
    size_t head = n <= g->longest ? n : g->longest - g->tail, tail = n <= g->longest ? 0 : g->tail;
    memcpy(ids, g->ids, head * sizeof *ids);
    memcpy(ids + head, g->ids + n - tail, tail * sizeof *ids);
    return head + tail;
}

static size_t put(int32_t *ids, size_t at, const int32_t *from, size_t n)
{
    memcpy(ids + at, from, n * sizeof *ids);
    return at + n;
}

size_t disguise_row(struct disguise *g, uint64_t epoch, size_t row, int32_t *ids)
{
    const bolter_row *r = row_of(g, row);
    const bolter_seq *s = &r->seq;
    uint64_t state = g->seed;
    state = random_next(&state) + epoch;
    state = random_next(&state) + row;
    if (random_uniform(&state) >= (r->label == g->spam ? g->share : 0.3 * g->share)) {
        memcpy(ids, s->ids, s->n * sizeof *ids);
        return s->n;
    }
    bool behind = random_next(&state) % 2;
    size_t n = FEWEST + (size_t)(random_next(&state) % (MOST - FEWEST));
    size_t body = behind ? s->n : body_of(g, s), at = put(g->ids, 0, s->ids, body);
    const int32_t empty_line[2] = {g->line, g->line};
    if (behind)
        at = put(g->ids, at, empty_line, 2);
    at += put_words(g, &state, g->ids + at, n);
    if (!behind)
        at = put(g->ids, at, empty_line, 2);
    at = put(g->ids, at, s->ids + body, s->n - body);
    return cut(g, at, ids);
}
