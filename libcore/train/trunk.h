/*
 * trunk.h - what the frozen blocks make of each sequence, computed once. A sequence is known by its
 * ids, so equal texts share one entry and the caller names nothing.
 */
#ifndef BT_TRUNK_H
#define BT_TRUNK_H

#include "model/engine.h"
#include "train/store.h"
#include "train/workers.h"

struct bt_entry;

/* Whose values they are. */
typedef struct bt_trunk_kind {
    bolter_model *m; /* NULL: of weights that are one trainer's alone */
    size_t first;    /* the input of this block is cached, n_layer: of the head; 0: nothing is */
    bt_read read; /* of the head's input */
    bt_precision precision;
    const struct bt_tile *tile;
    bool causal, half;
} bt_trunk_kind;

struct bolter_cache {
    bt_trunk_kind kind; /* its model is referred to */
    bt_store store;
    struct bt_entry *entry; /* n of cap */
    size_t n, cap;
    size_t *table; /* 2 cap places: an entry's index + 1, or 0; open addressing */
};

/* Get ready for values of a kind: those of another are dropped. limit: bytes in memory. */
void bt_trunk_begin(bt_trunk *k, const bt_trunk_kind *kind, size_t limit);
void bt_trunk_clear(bt_trunk *k);

/* What is needed to fill it. */
typedef struct bt_fill {
    const bolter_model *m; /* gives the memory of frozen blocks back in between; NULL: keep it */
    bt_workers *workers;
    size_t n_threads;
    const bt_net *net;
    bt_precision precision; /* that the frozen blocks compute in */
    bt_read read;
    bool causal;
    bool together; /* many sequences in one product; else each alone, whatever stands beside it */
} bt_fill;

/* Compute what is missing of n sequences. E_IO, E_NOMEM. */
bolter_status bt_trunk_fill(bt_trunk *k, const bt_fill *f, const bolter_seq *seqs, size_t n,
                            bolter_error *err);
/* Copy what is cached of a filled sequence to x: (tokens, n_embd), or (n_embd) for the head. */
bolter_status bt_trunk_load(const bt_trunk *k, const bolter_seq *seq, float *x, bolter_error *err);

#endif
