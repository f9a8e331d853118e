/*
 * sample.c - draw a token from logits: temperature, the k most probable (Fan, Lewis, Dauphin 2018,
 * "Hierarchical Neural Story Generation", section 3.2), the fewest of a sum of probabilities
 * (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1).
 */
#include "lm/sample.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"

bolter_status bt_sampling_check(const bolter_sampling *o, bolter_error *err)
{
    if (!(o->temperature >= 0 && o->temperature <= 100))
        return bt_fail(err, BOLTER_E_ARG, "temperature %g, expected 0 to 100", o->temperature);
    if (!(o->top_p >= 0 && o->top_p <= 1))
        return bt_fail(err, BOLTER_E_ARG, "top_p %g, expected 0 to 1", o->top_p);
    return BOLTER_OK;
}

int32_t bt_argmax(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best])
            best = i;
    return (int32_t)best;
}

/* Most probable first; of equals the one with the lower id. */
static int by_logit(const void *a, const void *b)
{
    const bt_candidate *x = a, *y = b;
    if (x->logit < y->logit || x->logit > y->logit)
        return x->logit < y->logit ? 1 : -1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Let the candidate at i sink to its place in a heap of n, the least probable on top. */
static void sink(bt_candidate *heap, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && by_logit(&heap[child + 1], &heap[child]) > 0)
            child++;
        if (by_logit(&heap[i], &heap[child]) >= 0)
            return;
        bt_candidate kept = heap[i];
        heap[i] = heap[child];
        heap[child] = kept;
    }
}

/* The k most probable of n come to the front, in no order. */
static void keep_top(bt_candidate *c, size_t n, size_t k)
{
    for (size_t i = k / 2; i-- > 0;)
        sink(c, k, i);
    for (size_t i = k; i < n; i++) {
        if (by_logit(&c[i], &c[0]) > 0)
            continue;
        c[0] = c[i];
        sink(c, k, 0);
    }
}

/* Logits become probabilities. */
static void softmax(bt_candidate *c, size_t n, double temperature)
{
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, (double)c[i].logit);
    for (size_t i = 0; i < n; i++)
        sum += exp(((double)c[i].logit - max) / temperature);
    for (size_t i = 0; i < n; i++)
        c[i].logit = (float)(exp(((double)c[i].logit - max) / temperature) / sum);
}

/*
 * Keep the fewest most probable ones whose probabilities reach p, sorted; how many. Those below
 * (1 - p) / n sum up to less than 1 - p, so they are none of them and need not be sorted.
 */
static size_t keep_sum(bt_candidate *c, size_t n, double p)
{
    size_t likely = 0, keep = 0;
    for (size_t i = 0; i < n; i++)
        if ((double)c[i].logit >= (1 - p) / (double)n)
            c[likely++] = c[i];
    qsort(c, likely, sizeof *c, by_logit);
    double sum = 0;
    while (keep < likely && sum < p)
        sum += (double)c[keep++].logit;
    return keep > 0 ? keep : n;
}

int32_t bt_sample(const bolter_sampling *o, bt_rng *rng, const float *logits, size_t n,
                  bt_candidate *room)
{
    if (!(o->temperature > 0))
        return bt_argmax(logits, n);
    for (size_t i = 0; i < n; i++)
        room[i] = (bt_candidate){logits[i], (int32_t)i};
    if (o->top_k > 0 && o->top_k < n) {
        keep_top(room, n, o->top_k);
        n = o->top_k;
    }
    softmax(room, n, o->temperature);
    if (o->top_p > 0 && o->top_p < 1)
        n = keep_sum(room, n, o->top_p);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)room[i].logit;
    double left = bt_rng_uniform(rng) * sum;
    for (size_t i = 0; i + 1 < n; i++)
        if ((left -= (double)room[i].logit) < 0)
            return room[i].id;
    return room[n - 1].id;
}
