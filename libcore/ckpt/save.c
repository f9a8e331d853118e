/*
 * save.c - what goes into a model directory: weights in a number format, config, tokenizer, card.
 */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "ckpt/dir.h"
#include "ckpt/model.h"
#include "ckpt/smooth.h"
#include "kern/int8.h"

/* ---- Weights ---- */

/* How one parameter is stored: int8 keeps the small tensors as they are. */
static bt_dtype dtype_for(bt_dtype wanted, const bt_param *p)
{
    bool large = p->lora || p->by_row;
    return wanted == BT_I8 && !large ? BT_F32 : wanted;
}

/* Int8 linear layers are stored as they are scored: see packed.h. */
static bool goes_in_panels(const bt_param *p, bt_dtype dtype)
{
    return dtype == BT_I8 && p->lora && p->rows % 4 == 0 && p->cols % BT_PANEL == 0;
}

static bolter_status declare(bt_safetensors_writer *w, const bt_param *p, bt_dtype dtype,
                             bolter_error *err)
{
    char name[96];
    const size_t dim[2] = {p->rows, p->cols}, scales = p->lora ? p->cols : p->rows;
    const size_t panels[4] = {p->cols / BT_PANEL, p->rows / 4, BT_PANEL, 4};
    bt_param_file_name(name, p, "");
    bolter_status rc =
        goes_in_panels(p, dtype)
            ? bt_writer_declare(w, name, dtype, panels, 4, err)
            : bt_writer_declare(w, name, dtype, p->matrix ? dim : dim + 1, p->matrix ? 2 : 1, err);
    if (rc != BOLTER_OK || dtype != BT_I8)
        return rc;
    bt_param_file_name(name, p, "_scale");
    return bt_writer_declare(w, name, BT_F32, &scales, 1, err);
}

static bolter_status put(bt_safetensors_writer *w, const bt_param *p, bt_dtype dtype, const float *x,
                         bolter_error *err)
{
    if (dtype != BT_I8) {
        bt_writer_put_floats(w, dtype, x, bt_param_size(p));
        return BOLTER_OK;
    }
    size_t n = p->lora ? p->cols : p->rows;
    int8_t *q = bt_alloc(bt_param_size(p)), *panels = bt_alloc(bt_packed_bytes(BT_INT8, p->rows, p->cols));
    float *scale = bt_alloc_array(n, sizeof *scale);
    bolter_status rc = BOLTER_OK;
    if (q && panels && scale) {
        bt_quantise(q, scale, x, p->rows, p->cols, p->lora);
        bt_packed_order(panels, q, p->rows, p->cols);
        bt_writer_put_bytes(w, goes_in_panels(p, dtype) ? panels : q, bt_param_size(p));
        bt_writer_put_bytes(w, scale, n * sizeof *scale);
    } else {
        rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", w->path);
    }
    bt_release(q);
    bt_release(panels);
    bt_release(scale);
    return rc;
}

static bolter_status write_weights(const bt_weights *w, bt_dtype wanted, const char *path,
                                   bolter_error *err)
{
    const bt_params *params = w->params;
    bt_safetensors_writer wr;
    json_t *metadata = json_pack("{s:s}", "format", "pt");
    bolter_status rc = bt_writer_init(&wr, metadata, err);
    for (size_t i = 0; rc == BOLTER_OK && i < params->n; i++)
        rc = declare(&wr, &params->row[i], dtype_for(wanted, &params->row[i]), err);
    if (rc == BOLTER_OK)
        rc = bt_writer_begin(&wr, path, err);
    for (size_t i = 0; rc == BOLTER_OK && i < params->n; i++) {
        const float *x = w->at(w->ud, i);
        rc = x ? put(&wr, &params->row[i], dtype_for(wanted, &params->row[i]), x, err)
               : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    }
    if (rc == BOLTER_OK)
        rc = bt_writer_end(&wr, err);
    bt_writer_clear(&wr);
    json_decref(metadata);
    return rc;
}

/* ---- The other files ---- */

/* Where there is one. */
static bolter_status compile_tokenizer(const char *dir, bolter_error *err)
{
    char *vocab = bt_path_join(dir, "vocab.json");
    if (!vocab)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    bool there = bt_file_exists(vocab);
    bt_release(vocab);
    return there ? bolter_tok_compile(dir, err) : BOLTER_OK;
}

/* bolter.json with the id of the weights that were just written. */
static bolter_status write_card(const bt_card *card, const char *weights, const char *dir,
                                bolter_error *err)
{
    char hex[65];
    bolter_status rc = bolter_file_sha256(weights, hex, err);
    if (rc != BOLTER_OK)
        return rc;
    hex[16] = 0;
    bt_card named = *card;
    named.model_id = hex;
    json_t *j = bt_card_json(&named);
    rc = bt_dir_put_json(dir, "bolter.json", j, err);
    json_decref(j);
    return rc;
}

static bolter_status fill_directory(const bolter_model *source, const bt_weights *w,
                                    const bt_card *card, bt_dtype dtype, const char *dir,
                                    bolter_error *err)
{
    char *weights = bt_path_join(dir, "model.safetensors");
    json_t *config = card->n_label > 0
                         ? bt_config_classifier(source->config, card->label, card->n_label)
                         : json_incref(source->config);
    bolter_status rc = weights ? bt_dir_put_json(dir, "config.json", config, err)
                               : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK && source->dir)
        rc = bt_dir_copy(source->dir, dir, "vocab.json", err);
    if (rc == BOLTER_OK && source->dir)
        rc = bt_dir_copy(source->dir, dir, "merges.txt", err);
    if (rc == BOLTER_OK)
        rc = compile_tokenizer(dir, err);
    if (rc == BOLTER_OK)
        rc = write_weights(w, dtype, weights, err);
    if (rc == BOLTER_OK && card->wide_sha256[0])
        rc = bt_dir_copy(source->dir, dir, BT_WIDE_NAME, err);
    if (rc == BOLTER_OK && card->n_label > 0)
        rc = write_card(card, weights, dir, err);
    json_decref(config);
    bt_release(weights);
    return rc;
}

static const float *weight_of_list(void *ud, size_t index)
{
    const float *const *list = ud;
    return list[index];
}

/* Copies of all weights, which smoothing wants side by side: list (n) into block. */
static bolter_status copy_all(const bt_weights *w, const float **list, float *block, const char *dir,
                              bolter_error *err)
{
    for (size_t i = 0; i < w->params->n; i++) {
        const float *x = w->at(w->ud, i);
        if (!x)
            return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
        list[i] = memcpy(block, x, bt_param_size(&w->params->row[i]) * sizeof *block);
        block += bt_param_size(&w->params->row[i]);
    }
    return BOLTER_OK;
}

/* As fill_directory(); int8 weights are smoothed first, unless plain. */
static bolter_status fill_with(const bolter_model *source, const bt_weights *w, const bt_card *card,
                               bt_dtype dtype, bool plain, const char *dir, bolter_error *err)
{
    if (dtype != BT_I8 || plain)
        return fill_directory(source, w, card, dtype, dir, err);
    bt_smoothed smoothed = {0};
    const float **list = bt_alloc_array(w->params->n, sizeof *list);
    float *block = bt_alloc_aligned(w->params->n_values, sizeof *block);
    bolter_status rc = list && block ? copy_all(w, list, block, dir, err)
                                     : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        rc = bt_smooth(&smoothed, w->params, &source->cfg, list, err);
    bt_weights all = {w->params, weight_of_list, smoothed.w};
    if (rc == BOLTER_OK)
        rc = fill_directory(source, &all, card, dtype, dir, err);
    bt_smoothed_clear(&smoothed);
    bt_release(list);
    bt_release(block);
    return rc;
}

static bool dtype_named(const char *name, bt_dtype *out)
{
    static const struct {
        const char *name;
        bt_dtype dtype;
    } names[] = {{"float32", BT_F32}, {"float16", BT_F16}, {"bfloat16", BT_BF16}, {"int8", BT_I8}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, name) == 0) {
            *out = names[i].dtype;
            return true;
        }
    }
    return false;
}

struct whole {
    const bolter_model *source;
    const bt_weights *w;
    const bt_card *card;
    bt_dtype dtype;
    bool plain;
};

static bolter_status fill_whole(void *ud, const char *dir, bolter_error *err)
{
    const struct whole *m = ud;
    return fill_with(m->source, m->w, m->card, m->dtype, m->plain, dir, err);
}

bolter_status bt_model_write(const bolter_model *source, const bt_weights *w, const bt_card *card,
                             const bolter_save_options *o, const char *dir, bolter_error *err)
{
    struct whole m = {source, w, card, BT_F32, o->plain};
    if (o->dtype && !dtype_named(o->dtype, &m.dtype))
        return bt_fail(err, BOLTER_E_ARG,
                       "%s: unknown number format, expected float32, float16, bfloat16 or int8",
                       o->dtype);
    return bt_dir_build(dir, fill_whole, &m, o, err);
}

static const float *weight_of_model(void *ud, size_t index)
{
    const bolter_model *m = ud;
    return m->w[index];
}

bolter_status bolter_model_save(const bolter_model *m, const char *dir, const bolter_save_options *o,
                                bolter_error *err)
{
    bt_card card = {0};
    bt_weights w = {&m->params, weight_of_model, (void *)(uintptr_t)m};
    bolter_save_options with = *o;
    with.plain = o->plain || bt_precision_stored(m) == BT_INT8;
    bolter_status rc = bt_model_need_weights(m, err);
    if (rc == BOLTER_OK)
        rc = bt_card_copy(&card, &m->card, err);
    if (rc == BOLTER_OK)
        rc = bt_card_apply(&card, o, err);
    if (rc == BOLTER_OK)
        rc = bt_model_write(m, &w, &card, &with, dir, err);
    bt_card_clear(&card);
    return rc;
}

bolter_status bolter_model_save_card(const bolter_model *m, const bolter_save_options *o,
                                     bolter_error *err)
{
    if (o->dtype)
        return bt_fail(err, BOLTER_E_ARG, "%s: a card has no number format", m->dir);
    bt_card card = {0};
    bolter_status rc = bt_card_copy(&card, &m->card, err);
    if (rc == BOLTER_OK)
        rc = bt_card_apply(&card, o, err);
    if (rc == BOLTER_OK) {
        json_t *j = bt_card_json(&card);
        rc = bt_dir_put_json(m->dir, "bolter.json", j, err);
        json_decref(j);
    }
    bt_card_clear(&card);
    return rc;
}
