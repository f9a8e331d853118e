/* import.h - what an import holds; shared by its files alone. */
#ifndef BT_IMPORT_H
#define BT_IMPORT_H

#include "bolter_train.h"
#include "ckpt/foreign.h"
#include "ckpt/model.h"

/* Who named the tensors. Linear layers of the book are turned over, and queries, keys and values apart. */
enum bt_names { BT_OPENAI, BT_HUGGING_FACE, BT_BOOK };

typedef struct bt_import {
    bt_foreign_set set;
    enum bt_names names;
    const char *prefix; /* "" or "transformer." */
    const bolter_import_options *o;
    bt_config cfg;
    bt_params params;
    bool *used;         /* (set.n) */
    bool has_head_bias;
    const bt_foreign *repeated; /* the embedding once more, as the output layer; NULL: it is there once */
    float *values;      /* of the parameter at hand */
    bt_buf vocab, merges;
    json_t *config;
    bt_card card;
    bolter_error err;
} bt_import;

/* ---- import_names.c: all return with im->err set ---- */

/* Find out names and shape of a state dict, which tells neither. E_MISMATCH, E_FORMAT, E_ARG. */
bolter_status bt_import_names(bt_import *im);
bolter_status bt_import_shape(bt_import *im);
/* Is every tensor of that shape there, and nothing else? Then im->used is set. E_FORMAT, E_MISMATCH. */
bolter_status bt_import_check(bt_import *im);
/* Values of parameter i in im->values, for a bt_import; NULL after a failure. */
const float *bt_import_values(void *im, size_t i);

#endif
