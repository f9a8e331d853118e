/*
 * tied.h - next-token cross-entropy: hidden states meet the token embedding, which is GPT-2's head too,
 * a few rows at a time, so that (tokens, vocabulary) logits are never there at once.
 */
#ifndef BT_TIED_H
#define BT_TIED_H

#include <stdint.h>

#include "bolter.h"

typedef struct bt_tied {
    size_t V, C, rows; /* so many rows at a time */
    float *logits;     /* (rows, V), then their gradients */
    float *hidden;     /* (rows, C) rows that count, side by side */
    float *dhidden;    /* (rows, C) */
    size_t *from;      /* (rows) where they come from */
} bt_tied;

/* Room for up to max_rows rows, less where the logits would be large. E_NOMEM. */
bolter_status bt_tied_init(bt_tied *t, size_t V, size_t C, size_t max_rows, bolter_error *err);
void bt_tied_clear(bt_tied *t);

typedef struct bt_tied_result {
    double loss;      /* scale times the sum of the cross-entropies, nats */
    uint64_t n_right; /* rows whose largest logit was their target's */
} bt_tied_result;

/* One call's operands. */
typedef struct bt_tied_rows {
    const float *wte;      /* (V, C) */
    const float *hidden;   /* (n, C) after the final norm */
    const int32_t *target; /* (n) the next token; below 0: the row does not count */
    size_t n;
    double scale;
    float *dhidden; /* (n, C) is set, zero in rows that do not count; NULL: only the loss is wanted */
    float *dwte;    /* (V, C) is added to; NULL: not wanted */
} bt_tied_rows;

bt_tied_result bt_tied_loss(bt_tied *t, const bt_tied_rows *r);

#endif
