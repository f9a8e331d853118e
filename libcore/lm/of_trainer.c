/* of_trainer.c - a generator over the weights of a trainer, for samples while it trains. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "lm/generator.h"
#include "train/trainer.h"

/* The linear layers of a block as they count, adapters merged, into scratch; the places in w. */
static void merge_block(const bolter_trainer *t, size_t block, float *scratch, const float **w)
{
    for (size_t i = bt_block_index(block, BT_LN1_W); i < bt_block_index(block, BT_PER_LAYER); i++) {
        if (!t->params.row[i].lora)
            continue;
        bt_weights_merged(t, i, scratch);
        w[i] = scratch;
        scratch += bt_param_size(&t->params.row[i]);
    }
}

/* All of the engine but its weights in w, which have to stay, is its own. */
static bolter_status pack(bt_engine *e, const bolter_trainer *t, const float **w, bolter_error *err)
{
    size_t C = t->cfg.n_embd;
    float *scratch = bt_alloc_aligned(4 * C * C + 2 * C * t->cfg.n_inner, sizeof *scratch);
    if (!scratch)
        return bt_fail(err, BOLTER_E_NOMEM, "generator: no memory to pack the weights");
    bolter_status rc = bt_engine_open(e, &t->cfg, BT_BFLOAT16, NULL, w, err);
    for (size_t l = 0; rc == BOLTER_OK && l < t->cfg.n_layer; l++) {
        merge_block(t, l, scratch, w);
        rc = bt_engine_pack(e, l, w, err);
    }
    if (rc == BOLTER_OK)
        rc = bt_engine_pack_head(e, w[bt_vocabulary_index(&t->cfg)], true, err);
    bt_release(scratch);
    return rc;
}

bolter_status bolter_generator_open_trainer(bolter_generator **out, const bolter_trainer *t,
                                            const bolter_sampling *o, bolter_error *err)
{
    bt_engine e = {0};
    *out = NULL;
    if (t->cfg.n_label > 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "generator: the trainer's model is a classifier");
    const float **w = bt_alloc_array(t->params.n, sizeof *w);
    if (!w)
        return bt_fail(err, BOLTER_E_NOMEM, "generator: no memory");
    memcpy(w, t->w, t->params.n * sizeof *w);
    bolter_status rc = pack(&e, t, w, err);
    if (rc == BOLTER_OK)
        rc = bt_generator_make(out, t->m, &e, o, err);
    if (rc != BOLTER_OK) {
        bt_engine_clear(&e);
        bt_release(w);
        return rc;
    }
    (*out)->own = e;
    (*out)->own_w = w;
    (*out)->e = &(*out)->own;
    return BOLTER_OK;
}
