/*
 * next_token.h - next-token cross-entropy: hidden states meet the head over the vocabulary, which is the
 * token embedding or a matrix of its own, a few rows at a time, so that (tokens, vocabulary) logits are
 * never there at once.
 */
#ifndef BT_NEXT_TOKEN_H
#define BT_NEXT_TOKEN_H

#include <stdint.h>

#include "bolter.h"

struct bt_tile;

typedef struct bt_next_token {
    size_t V, C, rows; /* so many rows at a time */
    float *logits;     /* (rows, V), then their gradients */
    float *hidden;     /* (rows, C) rows that count, side by side */
    float *dhidden;    /* (rows, C) */
    size_t *from;      /* (rows) where they come from */
    void *product;     /* scratch of a tile; NULL: there is none */
} bt_next_token;

/* Room for up to max_rows rows, less where the logits would be large; tiled: for a tile, too. E_NOMEM. */
bolter_status bt_next_token_init(bt_next_token *t, size_t V, size_t C, size_t max_rows, bool tiled,
                                 bolter_error *err);
void bt_next_token_clear(bt_next_token *t);

typedef struct bt_next_token_result {
    double loss;      /* scale times the sum of the cross-entropies, nats */
    uint64_t n_right; /* rows whose largest logit was their target's */
} bt_next_token_result;

/* One call's operands. */
typedef struct bt_next_token_rows {
    const float *head;     /* (V, C) */
    const float *hidden;   /* (n, C) after the final norm */
    const int32_t *target; /* (n) the next token; below 0: the row does not count */
    size_t n;
    double scale;
    const struct bt_tile *tile; /* that the products run on, where there is room for it; NULL: the BLAS */
    float *dhidden; /* (n, C) is set, zero in rows that do not count; NULL: only the loss is wanted */
    float *dhead;   /* (V, C) is added to; NULL: not wanted */
} bt_next_token_rows;

bt_next_token_result bt_next_token_loss(bt_next_token *t, const bt_next_token_rows *r);

#endif
