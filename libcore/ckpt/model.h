/* model.h - what a bolter_model is inside: a directory's weights, tokenizer and settings. */
#ifndef BT_MODEL_H
#define BT_MODEL_H

#include <jansson.h>

#include "bolter_train.h"
#include "ckpt/safetensors.h"
#include "ckpt/wide.h"
#include "model/engine.h"
#include "model/gpt2.h"

#define BT_MAX_WINDOWS 64

/* What bolter.json says beside the weights; see bt_card_read(). */
typedef struct bt_card {
    char **label; /* n_label names, owned */
    size_t n_label;
    char *text_layout; /* owned */
    char *model_id;    /* owned; NULL: not stated */
    bt_read position;
    bool bos;          /* texts begin with the config's bos_token_id */
    bool all_see_all;  /* no causal mask: every token attends to all */
    size_t max_tokens, tail_tokens; /* 0: not stated */
    size_t windows; /* up to BT_MAX_WINDOWS; 0: not stated */
    const char *precision; /* "bfloat16" or "int8", what its blocks were trained on; NULL: nothing said */
    size_t pad_to;     /* texts are cut or padded to it with the config's eos_token_id; 0: they are not */
    double temperature, spam_threshold, unsure_threshold;
    bool has_proof;
    bolter_threshold_proof proof;
    char wide_sha256[65]; /* of wide.safetensors; "": there is no wide part */
    bolter_mix mix;       /* with it */
    json_t *provenance; /* owned; NULL: none */
} bt_card;

struct bolter_model {
    unsigned refs; /* atomic */
    char *dir;
    bt_config cfg;
    bt_params params;
    const float **w;  /* by table index: into st's bytes, or into block */
    float *block;     /* values that had to be converted */
    bool packed;      /* opened for scoring: engine is there, and w lacks the linear layers */
    bt_engine engine;
    bt_safetensors st;
    json_t *config;   /* config.json as it was */
    int32_t bos_id, eos_id; /* -1: the config names none */
    bt_card card;
    bool assumed; /* no file says what is in the card */
    bt_wide_file wide_file;
    const bolter_wide *wide; /* in it, or NULL */
    bolter_tok *tok;
    bolter_model_info info;
    char id[17];      /* of the weights */
    char both_id[17]; /* with the wide part */
};

/* ---- config.c ---- */

/* Read config.json into c (n_label stays 0) and *json (owned by the caller). Other architectures and
 * variants of GPT-2 that we do not compute are E_MISMATCH. */
bolter_status bt_config_read(bt_config *c, int32_t *bos_id, json_t **json, const char *path,
                             bolter_error *err);
/* The config's eos_token_id, with which texts are padded; -1: it names none below n_vocab. */
int32_t bt_config_eos(const json_t *config, size_t n_vocab);
/* A copy of config.json for a classifier with these labels, as transformers reads it; new. */
json_t *bt_config_classifier(const json_t *config, char *const *label, size_t n_label);

/* ---- card.c ---- */

/* The values of a directory without bolter.json. */
void bt_card_default(bt_card *card);
/* Read bolter.json over the defaults. E_FORMAT names the key, E_VERSION for another "v". */
bolter_status bt_card_read(bt_card *card, const char *path, bolter_error *err);
/* The JSON of a card; new. NULL without memory. */
json_t *bt_card_json(const bt_card *card);
/* Deep copy and release. */
bolter_status bt_card_copy(bt_card *to, const bt_card *from, bolter_error *err);
/* Names that a card can hold: they also end up in header fields of mail. */
#define BT_LABELS_EXPECTED "2 to 256 different names of 1 to 255 bytes without control characters"
bool bt_labels_fit(const char *const *label, size_t n);
bolter_status bt_card_set_labels(bt_card *card, const char *const *label, size_t n, bolter_error *err);
void bt_card_clear(bt_card *card);
/* "last", "first" or "mean", and back; false for another word. */
const char *bt_read_name(bt_read r);
bool bt_read_of(const char *name, bt_read *out);

/* ---- weights.c ---- */

/* Fill w in float32; in_place: aligned float32 tensors may be used where they are in the file's bytes;
 * new_head: the head is left for others to fill. */
bolter_status bt_weights_load(bolter_model *m, bool in_place, bool new_head, bolter_error *err);
/* "float32", "bfloat16" or "int8". False for another word. */
bool bt_precision_named(const char *name, bt_precision *out);
/* That of the weights in the file; of float16, float32. */
bt_precision bt_precision_stored(const bolter_model *m);
/* The same, or "auto": int8 where the weights are stored so, else as the card says or they are stored. */
bool bt_precision_of(const bolter_model *m, const char *name, bt_precision *out);
const char *bt_precision_name(bt_precision p);
/* Fill the engine from the file; or from w, when that was changed. E_ARG (isa), E_NOMEM, as load. */
bolter_status bt_weights_pack(bolter_model *m, bt_precision precision, const char *isa,
                              bolter_error *err);
bolter_status bt_weights_pack_loaded(bolter_model *m, bt_precision precision, const char *isa,
                                     bolter_error *err);
/* E_MISMATCH unless the model has float32 weights to work on. */
bolter_status bt_model_need_weights(const bolter_model *m, bolter_error *err);

/* ---- proof.c: the card's "threshold_proof" ---- */

#define BT_PROOF_EXPECTED                                                                          \
    "an object of max_fpr, confidence, proved, ham, needed, allowed, upper_bound and threshold in " \
    "their ranges"
/* E_FORMAT unless it is an object of all its keys, each in its range. */
bolter_status bt_proof_read(bolter_threshold_proof *p, const json_t *v);
/* New. NULL without memory. */
json_t *bt_proof_json(const bolter_threshold_proof *p);
/* Whether a card can hold it. */
bool bt_proof_fits(const bolter_threshold_proof *p);

/* ---- window.c ---- */

/*
 * How a text of n ids, without the begin token, is read: n_more windows behind the first, each of the text's
 * first lead ids and of slice ids from bt_window_begin() on.
 */
typedef struct bt_windows {
    size_t n_more, lead, slice;
    size_t head, tail; /* ids of the first window from the text's beginning and end */
    size_t n;
} bt_windows;

bt_windows bt_windows_of(const bolter_model *m, size_t n);
/* Of window k, 1 to n_more, the first id of its slice. */
size_t bt_window_begin(const bt_windows *w, size_t k);
/* Ids of the text that are in no window. */
size_t bt_windows_unread(const bt_windows *w);

/* ---- adapter.c ---- */

/* LoRA adapters of a directory in peft's format. */
typedef struct bt_adapter {
    bt_safetensors st;
    double scale; /* alpha / r */
    size_t rank;
    size_t n_label; /* of the head among the modules that were trained in full; 0: there is none */
    bool has_card;  /* a bolter.json, which says how the model is read that they were trained for */
} bt_adapter;

/* E_IO, E_FORMAT, E_MISMATCH (a method that we do not compute), E_NOMEM. Close also what did not open. */
bolter_status bt_adapter_open(bt_adapter *a, const char *dir, bolter_error *err);
void bt_adapter_close(bt_adapter *a);
/* Merge them into the model's weights, of which it owns every one. E_MISMATCH names what does not fit. */
bolter_status bt_adapter_merge(bolter_model *m, const bt_adapter *a, bolter_error *err);

/* ---- modeldir.c ---- */

/* A model of nothing yet, with one reference; NULL without memory. */
bolter_model *bt_model_new(const char *dir, bolter_error *err);
/* What it says of itself, once all else is there. */
void bt_model_fill_info(bolter_model *m);
/* A weight that lies in the mapped file, and is not wanted for a while, gives its memory back; the
 * next use reads it from the file again. Of others nothing happens. */
void bt_model_forget(const bolter_model *m, size_t index);

/* ---- head_bias.c ---- */

/* Add to the final norm's bias lnf (C) what makes a head W (K, C) without its bias b (K) give the same
 * logits. E_NUMERIC where its rows are not independent, E_NOMEM. */
bolter_status bt_head_bias_fold(float *lnf, const float *W, const float *b, size_t K, size_t C,
                                bolter_error *err);

/* ---- save.c ---- */

/* Weights asked for one by one, so that what must be made for a file need not be there all at once:
 * at() returns the values of a row of params, valid until the next call, or NULL without memory. */
typedef struct bt_weights {
    const bt_params *params;
    const float *(*at)(void *ud, size_t index);
    void *ud;
} bt_weights;

/* Write a whole directory: the card, weights in o's number format, the config of source and the
 * tokenizer files of its directory, if it has one, and o's files. As bolter_trainer_save() promises. */
bolter_status bt_model_write(const bolter_model *source, const bt_weights *w, const bt_card *card,
                             const bolter_save_options *o, const char *dir, bolter_error *err);
/* card with o's changes. */
bolter_status bt_card_apply(bt_card *card, const bolter_save_options *o, bolter_error *err);

#endif
