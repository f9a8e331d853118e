/*
 * param.h - the one table of a GPT-2's parameters: names, shapes, who trains, what decays. Sizes,
 * checkpoints, the optimiser and LoRA all follow it.
 *
 * Linear weights are (in, out), as Hugging Face's Conv1D keeps them: y = x w + b.
 */
#ifndef BT_PARAM_H
#define BT_PARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "bolter.h"

/* Labels of a classification head, at most. */
#define BT_MAX_LABELS 256

/* Shape of a model. Limits are checked by bt_config_check(). */
typedef struct bt_config {
    size_t n_ctx, n_vocab, n_embd, n_layer, n_head, n_inner;
    size_t n_label; /* 0: no classification head */
    float eps;      /* of the layer norms */
    bool head_bias; /* the head has one: in training alone, a saved model has none */
    bool untied;    /* a language model's output layer is a matrix of its own, not its token embedding;
                       of a classifier it says nothing */
} bt_config;

/* Positions in the table: the two embeddings, BT_PER_LAYER tensors a block, up to four at the end. */
enum bt_param_index { BT_WTE, BT_WPE, BT_BLOCKS };
enum bt_block_param {
    BT_LN1_W,
    BT_LN1_B,
    BT_QKV_W,
    BT_QKV_B,
    BT_PROJ_W,
    BT_PROJ_B,
    BT_LN2_W,
    BT_LN2_B,
    BT_FC_W,
    BT_FC_B,
    BT_OUT_W,
    BT_OUT_B,
    BT_PER_LAYER
};
/* A model has one head: a classifier's, or an untied language model's. */
enum bt_last_param { BT_LNF_W, BT_LNF_B, BT_SCORE, BT_SCORE_BIAS, BT_LM_HEAD = BT_SCORE };

typedef struct bt_param {
    char name[48];       /* "h.3.attn.c_attn.weight", as Hugging Face writes it after "transformer." */
    size_t rows, cols;   /* a vector has rows 1 */
    size_t offset;       /* in a flat block of all parameters, in values */
    size_t layer;        /* 0 for the embeddings, 1 + block, n_layer + 1 for the final norm and a language
                            model's head, + 2: a classifier's */
    bool matrix;         /* two dimensions in a file; weight decay by default */
    bool lora;           /* a linear layer of a block */
    bool by_row;         /* an embedding, or a head over the vocabulary: its int8 has a scale a row */
    bool outside;        /* a head: in files its name is not preceded by "transformer." */
} bt_param;

typedef struct bt_params {
    size_t n;
    size_t n_values; /* of all tensors */
    bt_param *row;   /* owned */
} bt_params;

/* Build the table. E_NOMEM, E_LIMIT when sizes overflow. */
bolter_status bt_params_init(bt_params *p, const bt_config *c, bolter_error *err);
void bt_params_clear(bt_params *p);
/* Rows of the table for a shape. */
size_t bt_params_count(const bt_config *c);
/* Index of a block's parameter, and of one at the end. */
size_t bt_block_index(size_t block, enum bt_block_param which);
size_t bt_last_index(const bt_config *c, enum bt_last_param which);
/*
 * Index of what hidden states meet for logits over the vocabulary, (n_vocab, n_embd): the token embedding,
 * or the head of an untied language model.
 */
size_t bt_vocabulary_index(const bt_config *c);
size_t bt_param_size(const bt_param *p);
/* Its name in a file, with "transformer." but for the heads; suffix may be "". */
void bt_param_file_name(char name[96], const bt_param *p, const char *suffix);
/* Index by Hugging Face name, with or without "transformer."; n if there is none. */
size_t bt_params_find(const bt_params *p, const char *name);
/* E_FORMAT, naming the field, for a shape that cannot be or exceeds sane limits. */
bolter_status bt_config_check(const bt_config *c, const char *path, bolter_error *err);

#endif
