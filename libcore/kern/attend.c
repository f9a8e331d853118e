/*
 * attend.c - self-attention for scoring, on the tiles of packed.h: keys and values of a head are put
 * into panels once, then a few queries at a time meet the keys that they see. What training needs to
 * go back is not kept; see attention.c for that.
 */
#include <math.h>
#include <string.h>

#include "kern/kern.h"
#include "kern/packed.h"
#include "kern/vector.h"

static const float no_bias[BT_PANEL];

static size_t padded(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

/* The pieces of a scratch for T keys and heads of D channels. */
struct pieces {
    float *keys;   /* (T / 32 panels, D, 32) */
    float *values; /* (D / 32 panels, T, 32) */
    float *scores; /* (rows, T padded) */
    float *rows;   /* converted queries, or probabilities */
};

size_t bt_attend_scratch(size_t T, size_t D)
{
    size_t wide = padded(T, BT_PANEL), longest = padded(T > D ? T : D, BT_PANEL);
    return wide * D + padded(D, BT_PANEL) * T + BT_TILE_ROWS * (wide + longest);
}

static struct pieces cut(float *scratch, size_t T, size_t D)
{
    struct pieces p = {.keys = scratch};
    p.values = p.keys + padded(T, BT_PANEL) * D;
    p.scores = p.values + padded(D, BT_PANEL) * T;
    p.rows = p.scores + BT_TILE_ROWS * padded(T, BT_PANEL);
    return p;
}

/* Keys and values of a head, from kv (T, 2C) at its first channel. */
static void put_in_panels(const struct pieces *p, const float *kv, size_t T, size_t D, size_t C)
{
    memset(p->keys, 0, padded(T, BT_PANEL) * D * sizeof *p->keys);
    for (size_t j = 0; j < T; j++) {
        float *to = p->keys + j / BT_PANEL * BT_PANEL * D + j % BT_PANEL;
        for (size_t d = 0; d < D; d++)
            to[d * BT_PANEL] = kv[j * 2 * C + d];
    }
    memset(p->values, 0, padded(D, BT_PANEL) * T * sizeof *p->values);
    for (size_t d = 0; d < D; d += BT_PANEL) {
        size_t n = D - d < BT_PANEL ? D - d : BT_PANEL;
        for (size_t j = 0; j < T; j++)
            memcpy(p->values + d * T + j * BT_PANEL, kv + j * 2 * C + C + d, n * sizeof *kv);
    }
}

BT_CLONES
static void softmax_row(float *row, size_t seen, size_t end, float scale)
{
    for (size_t i = 0; i < seen; i++)
        row[i] *= scale;
    float sum = bt_exp_sum(row, row, bt_max(row, seen), seen);
    for (size_t i = 0; i < seen; i++)
        row[i] /= sum;
    memset(row + seen, 0, (end - seen) * sizeof *row);
}

/* Queries i .. i + n - 1 of a head: out (n, D) within rows of C. */
static void attend_rows(const bt_tile *t, const bt_attention *a, const struct pieces *p, size_t i,
                        size_t n, float *out, const float *q)
{
    size_t D = a->C / a->H, wide = padded(a->T, BT_PANEL);
    size_t end = a->causal ? a->first + i + n : a->T;
    t->convert(p->rows, NULL, q, a->C, n, D);
    for (size_t j = 0; j < end; j += BT_PANEL) {
        bt_target to = {p->scores + j, wide, BT_PANEL, no_bias, BT_STORE};
        t->multiply(&to, n, D, p->rows, NULL, p->keys + j * D, NULL, NULL);
    }
    for (size_t r = 0; r < n; r++)
        softmax_row(p->scores + r * wide, a->causal ? a->first + i + r + 1 : a->T, end,
                    1.0f / sqrtf((float)D));
    t->convert(p->rows, NULL, p->scores, wide, n, end);
    for (size_t d = 0; d < D; d += BT_PANEL) {
        bt_target to = {out + d, a->C, D - d < BT_PANEL ? D - d : BT_PANEL, no_bias, BT_STORE};
        t->multiply(&to, n, end, p->rows, NULL, p->values + d * a->T, NULL, NULL);
    }
}

void bt_attend(const bt_tile *t, const bt_attention *a, float *out, const float *q, const float *kv)
{
    size_t D = a->C / a->H;
    struct pieces p = cut(a->scratch, a->T, D);
    for (size_t head = 0; head < a->H; head++) {
        put_in_panels(&p, kv + head * D, a->T, D, a->C);
        for (size_t i = 0; i < a->n_q; i += t->rows) {
            size_t n = a->n_q - i < t->rows ? a->n_q - i : t->rows, at = i * a->C + head * D;
            attend_rows(t, a, &p, i, n, out + at, q + at);
        }
    }
}

/* ---- One query ---- */

/* out (D) += p value, value (D). */
BT_CLONES
static void add_scaled(float *out, const float *value, float p, size_t D)
{
    for (size_t d = 0; d < D; d++)
        out[d] += p * value[d];
}

void bt_attend_one(const bt_attention *a, float *out, const float *q, const float *kv)
{
    size_t D = a->C / a->H;
    float *scores = a->scratch;
    memset(out, 0, a->C * sizeof *out);
    for (size_t c = 0; c < a->C; c += D) {
        for (size_t j = 0; j < a->T; j++)
            scores[j] = bt_dot(q + c, kv + j * 2 * a->C + c, D);
        softmax_row(scores, a->T, a->T, 1.0f / sqrtf((float)D));
        for (size_t j = 0; j < a->T; j++)
            add_scaled(out + c, kv + j * 2 * a->C + a->C + c, scores[j], D);
    }
}
