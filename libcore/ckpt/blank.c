/* blank.c - a model without weights: a shape over a tokenizer, for a training that begins at random. */
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "ckpt/model.h"

/* The id of GPT-2's end of text in vocab.json. */
static bolter_status find_end_of_text(const char *dir, int32_t *id, bolter_error *err)
{
    char *path = bt_path_join(dir, "vocab.json");
    bt_buf text;
    bt_buf_init(&text, (size_t)64 << 20);
    bolter_status rc = path ? bt_read_all(&text, path, err)
                            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    json_t *names = rc == BOLTER_OK ? json_loadb(text.data, text.len, 0, NULL) : NULL;
    const json_t *end = json_object_get(names, "<|endoftext|>");
    if (rc == BOLTER_OK && !json_is_integer(end))
        rc = bt_fail(err, BOLTER_E_FORMAT, "%s: no token \"<|endoftext|>\"", path);
    if (rc == BOLTER_OK)
        *id = (int32_t)json_integer_value(end);
    json_decref(names);
    bt_buf_free(&text);
    bt_release(path);
    return rc;
}

static json_t *blank_config(const bt_config *c, int32_t end_of_text)
{
    return json_pack("{s:[s], s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:i, s:i, s:b}",
                     "architectures", "GPT2LMHeadModel", "model_type", "gpt2", "activation_function",
                     "gelu_new", "n_positions", (json_int_t)c->n_ctx, "n_ctx", (json_int_t)c->n_ctx,
                     "vocab_size", (json_int_t)c->n_vocab, "n_embd", (json_int_t)c->n_embd,
                     "n_layer", (json_int_t)c->n_layer, "n_head", (json_int_t)c->n_head,
                     "layer_norm_epsilon", 1e-5, "bos_token_id", (int)end_of_text, "eos_token_id",
                     (int)end_of_text, "tie_word_embeddings", !c->untied);
}

static bolter_status make_blank(bolter_model *m, const bolter_shape *s, bolter_error *err)
{
    if (s->n_ctx < 1 || s->n_embd < 1 || s->n_layer < 1 || s->n_head < 1)
        return bt_fail(err, BOLTER_E_ARG, "a shape with %ld positions, width %ld, %ld layers, %ld heads",
                       (long)s->n_ctx, (long)s->n_embd, (long)s->n_layer, (long)s->n_head);
    bolter_status rc = bolter_tok_open(&m->tok, m->dir, err);
    if (rc == BOLTER_OK)
        rc = find_end_of_text(m->dir, &m->bos_id, err);
    if (rc != BOLTER_OK)
        return rc;
    m->eos_id = m->bos_id;
    m->cfg = (bt_config){.n_ctx = (size_t)s->n_ctx,
                         .n_vocab = (size_t)bolter_tok_vocab(m->tok),
                         .n_embd = (size_t)s->n_embd,
                         .n_layer = (size_t)s->n_layer,
                         .n_head = (size_t)s->n_head,
                         .n_inner = 4 * (size_t)s->n_embd,
                         .untied = s->untied,
                         .eps = 1e-5f};
    bolter_error why = {0};
    if (bt_config_check(&m->cfg, "shape", &why) != BOLTER_OK)
        return bt_fail(err, BOLTER_E_ARG, "%s", why.text);
    rc = bt_params_init(&m->params, &m->cfg, err);
    m->w = bt_alloc_array(m->params.n, sizeof *m->w);
    m->config = blank_config(&m->cfg, m->eos_id);
    m->card.text_layout = bt_strdup(bolter_text_default_layout());
    m->card.max_tokens = m->cfg.n_ctx;
    memset(m->id, '0', sizeof m->id - 1);
    if (rc == BOLTER_OK && (!m->w || !m->config || !m->card.text_layout))
        rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", m->dir);
    return rc;
}

bolter_status bolter_model_blank(bolter_model **out, const bolter_shape *shape, const char *dir,
                                 bolter_error *err)
{
    *out = NULL;
    bolter_model *m = bt_model_new(dir, err);
    if (!m)
        return BOLTER_E_NOMEM;
    bolter_status rc = make_blank(m, shape, err);
    if (rc != BOLTER_OK) {
        bolter_model_unref(m);
        return rc;
    }
    bt_model_fill_info(m);
    *out = m;
    return BOLTER_OK;
}
