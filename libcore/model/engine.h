/*
 * engine.h - the forward pass of GPT-2 for scoring: packed weights in float32, bfloat16 or int8, the
 * residual stream in float32, nothing kept for a backward pass. The training pass is gpt2.h.
 */
#ifndef BT_ENGINE_H
#define BT_ENGINE_H

#include "kern/packed.h"
#include "model/gpt2.h"

/* The products of a block. Queries are apart from keys and values: the last block makes few of them. */
enum bt_part { BT_PART_Q, BT_PART_KV, BT_PART_PROJ, BT_PART_FC, BT_PART_OUT, BT_PARTS };

typedef struct bt_packed_block {
    bt_packed part[BT_PARTS];
} bt_packed_block;

/* Where the weights of a part are: columns first .. first + N - 1 of a (K, width) parameter. */
typedef struct bt_part_place {
    enum bt_block_param weight; /* its bias comes after it */
    size_t K, width, first, N;
} bt_part_place;

bt_part_place bt_part_of(const bt_config *c, enum bt_part part);

/* An embedding of tokens (V, C) or positions: float32, or int8 with a scale a row. */
typedef struct bt_embedding {
    const float *wide;
    const int8_t *narrow; /* used where wide is NULL */
    const float *scale;
} bt_embedding;

/* Weights of a model, ready to score. Immutable; threads share it. Borrows w and the embeddings. */
typedef struct bt_engine {
    bt_config cfg;
    const bt_tile *tile, *attention; /* of the precision, and of float32 */
    bt_packed_block *block;          /* (n_layer), owned */
    bt_packed head;                  /* of a language model, packed */
    const float *head_rows;          /* or its rows (V, C); NULL: it is packed */
    bt_embedding wte, wpe;
    const float *const *w; /* by table index: norms, head; the others are not read */
} bt_engine;

/* Choose tiles and make room for the blocks. E_ARG (isa is not there), E_NOMEM. */
bolter_status bt_engine_open(bt_engine *e, const bt_config *cfg, bt_precision precision,
                             const char *isa, const float *const *w, bolter_error *err);
/* Pack the linear layers of one block from float32 weights by table index. E_NOMEM. */
bolter_status bt_engine_pack(bt_engine *e, size_t block, const float *const *w, bolter_error *err);
/*
 * Pack rows (V, C) as the head of a language model. Those that stay as long as the engine serve in float32
 * as they are. E_NOMEM.
 */
bolter_status bt_engine_pack_head(bt_engine *e, const float *rows, bool stay, bolter_error *err);
/* Give the memory of a packed block back; it may be packed again. */
void bt_engine_drop(bt_engine *e, size_t block);
void bt_engine_clear(bt_engine *e);

/* Activations of one thread. */
typedef struct bt_scoring bt_scoring;

/* Reserve memory for batches of up to max_tok tokens and max_seqs sequences. E_NOMEM. */
bolter_status bt_scoring_open(bt_scoring **out, const bt_engine *e, size_t max_tok, size_t max_seqs,
                              bolter_error *err);
void bt_scoring_free(bt_scoring *s);
/*
 * How exact int8 arithmetic is from the next call on. Keys and values, which every later token reads,
 * are always made from rows in two pieces of a byte; carefully: all products are, which takes 1.6 times
 * as long and comes within a thousandth of float32. Other formats have one way.
 */
void bt_scoring_carefully(bt_scoring *s, bool carefully);
/*
 * Run the trunk over a batch that fits. Returns what was read after the final norm, (n_seqs, n_embd) or
 * for BT_READ_ALL (tokens, n_embd), valid until the next call.
 */
const float *bt_engine_forward(const bt_engine *e, bt_scoring *s, const bt_batch *b);
/*
 * The same in parts, for values x (tokens, n_embd) that the caller keeps: a block below the last, from
 * its input to its output in x; and the last block with all after it, which leaves nothing of use in x.
 */
void bt_engine_block(const bt_engine *e, bt_scoring *s, const bt_batch *b, size_t block, float *x);
const float *bt_engine_last(const bt_engine *e, bt_scoring *s, const bt_batch *b, float *x);
/* logits (n_seqs, n_label) = hidden score^T. */
void bt_engine_head(const bt_engine *e, const float *hidden, size_t n_seqs, float *logits);

/* ---- One token after another ---- */

/* Keys and values of the tokens so far, so that they need not be made again. One thread at a time. */
typedef struct bt_cache {
    size_t n, max; /* tokens that it holds, and that it has room for */
    float *kv;     /* (n_layer, max, 2C) */
    float *scratch; /* of attention */
} bt_cache;

/* Room for max tokens, at most n_ctx; none of it is touched before it is used. E_NOMEM. */
bolter_status bt_cache_init(bt_cache *c, const bt_engine *e, size_t max, bolter_error *err);
void bt_cache_clear(bt_cache *c);
/*
 * Run n more tokens, which fit both s and the cache, after those that it holds; it holds them too
 * then. Returns the last one's hidden state (C) after the final norm, valid until the next call.
 */
const float *bt_engine_continue(const bt_engine *e, bt_scoring *s, bt_cache *c, const int32_t *ids,
                                size_t n);
/* logits (V) of a hidden state over the vocabulary. */
void bt_engine_vocabulary(const bt_engine *e, bt_scoring *s, const float *hidden, float *logits);

#endif
