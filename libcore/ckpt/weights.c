/*
 * weights.c - the tensors of a file become weights: float32 where they lie in the mapped file or
 * converted once, for training and tests; or packed for scoring, where int8 panels are used as they lie.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "kern/int8.h"
#include "ckpt/model.h"

static const bt_tensor *find_param(const bt_safetensors *st, const bt_param *p, const char *suffix)
{
    char name[96];
    snprintf(name, sizeof name, "transformer.%s%s", p->name, suffix);
    const bt_tensor *t = bt_safetensors_find(st, name);
    return t ? t : bt_safetensors_find(st, name + strlen("transformer."));
}

/* Is this an int8 matrix that lies in the panels of packed.h? */
static bool in_panels(const bt_tensor *t, const bt_param *p)
{
    return t->dtype == BT_I8 && p->lora && t->n_dim == 4 && p->rows % 4 == 0 &&
           p->cols % BT_PANEL == 0 && t->dim[0] == p->cols / BT_PANEL && t->dim[1] == p->rows / 4 &&
           t->dim[2] == BT_PANEL && t->dim[3] == 4;
}

static bolter_status check_shape(const bt_safetensors *st, const bt_tensor *t, const bt_param *p,
                                 bolter_error *err)
{
    bool fits = p->matrix
                    ? t->n_dim == 2 && t->dim[0] == p->rows && t->dim[1] == p->cols
                    : t->n_dim == 1 && t->dim[0] == p->cols;
    if (fits || in_panels(t, p))
        return BOLTER_OK;
    return bt_fail(err, BOLTER_E_MISMATCH, "%s: %s: shape does not fit config.json's (%zu, %zu)",
                   st->path, t->name, p->rows, p->cols);
}

/* The scales of an int8 tensor into scale, which has room for its channels. */
static bolter_status load_scales(const bt_safetensors *st, const bt_tensor *t, const bt_param *p,
                                 float *scale, bolter_error *err)
{
    const bt_tensor *found = find_param(st, p, "_scale");
    size_t n = p->lora ? p->cols : p->rows;
    if (!found || found->n_values != n)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %s: I8 without %zu values of %s_scale", st->path,
                       t->name, n, p->name);
    return bt_tensor_floats(st, found, scale, err);
}

static bolter_status load_int8(const bt_safetensors *st, const bt_tensor *t, const bt_param *p,
                               float *dst, bolter_error *err)
{
    float *scale = bt_alloc_array(p->lora ? p->cols : p->rows, sizeof *scale);
    if (!scale)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", st->path);
    bolter_status rc = load_scales(st, t, p, scale, err);
    const bt_packed panels = {BT_INT8, p->rows, p->cols, t->data, scale, NULL, NULL, NULL};
    if (rc == BOLTER_OK && in_panels(t, p))
        bt_packed_unpack(dst, &panels);
    else if (rc == BOLTER_OK)
        bt_dequantise(dst, (const int8_t *)t->data, scale, p->rows, p->cols, p->lora);
    bt_release(scale);
    return rc;
}

/* Point w at the parameter's values: in place when they are aligned float32 and nothing will change
 * them, else converted to dst. */
static bolter_status load_param(const bt_safetensors *st, const bt_param *p, float *dst,
                                bool in_place, const float **w, bolter_error *err)
{
    const bt_tensor *t = find_param(st, p, "");
    if (!t)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: tensor %s is missing", st->path, p->name);
    bolter_status rc = check_shape(st, t, p, err);
    if (rc != BOLTER_OK)
        return rc;
    *w = dst;
    if (t->dtype == BT_I8)
        return load_int8(st, t, p, dst, err);
    if (!in_place || t->dtype != BT_F32 || (uintptr_t)t->data % sizeof **w != 0)
        return bt_tensor_floats(st, t, dst, err);
    *w = (const float *)(const void *)t->data;
    rc = bt_tensor_check(st, t, *w, err);
    bt_map_forget(&st->map, *w, t->n_values * sizeof **w); /* a text uses few rows of the embedding */
    return rc;
}

bolter_status bt_weights_load(bolter_model *m, bool in_place, bool new_head, bolter_error *err)
{
    size_t head = new_head ? bt_last_index(&m->cfg, BT_SCORE) : m->params.n;
    m->w = bt_alloc_array(m->params.n, sizeof *m->w);
    m->block = bt_alloc_aligned(m->params.n_values, sizeof *m->block);
    if (!m->w || !m->block)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory for %zu weights", m->dir,
                       m->params.n_values);
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < m->params.n; i++) {
        float *own = m->block + m->params.row[i].offset;
        m->w[i] = own;
        if (i != head)
            rc = load_param(&m->st, &m->params.row[i], own, in_place, &m->w[i], err);
    }
    return rc;
}

/* ---- Packed, for scoring ---- */

static const char *const precisions[] = {"float32", "bfloat16", "int8"};

const char *bt_precision_name(bt_precision p)
{
    return precisions[p];
}

bool bt_precision_named(const char *name, bt_precision *out)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, precisions[i]) == 0) {
            *out = (bt_precision)i;
            return true;
        }
    }
    return false;
}

bt_precision bt_precision_stored(const bolter_model *m)
{
    const bt_tensor *t = find_param(&m->st, &m->params.row[bt_block_index(0, BT_QKV_W)], "");
    return t && t->dtype == BT_I8 ? BT_INT8 : t && t->dtype == BT_BF16 ? BT_BFLOAT16 : BT_FLOAT32;
}

bool bt_precision_of(const bolter_model *m, const char *name, bt_precision *out)
{
    *out = bt_precision_stored(m);
    if (strcmp(name, "auto") != 0)
        return bt_precision_named(name, out);
    return *out == BT_INT8 || !m->card.precision || bt_precision_named(m->card.precision, out);
}

/* An int8 embedding; NULL for any other parameter. */
static const bt_tensor *narrow_embedding(const bolter_model *m, size_t i)
{
    const bt_tensor *t = i == BT_WTE || i == BT_WPE ? find_param(&m->st, &m->params.row[i], "") : NULL;
    return t && t->dtype == BT_I8 ? t : NULL;
}

static bolter_status load_embedding(const bolter_model *m, size_t i, float *scale,
                                    bt_embedding *out, bolter_error *err)
{
    const bt_param *p = &m->params.row[i];
    const bt_tensor *t = narrow_embedding(m, i);
    *out = (bt_embedding){.wide = m->w[i]};
    if (!t)
        return BOLTER_OK;
    *out = (bt_embedding){.narrow = (const int8_t *)t->data, .scale = scale};
    bolter_status rc = check_shape(&m->st, t, p, err);
    return rc == BOLTER_OK ? load_scales(&m->st, t, p, scale, err) : rc;
}

/* Is this parameter packed, or used as it lies, instead of being there in float32? */
static bool is_apart(const bolter_model *m, size_t i)
{
    bool lm_head = i != BT_WTE && i == bt_vocabulary_index(&m->cfg);
    return m->params.row[i].lora || lm_head || narrow_embedding(m, i);
}

/* load_param() of what is not read again: a file in memory of our own gives back what was converted. */
static bolter_status take_param(const bolter_model *m, const bt_param *p, float *dst, bool in_place,
                                const float **w, bolter_error *err)
{
    bolter_status rc = load_param(&m->st, p, dst, in_place, w, err);
    if (rc == BOLTER_OK && *w == dst) {
        const bt_tensor *t = find_param(&m->st, p, "");
        bt_map_drop(&m->st.map, t->data, t->n_values * bt_dtype_size(t->dtype));
    }
    return rc;
}

/* The small tensors in float32; embeddings in int8 stay, with their scales. */
static bolter_status load_small(bolter_model *m, bt_embedding *wte, bt_embedding *wpe,
                                bolter_error *err)
{
    size_t n = m->params.row[BT_WTE].rows + m->params.row[BT_WPE].rows;
    for (size_t i = 0; i < m->params.n; i++)
        if (!is_apart(m, i))
            n += bt_param_size(&m->params.row[i]);
    m->w = bt_alloc_array(m->params.n, sizeof *m->w);
    m->block = bt_alloc_aligned(n, sizeof *m->block);
    if (!m->w || !m->block)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory for its weights", m->dir);
    float *dst = m->block;
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < m->params.n; i++) {
        const bt_param *p = &m->params.row[i];
        if (is_apart(m, i))
            continue;
        rc = take_param(m, p, dst, true, &m->w[i], err);
        dst += bt_param_size(p);
    }
    if (rc == BOLTER_OK)
        rc = load_embedding(m, BT_WTE, dst, wte, err);
    if (rc == BOLTER_OK)
        rc = load_embedding(m, BT_WPE, dst + m->params.row[BT_WTE].rows, wpe, err);
    return rc;
}

/* Do all linear layers of a block lie in panels that the parts can be cut from? */
static bool block_in_panels(const bolter_model *m, size_t block)
{
    bool all = m->cfg.n_embd % BT_PANEL == 0;
    for (int i = 0; i < BT_PARTS; i++) {
        const bt_part_place at = bt_part_of(&m->cfg, (enum bt_part)i);
        const bt_param *p = &m->params.row[bt_block_index(block, at.weight)];
        const bt_tensor *t = find_param(&m->st, p, "");
        all = all && t && in_panels(t, p);
    }
    return all;
}

static bolter_status ready_block(bolter_model *m, size_t block, float *scale, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (int i = 0; rc == BOLTER_OK && i < BT_PARTS; i++) {
        const bt_part_place at = bt_part_of(&m->cfg, (enum bt_part)i);
        size_t index = bt_block_index(block, at.weight);
        const bt_param *p = &m->params.row[index];
        const bt_tensor *t = find_param(&m->st, p, "");
        rc = load_scales(&m->st, t, p, scale, err);
        if (rc == BOLTER_OK)
            rc = bt_packed_ready(&m->engine.block[block].part[i],
                                 (const int8_t *)t->data + at.first * at.K, scale + at.first,
                                 m->w[index + 1] + at.first, at.K, at.N, err);
    }
    return rc;
}

/* Convert a block's linear layers into scratch, and pack them. */
static bolter_status pack_block(bolter_model *m, size_t block, float *scratch, const float **w,
                                bolter_error *err)
{
    size_t end = bt_block_index(block, BT_PER_LAYER);
    bolter_status rc = BOLTER_OK;
    memcpy(w, m->w, m->params.n * sizeof *w);
    for (size_t i = bt_block_index(block, BT_LN1_W); rc == BOLTER_OK && i < end; i++) {
        const bt_param *p = &m->params.row[i];
        if (!p->lora)
            continue;
        rc = take_param(m, p, scratch, !m->st.map.own, &w[i], err);
        scratch += bt_param_size(p);
    }
    return rc == BOLTER_OK ? bt_engine_pack(&m->engine, block, w, err) : rc;
}

/* The head of a language model, from w where it is there. */
static bolter_status pack_head(bolter_model *m, bolter_error *err)
{
    size_t i = bt_vocabulary_index(&m->cfg);
    const bt_param *p = &m->params.row[i];
    if (m->cfg.n_label > 0)
        return BOLTER_OK;
    if (m->w[i])
        return bt_engine_pack_head(&m->engine, m->w[i], true, err);
    const float *w;
    float *wide = bt_alloc_aligned(bt_param_size(p), sizeof *wide);
    bolter_status rc = wide ? load_param(&m->st, p, wide, true, &w, err)
                            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory for its head", m->dir);
    if (rc == BOLTER_OK)
        rc = bt_engine_pack_head(&m->engine, w, w != wide, err);
    bt_release(wide);
    return rc;
}

bolter_status bt_weights_pack(bolter_model *m, bt_precision precision, const char *isa,
                              bolter_error *err)
{
    size_t C = m->cfg.n_embd, linear = 4 * C * C + 2 * C * m->cfg.n_inner;
    bt_embedding wte = {0}, wpe = {0};
    bolter_status rc = load_small(m, &wte, &wpe, err);
    if (rc == BOLTER_OK)
        rc = bt_engine_open(&m->engine, &m->cfg, precision, isa, m->w, err);
    if (rc != BOLTER_OK)
        return rc;
    m->packed = true;
    m->engine.wte = wte;
    m->engine.wpe = wpe;
    float *scratch = NULL;
    const float **w = bt_alloc_array(m->params.n, sizeof *w);
    float *scale = bt_alloc_array(3 * C + m->cfg.n_inner, sizeof *scale);
    for (size_t l = 0; rc == BOLTER_OK && l < m->cfg.n_layer; l++) {
        bool ready = precision == BT_INT8 && block_in_panels(m, l);
        if (!ready && !scratch)
            scratch = bt_alloc_aligned(linear, sizeof *scratch);
        if (!w || !scale || (!ready && !scratch))
            rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory to pack its weights", m->dir);
        else
            rc = ready ? ready_block(m, l, scale, err) : pack_block(m, l, scratch, w, err);
    }
    bt_release(scratch);
    bt_release(scale);
    bt_release(w);
    return rc == BOLTER_OK ? pack_head(m, err) : rc;
}

bolter_status bt_weights_pack_loaded(bolter_model *m, bt_precision precision, const char *isa,
                                     bolter_error *err)
{
    bolter_status rc = bt_engine_open(&m->engine, &m->cfg, precision, isa, m->w, err);
    m->packed = rc == BOLTER_OK;
    for (size_t l = 0; rc == BOLTER_OK && l < m->cfg.n_layer; l++)
        rc = bt_engine_pack(&m->engine, l, m->w, err);
    return rc == BOLTER_OK ? pack_head(m, err) : rc;
}

bolter_status bt_model_need_weights(const bolter_model *m, bolter_error *err)
{
    if (m->w[bt_block_index(0, BT_QKV_W)] && m->w[BT_WTE])
        return BOLTER_OK;
    if (!m->packed)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: a shape without weights", m->dir);
    return bt_fail(err, BOLTER_E_MISMATCH, "%s: opened for scoring alone", m->dir);
}
