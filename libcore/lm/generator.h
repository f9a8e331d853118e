/* generator.h - what a generator holds; shared by the files of this folder. */
#ifndef BT_GENERATOR_H
#define BT_GENERATOR_H

#include "base/buf.h"
#include "ckpt/model.h"
#include "lm/sample.h"

/* Bytes that one token may stand for; a longer one is cut. */
#define BT_TOKEN_BYTES 65536

struct bolter_generator {
    bolter_model *m;    /* tokenizer and special tokens */
    const bt_engine *e; /* the model's, or own */
    bt_engine own;      /* made of a trainer's weights */
    const float **own_w;
    bolter_sampling o;
    bt_rng rng;
    bt_scoring *scoring;
    bt_cache cache;
    size_t piece;       /* tokens that fit scoring */
    int32_t *ids;       /* (n_ctx), n of them fed or drawn; the cache has run some of these */
    size_t n;
    float *logits;      /* (n_vocab) after the last token, once the cache holds it */
    bt_candidate *room; /* (n_vocab) */
    char pending[BT_TOKEN_BYTES]; /* bytes of a character that is not whole yet, n_pending */
    size_t n_pending;
    bt_buf text;        /* of the last token */
};

/* A generator over an engine, which stays the caller's; m gives tokenizer and special tokens. */
bolter_status bt_generator_make(bolter_generator **out, bolter_model *m, const bt_engine *e,
                                const bolter_sampling *o, bolter_error *err);

#endif
