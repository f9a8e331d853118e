/* config.c - config.json of a Hugging Face directory. */
#include <string.h>

#include "base/error.h"
#include "ckpt/model.h"

/* A positive integer field, or fallback where it is absent or null; SIZE_MAX for anything else. */
static size_t size_field(const json_t *j, const char *name, size_t fallback)
{
    const json_t *v = json_object_get(j, name);
    if (!v || json_is_null(v))
        return fallback;
    json_int_t n = json_integer_value(v);
    return json_is_integer(v) && n >= 0 ? (size_t)n : SIZE_MAX;
}

/* Fields that change what is computed; the value that we compute, and the default when absent. */
static bolter_status check_variant(const json_t *j, const char *path, bolter_error *err)
{
    const char *type = json_string_value(json_object_get(j, "model_type"));
    if (!type || strcmp(type, "gpt2") != 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: model_type is \"%s\", expected \"gpt2\"", path,
                       type ? type : "(none)");
    const char *gelu = json_string_value(json_object_get(j, "activation_function"));
    if (gelu && strcmp(gelu, "gelu_new") != 0 && strcmp(gelu, "gelu_pytorch_tanh") != 0)
        return bt_fail(err, BOLTER_E_MISMATCH,
                       "%s: activation_function is \"%s\", expected \"gelu_new\"", path, gelu);
    if (json_is_false(json_object_get(j, "scale_attn_weights")))
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: scale_attn_weights false is not supported", path);
    static const char *const must_be_false[] = {"scale_attn_by_inverse_layer_idx",
                                                "add_cross_attention"};
    for (size_t i = 0; i < 2; i++)
        if (json_is_true(json_object_get(j, must_be_false[i])))
            return bt_fail(err, BOLTER_E_MISMATCH, "%s: %s is not supported", path,
                           must_be_false[i]);
    return BOLTER_OK;
}

static bolter_status read_fields(bt_config *c, int32_t *bos_id, const json_t *j, const char *path,
                                 bolter_error *err)
{
    bolter_status rc = check_variant(j, path, err);
    if (rc != BOLTER_OK)
        return rc;
    *c = (bt_config){
        .n_ctx = size_field(j, "n_positions", size_field(j, "n_ctx", 0)),
        .n_vocab = size_field(j, "vocab_size", 0),
        .n_embd = size_field(j, "n_embd", 0),
        .n_layer = size_field(j, "n_layer", 0),
        .n_head = size_field(j, "n_head", 0),
        .eps = 1e-5f,
    };
    c->untied = json_is_false(json_object_get(j, "tie_word_embeddings"));
    c->n_inner = size_field(j, "n_inner", c->n_embd < SIZE_MAX / 4 ? 4 * c->n_embd : 0);
    const json_t *eps = json_object_get(j, "layer_norm_epsilon");
    if (eps)
        c->eps = (float)json_number_value(eps);
    rc = bt_config_check(c, path, err);
    if (rc != BOLTER_OK)
        return rc;
    size_t bos = size_field(j, "bos_token_id", c->n_vocab);
    *bos_id = bos < c->n_vocab ? (int32_t)bos : -1;
    return BOLTER_OK;
}

bolter_status bt_config_read(bt_config *c, int32_t *bos_id, json_t **json, const char *path,
                             bolter_error *err)
{
    bt_buf text;
    bt_buf_init(&text, 1 << 20);
    *json = NULL;
    bolter_status rc = bt_read_all(&text, path, err);
    if (rc == BOLTER_OK) {
        json_error_t je = {0};
        *json = json_loadb(text.data ? text.data : "", text.len, 0, &je);
        if (!json_is_object(*json))
            rc = bt_fail(err, BOLTER_E_FORMAT, "%s:%d: %s", path, je.line,
                         *json ? "not an object" : je.text);
        else
            rc = read_fields(c, bos_id, *json, path, err);
    }
    bt_buf_free(&text);
    if (rc != BOLTER_OK) {
        json_decref(*json);
        *json = NULL;
    }
    return rc;
}

int32_t bt_config_eos(const json_t *config, size_t n_vocab)
{
    size_t eos = size_field(config, "eos_token_id", n_vocab);
    return eos < n_vocab ? (int32_t)eos : -1;
}

json_t *bt_config_classifier(const json_t *config, char *const *label, size_t n_label)
{
    json_t *j = json_deep_copy(config), *names = json_object(), *ids = json_object();
    char key[24];
    for (size_t i = 0; i < n_label; i++) {
        snprintf(key, sizeof key, "%zu", i);
        json_object_set_new(names, key, json_string(label[i]));
        json_object_set_new(ids, label[i], json_integer((json_int_t)i));
    }
    json_object_set_new(j, "architectures", json_pack("[s]", "GPT2ForSequenceClassification"));
    json_object_set_new(j, "id2label", names);
    json_object_set_new(j, "label2id", ids);
    json_object_set_new(j, "problem_type", json_string("single_label_classification"));
    json_t *eos = json_object_get(j, "eos_token_id");
    if (!json_object_get(j, "pad_token_id") && eos)
        json_object_set(j, "pad_token_id", eos);
    return j;
}
