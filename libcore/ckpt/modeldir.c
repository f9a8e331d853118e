/*
 * modeldir.c - a Hugging Face directory becomes a bolter_model: config, weights, tokenizer, card.
 * Float32 weights are used where they lie in the mapped file; other formats are converted once.
 */
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "kern/int8.h"
#include "ckpt/model.h"

/* ---- Weights ---- */

static const bt_tensor *find_param(const bt_safetensors *st, const bt_param *p, const char *suffix)
{
    char name[96];
    snprintf(name, sizeof name, "transformer.%s%s", p->name, suffix);
    const bt_tensor *t = bt_safetensors_find(st, name);
    return t ? t : bt_safetensors_find(st, name + strlen("transformer."));
}

static bolter_status check_shape(const bt_safetensors *st, const bt_tensor *t, const bt_param *p,
                                 bolter_error *err)
{
    bool fits = p->matrix
                    ? t->n_dim == 2 && t->dim[0] == p->rows && t->dim[1] == p->cols
                    : t->n_dim == 1 && t->dim[0] == p->cols;
    if (fits)
        return BOLTER_OK;
    return bt_fail(err, BOLTER_E_MISMATCH, "%s: %s: shape does not fit config.json's (%zu, %zu)",
                   st->path, t->name, p->rows, p->cols);
}

static bolter_status load_int8(const bt_safetensors *st, const bt_tensor *t, const bt_param *p,
                               float *dst, bolter_error *err)
{
    const bt_tensor *scale = find_param(st, p, "_scale");
    size_t n = p->lora ? p->cols : p->rows;
    if (!scale || scale->n_values != n)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %s: I8 without %zu values of %s_scale", st->path,
                       t->name, n, p->name);
    float *scales = bt_alloc_array(n, sizeof *scales);
    if (!scales)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", st->path);
    bolter_status rc = bt_tensor_floats(st, scale, scales, err);
    if (rc == BOLTER_OK)
        bt_dequantise(dst, (const int8_t *)t->data, scales, p->rows, p->cols, p->lora);
    bt_release(scales);
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

static bolter_status load_weights(bolter_model *m, bool in_place, bolter_error *err)
{
    m->w = bt_alloc_array(m->params.n, sizeof *m->w);
    m->block = bt_alloc_aligned(m->params.n_values, sizeof *m->block);
    if (!m->w || !m->block)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory for %zu weights", m->dir,
                       m->params.n_values);
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < m->params.n; i++)
        rc = load_param(&m->st, &m->params.row[i], m->block + m->params.row[i].offset, in_place,
                        &m->w[i], err);
    return rc;
}

void bt_model_forget(const bolter_model *m, size_t index)
{
    bt_map_forget(&m->st.map, m->w[index], bt_param_size(&m->params.row[index]) * sizeof(float));
}

/* ---- The other files ---- */

static bolter_status open_config(bolter_model *m, bolter_error *err)
{
    char *path = bt_path_join(m->dir, "config.json");
    bolter_status rc = path ? bt_config_read(&m->cfg, &m->bos_id, &m->config, path, err)
                            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    if (rc == BOLTER_OK)
        m->eos_id = bt_config_eos(m->config, m->cfg.n_vocab);
    bt_release(path);
    return rc;
}

static bolter_status open_safetensors(bolter_model *m, bolter_error *err)
{
    char *path = bt_path_join(m->dir, "model.safetensors");
    bolter_status rc = path ? bt_safetensors_open(&m->st, path, err)
                            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    bt_release(path);
    if (rc != BOLTER_OK)
        return rc;
    const bt_tensor *score = bt_safetensors_find(&m->st, "score.weight");
    if (score && (score->n_dim != 2 || score->dim[0] < 2))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: score.weight: expected (labels, n_embd)",
                       m->st.path);
    m->cfg.n_label = score ? score->dim[0] : 0;
    rc = bt_config_check(&m->cfg, m->st.path, err);
    return rc == BOLTER_OK ? bt_params_init(&m->params, &m->cfg, err) : rc;
}

/* A directory of bare weights opens too: ids can be scored, texts cannot. */
static bolter_status open_tokenizer(bolter_model *m, bolter_error *err)
{
    char *vocab = bt_path_join(m->dir, "vocab.json");
    if (!vocab)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    bool there = bt_file_exists(vocab);
    bt_release(vocab);
    if (!there)
        return BOLTER_OK;
    bolter_status rc = bolter_tok_open(&m->tok, m->dir, err);
    if (rc == BOLTER_OK && (size_t)bolter_tok_vocab(m->tok) > m->cfg.n_vocab)
        rc = bt_fail(err, BOLTER_E_MISMATCH,
                     "%s: vocab.json has %ld tokens, config.json's vocab_size is %zu", m->dir,
                     (long)bolter_tok_vocab(m->tok), m->cfg.n_vocab);
    return rc;
}

/* Without bolter.json the names of the labels come from config.json. */
static bolter_status labels_of_config(bolter_model *m, bolter_error *err)
{
    const json_t *names = json_object_get(m->config, "id2label");
    const char **label = bt_alloc_array(m->cfg.n_label + 1, sizeof *label);
    char(*made)[32] = bt_alloc_array(m->cfg.n_label + 1, sizeof *made);
    bolter_status rc = label && made ? BOLTER_OK
                                     : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    for (size_t i = 0; rc == BOLTER_OK && i < m->cfg.n_label; i++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", i);
        snprintf(made[i], sizeof made[i], "LABEL_%zu", i);
        label[i] = json_string_value(json_object_get(names, key));
        if (!label[i])
            label[i] = made[i];
    }
    if (rc == BOLTER_OK && m->cfg.n_label > 0 && !bt_labels_fit(label, m->cfg.n_label))
        rc = bt_fail(err, BOLTER_E_FORMAT, "%s/config.json: \"id2label\" is not %s", m->dir,
                     BT_LABELS_EXPECTED);
    if (rc == BOLTER_OK)
        rc = bt_card_set_labels(&m->card, label, m->cfg.n_label, err);
    bt_release(label);
    bt_release(made);
    return rc;
}

/* What the caller wants read differently; checked with the rest of the card. */
static bolter_status override_card(bolter_model *m, const bolter_open_options *o, bolter_error *err)
{
    bt_card *c = &m->card;
    if (o->begin && strcmp(o->begin, "yes") != 0 && strcmp(o->begin, "no") != 0)
        return bt_fail(err, BOLTER_E_ARG, "begin token: \"%s\", expected yes or no", o->begin);
    if (o->begin)
        c->bos = strcmp(o->begin, "yes") == 0;
    if (o->max_tokens < 0 || o->tail_tokens < 0 || o->tail_tokens > o->max_tokens / 2)
        return bt_fail(err, BOLTER_E_ARG, "%ld tokens, %ld of the end: at most half can be the end",
                       (long)o->max_tokens, (long)o->tail_tokens);
    if (o->max_tokens > 0) {
        c->max_tokens = (size_t)o->max_tokens;
        c->tail_tokens = (size_t)o->tail_tokens;
    }
    if (o->text_layout) {
        bt_release(c->text_layout);
        c->text_layout = bt_strdup(o->text_layout);
        if (!c->text_layout)
            return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    }
    return BOLTER_OK;
}

static bolter_status open_card(bolter_model *m, const bolter_open_options *o, bolter_error *err)
{
    char *path = bt_path_join(m->dir, "bolter.json");
    bolter_status rc = path ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    if (rc == BOLTER_OK && bt_file_exists(path))
        rc = bt_card_read(&m->card, path, err);
    if (rc == BOLTER_OK && o)
        rc = override_card(m, o, err);
    bt_card *c = &m->card;
    if (rc == BOLTER_OK && c->n_label == 0)
        rc = labels_of_config(m, err);
    if (rc == BOLTER_OK && c->n_label != m->cfg.n_label)
        rc = bt_fail(err, BOLTER_E_MISMATCH, "%s: %zu labels, the head of the model has %zu", path,
                     c->n_label, m->cfg.n_label);
    if (rc == BOLTER_OK && c->bos && m->bos_id < 0)
        rc = bt_fail(err, BOLTER_E_MISMATCH, "%s: \"bos\" is true, config.json has no bos_token_id",
                     path);
    if (rc == BOLTER_OK && c->pad_to > 0 && (c->pad_to > m->cfg.n_ctx || m->eos_id < 0))
        rc = bt_fail(err, BOLTER_E_MISMATCH, "%s: \"pad_to\" is %zu, expected at most %zu and an "
                     "eos_token_id in config.json", path, c->pad_to, m->cfg.n_ctx);
    if (rc == BOLTER_OK && !c->text_layout &&
        !(c->text_layout = bt_strdup(bolter_text_default_layout())))
        rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    bt_release(path);
    if (c->max_tokens == 0 || c->max_tokens > m->cfg.n_ctx)
        c->max_tokens = m->cfg.n_ctx;
    if (c->tail_tokens >= c->max_tokens)
        c->tail_tokens = c->max_tokens / 4;
    return rc;
}

/* The stated id saves hashing the weights at each start; `bolter-train inspect model` verifies it. */
static bolter_status name_model(bolter_model *m, bolter_error *err)
{
    char hex[65];
    if (m->card.model_id) {
        memcpy(m->id, m->card.model_id, sizeof m->id - 1);
        return BOLTER_OK;
    }
    bolter_status rc = bolter_file_sha256(m->st.path, hex, err);
    if (rc == BOLTER_OK)
        memcpy(m->id, hex, sizeof m->id - 1);
    return rc;
}

static void fill_info(bolter_model *m)
{
    m->info = (bolter_model_info){
        .arch = "gpt2",
        .id = m->id,
        .text_layout = m->card.text_layout,
        .n_ctx = (int32_t)m->cfg.n_ctx,
        .n_vocab = (int32_t)m->cfg.n_vocab,
        .n_embd = (int32_t)m->cfg.n_embd,
        .n_layer = (int32_t)m->cfg.n_layer,
        .n_head = (int32_t)m->cfg.n_head,
        .n_label = (int32_t)m->cfg.n_label,
        .spam_label = -1,
        .max_tokens = (int32_t)(m->card.pad_to > m->card.max_tokens ? m->card.pad_to
                                                                    : m->card.max_tokens),
        .tail_tokens = (int32_t)m->card.tail_tokens,
        .n_param = m->params.n_values,
        .spam_threshold = m->card.spam_threshold,
        .unsure_threshold = m->card.unsure_threshold,
        .temperature = m->card.temperature,
    };
    for (size_t i = 0; i < m->card.n_label; i++)
        if (strcmp(m->card.label[i], "spam") == 0)
            m->info.spam_label = (int32_t)i;
}

bolter_status bolter_model_open_with(bolter_model **out, const char *dir,
                                     const bolter_open_options *o, bolter_error *err)
{
    const char *adapter = o ? o->adapter : NULL;
    *out = NULL;
    bolter_model *m = bt_alloc(sizeof *m);
    if (!m || !(m->dir = bt_strdup(dir))) {
        bt_release(m);
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    }
    m->refs = 1;
    bt_card_default(&m->card);
    bolter_status rc = open_config(m, err);
    if (rc == BOLTER_OK)
        rc = open_safetensors(m, err);
    if (rc == BOLTER_OK)
        rc = load_weights(m, !adapter, err);
    if (rc == BOLTER_OK && adapter)
        rc = bt_adapter_merge(m, adapter, err);
    if (rc == BOLTER_OK)
        rc = open_tokenizer(m, err);
    if (rc == BOLTER_OK)
        rc = open_card(m, o, err);
    if (rc == BOLTER_OK)
        rc = name_model(m, err);
    if (rc != BOLTER_OK) {
        bolter_model_unref(m);
        return rc;
    }
    fill_info(m);
    *out = m;
    return BOLTER_OK;
}

bolter_status bolter_model_open(bolter_model **out, const char *dir, bolter_error *err)
{
    return bolter_model_open_with(out, dir, NULL, err);
}

/* ---- Life and questions ---- */

bolter_model *bolter_model_ref(bolter_model *m)
{
    __atomic_add_fetch(&m->refs, 1, __ATOMIC_RELAXED);
    return m;
}

void bolter_model_unref(bolter_model *m)
{
    if (!m || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    bolter_tok_free(m->tok);
    bt_card_clear(&m->card);
    bt_safetensors_close(&m->st);
    bt_params_clear(&m->params);
    json_decref(m->config);
    bt_release(m->w);
    bt_release(m->block);
    bt_release(m->dir);
    bt_release(m);
}

const bolter_model_info *bolter_model_info_of(const bolter_model *m)
{
    return &m->info;
}

const char *bolter_model_label(const bolter_model *m, int32_t i)
{
    return i >= 0 && (size_t)i < m->card.n_label ? m->card.label[i] : NULL;
}

const bolter_tok *bolter_model_tok(const bolter_model *m)
{
    return m->tok;
}

bolter_status bolter_model_need_spam_head(const bolter_model *m, bolter_error *err)
{
    if (m->info.n_label == 0)
        return bt_fail(err, BOLTER_E_MISMATCH,
                       "%s: a language model without a classification head; make one with "
                       "bolter-train finetune", m->dir);
    if (m->info.spam_label < 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: none of its %d labels is \"spam\"", m->dir,
                       (int)m->info.n_label);
    if (!m->tok)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: no vocab.json", m->dir);
    return BOLTER_OK;
}
