/*
 * slots.h - what the optimiser moves: one slot for each trained tensor, with its moments and the
 * copy that is kept of the best weights.
 */
#ifndef BT_SLOTS_H
#define BT_SLOTS_H

#include "bolter_train.h"
#include "model/gpt2.h"

typedef struct bt_slot {
    float *p;       /* values, moved by the optimiser */
    const float *g; /* gradient */
    float *m, *v;   /* AdamW's moments */
    float *kept;    /* copy of p for bolter_trainer_restore() */
    size_t n;
    size_t row; /* values of a row where most rows have no gradient (the embedding); 0: all have */
    float lr_scale;
    bool decay;
    char name[64]; /* of the tensor; an adapter's ends in lora_A or lora_B */
} bt_slot;

/* A slot for each table entry that trains; see bt_gpt2_backward() for the three tables. */
typedef struct bt_slots {
    size_t n;
    bt_slot *slot;
    float *moments; /* m and v of all slots */
    float *kept;    /* n_values of them; mapped from a temporary file where that is large */
    bool mapped;
    size_t n_values;
} bt_slots;

/*
 * value and g are by the three tables, trained says how many values each entry trains (0: none).
 * E_NOMEM.
 */
typedef struct bt_slots_size {
    const bt_params *params;
    size_t n_layer;
    bool all_rows; /* of the token embedding may have a gradient */
    const size_t *trained;
    float *const *value, *const *g;
    const bolter_train_options *o;
} bt_slots_size;

bolter_status bt_slots_init(bt_slots *s, const bt_slots_size *size, bolter_error *err);
void bt_slots_clear(bt_slots *s);
/* The memory of the kept copies may go; they lie in their file. */
void bt_slots_forget_kept(const bt_slots *s);

#endif
