/*
 * slots.h - what the optimiser moves: one slot for each trained tensor, with its moments. Dense
 * gradients, by parameter, come from the backward pass; for LoRA they are turned into gradients of
 * the adapter pairs here.
 */
#ifndef BT_SLOTS_H
#define BT_SLOTS_H

#include "bolter.h"
#include "model/param.h"

typedef struct bt_slot {
    float *p;       /* values, moved by the optimiser */
    const float *g; /* gradient */
    float *m, *v;   /* AdamW's moments */
    float *kept;    /* copy of p for bolter_trainer_restore() */
    size_t n;
    float lr_scale;
    bool decay;
    const char *name;
} bt_slot;

/* A LoRA pair of one linear layer: w = base + scale A^T B^T. */
typedef struct bt_pair {
    size_t index;      /* of the parameter */
    float *a, *b;      /* (rank, in), (out, rank) */
    float *da, *db;
} bt_pair;

typedef struct bt_slots {
    size_t n;
    bt_slot *slot;
    size_t n_pair;
    bt_pair *pair;
    size_t rank;
    float scale;
    float *block;   /* pairs and their gradients */
    float *moments; /* m, v and kept of all slots */
    size_t n_values;
} bt_slots;

/*
 * Make the slots of the parameters that trains[] marks; value and g (by parameter index) point to the
 * weights and to the reduced dense gradients. With rank > 0 the marked linear layers get a pair (A
 * random, B zero) instead and are not moved themselves. E_NOMEM.
 */
bolter_status bt_slots_init(bt_slots *s, const bt_params *params, const bool *trains,
                            float *const *value, float *const *g, const bolter_train_options *o,
                            bolter_error *err);
void bt_slots_clear(bt_slots *s);
/* Gradients of the pairs from the dense ones. */
void bt_slots_project(bt_slots *s, const bt_params *params, float *const *g);
/* effective (by parameter index) = base + pair, for each pair. */
void bt_slots_merge(const bt_slots *s, const bt_params *params, const float *const *base,
                    float *const *effective);

#endif
