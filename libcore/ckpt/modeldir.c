/*
 * modeldir.c - a Hugging Face directory becomes a bolter_model: config, weights, tokenizer, card.
 */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "ckpt/model.h"

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

/* With an adapter (NULL: none), the head is its head, if it has one. */
static bolter_status open_safetensors(bolter_model *m, const bt_adapter *a, bool own_memory,
                                      bolter_error *err)
{
    char *path = bt_path_join(m->dir, "model.safetensors");
    bolter_status rc = !path        ? bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir)
                       : own_memory ? bt_safetensors_read(&m->st, path, err)
                                    : bt_safetensors_open(&m->st, path, err);
    bt_release(path);
    if (rc != BOLTER_OK)
        return rc;
    const bt_tensor *score = bt_safetensors_find(&m->st, "score.weight");
    if (score && (score->n_dim != 2 || score->dim[0] < 2))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: score.weight: expected (labels, n_embd)",
                       m->st.path);
    m->cfg.n_label = a && a->n_label > 0 ? a->n_label : score ? score->dim[0] : 0;
    rc = bt_config_check(&m->cfg, m->st.path, err);
    return rc == BOLTER_OK ? bt_params_init(&m->params, &m->cfg, err) : rc;
}

static bolter_status open_weights(bolter_model *m, const bt_adapter *a, const bolter_open_options *o,
                                  bolter_error *err)
{
    const char *name = o ? o->precision : NULL;
    bt_precision precision = BT_FLOAT32;
    if (name && !bt_precision_of(m, name, &precision))
        return bt_fail(err, BOLTER_E_ARG,
                       "precision \"%s\", expected auto, float32, bfloat16 or int8", name);
    if (name && !a)
        return bt_weights_pack(m, precision, o->isa, err);
    bolter_status rc = bt_weights_load(m, !a, a && a->n_label > 0, err);
    if (rc == BOLTER_OK && a)
        rc = bt_adapter_merge(m, a, err);
    return rc == BOLTER_OK && name ? bt_weights_pack_loaded(m, precision, o->isa, err) : rc;
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
    /* A promise was made for other scores. */
    c->has_proof = c->has_proof && !o->adapter && !o->text_layout && !o->begin && !o->max_tokens &&
                   (o->windows == 0 || (size_t)o->windows == c->windows) &&
                   !(o->no_wide && c->wide_sha256[0]);
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
        c->windows = 1;
    }
    if (o->windows < 0 || o->windows > BT_MAX_WINDOWS)
        return bt_fail(err, BOLTER_E_ARG, "%ld windows, expected 1 to %d", (long)o->windows,
                       BT_MAX_WINDOWS);
    if (o->windows > 0)
        c->windows = (size_t)o->windows;
    if (o->text_layout) {
        bt_release(c->text_layout);
        c->text_layout = bt_strdup(o->text_layout);
        if (!c->text_layout)
            return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    }
    return BOLTER_OK;
}

/* That of an adapter (NULL: none) that has one, which says how its model is read; else the model's. */
static bolter_status open_card(bolter_model *m, const bt_adapter *a, const bolter_open_options *o,
                               bolter_error *err)
{
    char *path = bt_path_join(a && a->has_card ? o->adapter : m->dir, "bolter.json");
    bolter_status rc = path ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    m->assumed = rc == BOLTER_OK && !bt_file_exists(path);
    if (rc == BOLTER_OK && !m->assumed)
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

/* The id in verdicts is that of both parts. */
static void name_both(bolter_model *m)
{
    char both[16 + 64 + 1], hex[65];
    snprintf(both, sizeof both, "%s%s", m->id, m->card.wide_sha256);
    bt_sha256_hex(both, strlen(both), hex);
    memcpy(m->both_id, hex, sizeof m->both_id - 1);
    m->info.id = m->both_id;
}

/* The wide part that the card names. */
static bolter_status open_wide(bolter_model *m, const bolter_open_options *o, bolter_error *err)
{
    bool wanted = m->card.wide_sha256[0] && !(o && o->no_wide);
    if (!wanted)
        return BOLTER_OK;
    if (m->info.n_label != 2 || m->info.spam_label < 0)
        return bt_fail(err, BOLTER_E_MISMATCH,
                       "%s: a wide part, and %d labels: expected spam and another", m->dir,
                       (int)m->info.n_label);
    char *path = bt_path_join(m->dir, BT_WIDE_NAME);
    bolter_status rc = path ? bt_wide_open(&m->wide_file, path, m->card.wide_sha256, err)
                            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    bt_release(path);
    if (rc == BOLTER_OK) {
        m->wide = &m->wide_file.wide;
        name_both(m);
        m->info.mix = &m->card.mix;
    }
    return rc;
}

void bt_model_fill_info(bolter_model *m)
{
    bt_precision usual;
    bt_precision_of(m, "auto", &usual);
    m->info = (bolter_model_info){
        .arch = "gpt2",
        .id = m->id,
        .network_id = m->id,
        .text_layout = m->card.text_layout,
        .precision = bt_precision_name(usual),
        .n_ctx = (int32_t)m->cfg.n_ctx,
        .n_vocab = (int32_t)m->cfg.n_vocab,
        .n_embd = (int32_t)m->cfg.n_embd,
        .n_layer = (int32_t)m->cfg.n_layer,
        .n_head = (int32_t)m->cfg.n_head,
        .n_label = (int32_t)m->cfg.n_label,
        .untied = m->cfg.n_label == 0 && m->cfg.untied,
        .spam_label = -1,
        .max_tokens = (int32_t)(m->card.pad_to > m->card.max_tokens ? m->card.pad_to
                                                                    : m->card.max_tokens),
        .tail_tokens = (int32_t)m->card.tail_tokens,
        .windows = 1,
        .begin_id = m->bos_id,
        .end_id = m->eos_id,
        .n_param = m->params.n_values,
        .spam_threshold = m->card.spam_threshold,
        .unsure_threshold = m->card.unsure_threshold,
        .temperature = m->card.temperature,
        .proof = m->card.has_proof ? &m->card.proof : NULL,
    };
    for (size_t i = 0; i < m->card.n_label; i++)
        if (strcmp(m->card.label[i], "spam") == 0)
            m->info.spam_label = (int32_t)i;
    /* Without spam no window is the strongest, and what is padded is not too long. */
    if (m->info.spam_label >= 0 && m->card.windows > 1 && m->card.pad_to == 0)
        m->info.windows = (int32_t)m->card.windows;
    m->info.max_ids = (size_t)m->info.max_tokens * (size_t)m->info.windows;
}

bolter_model *bt_model_new(const char *dir, bolter_error *err)
{
    bolter_model *m = bt_alloc(sizeof *m);
    if (!m || !(m->dir = bt_strdup(dir))) {
        bt_release(m);
        bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
        return NULL;
    }
    m->refs = 1;
    bt_card_default(&m->card);
    return m;
}

bolter_status bolter_model_open_with(bolter_model **out, const char *dir,
                                     const bolter_open_options *o, bolter_error *err)
{
    *out = NULL;
    bolter_model *m = bt_model_new(dir, err);
    bt_adapter adapter = {0}, *a = o && o->adapter ? &adapter : NULL;
    if (!m)
        return BOLTER_E_NOMEM;
    bolter_status rc = open_config(m, err);
    if (rc == BOLTER_OK && a)
        rc = bt_adapter_open(a, o->adapter, err);
    if (rc == BOLTER_OK)
        rc = open_safetensors(m, a, o && o->own_memory, err);
    if (rc == BOLTER_OK)
        rc = open_card(m, a, o, err); /* which may name the format that the weights are packed in */
    if (rc == BOLTER_OK)
        rc = open_weights(m, a, o, err);
    bt_adapter_close(&adapter);
    if (rc == BOLTER_OK)
        rc = open_tokenizer(m, err);
    if (rc == BOLTER_OK)
        rc = name_model(m, err);
    if (rc == BOLTER_OK) {
        bt_model_fill_info(m);
        rc = open_wide(m, o, err);
    }
    if (rc != BOLTER_OK) {
        bolter_model_unref(m);
        return rc;
    }
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
    bt_engine_clear(&m->engine);
    bt_safetensors_close(&m->st);
    bt_wide_close(&m->wide_file);
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

const bolter_wide *bolter_model_wide(const bolter_model *m)
{
    return m->wide;
}

const bolter_tok *bolter_model_tok(const bolter_model *m)
{
    return m->tok;
}

bool bolter_model_assumed(const bolter_model *m, char *text, size_t n)
{
    if (!m->assumed || m->cfg.n_label == 0)
        return false;
    snprintf(text, n,
             "%s: no bolter.json: assuming config.json's labels, a head that reads the %s of at most %d "
             "tokens, and spam from %g on", m->dir, bt_read_name(m->card.position), (int)m->info.max_tokens,
             m->card.spam_threshold);
    return true;
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
