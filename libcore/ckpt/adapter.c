/*
 * adapter.c - LoRA adapters in peft's format: adapter_config.json and adapter_model.safetensors.
 * w (in,out) += alpha / r * (B A)^T with A (r,in), B (out,r). Source: Hu et al. 2021, section 4.1.
 * Modules that were trained in full, peft's modules_to_save, take the place of the model's own.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/model.h"
#include "kern/kern.h"

static bool empty_object(const json_t *j)
{
    return !j || json_is_null(j) || (json_is_object(j) && json_object_size(j) == 0);
}

/* alpha / r, or what this code cannot compute as E_MISMATCH. */
static bolter_status scale_of(const json_t *j, double *scale, size_t *rank, const char *path,
                              bolter_error *err)
{
    const char *type = json_string_value(json_object_get(j, "peft_type"));
    const char *bias = json_string_value(json_object_get(j, "bias"));
    json_int_t r = json_integer_value(json_object_get(j, "r"));
    const json_t *alpha = json_object_get(j, "lora_alpha");
    if (!type || strcmp(type, "LORA") != 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: peft_type is not \"LORA\"", path);
    if (json_is_true(json_object_get(j, "use_dora")) || (bias && strcmp(bias, "none") != 0) ||
        !empty_object(json_object_get(j, "rank_pattern")) ||
        !empty_object(json_object_get(j, "alpha_pattern")))
        return bt_fail(err, BOLTER_E_MISMATCH,
                       "%s: use_dora, bias, rank_pattern and alpha_pattern are not supported", path);
    if (r < 1 || r > 65536 || !json_is_number(alpha) || !(fabs(json_number_value(alpha)) < 1e6))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: r or lora_alpha is missing or out of range", path);
    *rank = (size_t)r;
    *scale = json_number_value(alpha) /
             (json_is_true(json_object_get(j, "use_rslora")) ? sqrt((double)r) : (double)r);
    return BOLTER_OK;
}

static bolter_status read_scale(double *scale, size_t *rank, const char *path, bolter_error *err)
{
    bt_buf text;
    bt_buf_init(&text, 1 << 20);
    bolter_status rc = bt_read_all(&text, path, err);
    if (rc == BOLTER_OK) {
        json_error_t je = {0};
        json_t *j = json_loadb(text.data ? text.data : "", text.len, 0, &je);
        rc = json_is_object(j) ? scale_of(j, scale, rank, path, err)
                               : bt_fail(err, BOLTER_E_FORMAT, "%s:%d: %s", path, je.line,
                                         j ? "not an object" : je.text);
        json_decref(j);
    }
    bt_buf_free(&text);
    return rc;
}

/* Weights are const in the model; an adapter changes the ones it owns in block. */
static bolter_status merge_pair(bolter_model *m, const bt_safetensors *st, const bt_tensor *a,
                                size_t index, double scale, size_t rank, bolter_error *err)
{
    const bt_param *p = &m->params.row[index];
    char b_name[256];
    const char *lora_a = strstr(a->name, ".lora_A.");
    snprintf(b_name, sizeof b_name, "%.*s.lora_B.%s", (int)(lora_a - a->name), a->name, lora_a + 8);
    const bt_tensor *b = bt_safetensors_find(st, b_name);
    if (!b || a->n_dim != 2 || b->n_dim != 2 || a->dim[0] != rank || a->dim[1] != p->rows ||
        b->dim[0] != p->cols || b->dim[1] != rank)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: %s: does not fit %s (%zu, %zu) with rank %zu",
                       st->path, a->name, p->name, p->rows, p->cols, rank);
    float *values = bt_alloc_array(a->n_values + b->n_values, sizeof *values);
    if (!values)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", st->path);
    bolter_status rc = bt_tensor_floats(st, a, values, err);
    if (rc == BOLTER_OK)
        rc = bt_tensor_floats(st, b, values + a->n_values, err);
    if (rc == BOLTER_OK)
        bt_gemm(bt_mat_of(m->w[index], p->rows, p->cols), bt_mat_of(values, rank, p->rows), true,
                bt_mat_of(values + a->n_values, p->cols, rank), true, (float)scale, 1);
    bt_release(values);
    return rc;
}

#define PREFIX "base_model.model."
/* In the names of modules_to_save, where somebody saved all that peft has in memory. */
#define IN_MEMORY ".modules_to_save.default"

/* The table index that an adapter tensor belongs to: PREFIX + name, with rest for what begins at cut. */
static size_t target_of(const bolter_model *m, const char *name, const char *cut, const char *rest)
{
    char plain[256];
    if (strncmp(name, PREFIX, sizeof PREFIX - 1) != 0)
        return m->params.n;
    name += sizeof PREFIX - 1;
    snprintf(plain, sizeof plain, "%.*s%s", (int)(cut - name), name, rest);
    return bt_params_find(&m->params, plain);
}

static bolter_status merge_tensor(bolter_model *m, const bt_adapter *a, const bt_tensor *t,
                                  bolter_error *err)
{
    if (strstr(t->name, ".lora_B."))
        return BOLTER_OK; /* with its A */
    const char *pair = strstr(t->name, ".lora_A."), *full = strstr(t->name, IN_MEMORY);
    size_t index = pair   ? target_of(m, t->name, pair, ".weight")
                   : full ? target_of(m, t->name, full, full + sizeof IN_MEMORY - 1)
                          : target_of(m, t->name, t->name + strlen(t->name), "");
    if (index == m->params.n || (!pair && t->n_values != bt_param_size(&m->params.row[index])))
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: %s: no such tensor in the model", a->st.path,
                       t->name);
    return pair ? merge_pair(m, &a->st, t, index, a->scale, a->rank, err)
                : bt_tensor_floats(&a->st, t, bt_mat_of(m->w[index], 1, 1).data, err);
}

bolter_status bt_adapter_merge(bolter_model *m, const bt_adapter *a, bolter_error *err)
{
    bolter_status rc = bt_gemm_open(err);
    for (size_t i = 0; rc == BOLTER_OK && i < a->st.n; i++)
        rc = merge_tensor(m, a, &a->st.tensor[i], err);
    return rc;
}

/* ---- Its files ---- */

static bolter_status find_head(bt_adapter *a, bolter_error *err)
{
    const bt_tensor *score = bt_safetensors_find(&a->st, PREFIX "score.weight");
    if (!score)
        score = bt_safetensors_find(&a->st, PREFIX "score" IN_MEMORY ".weight");
    if (score && (score->n_dim != 2 || score->dim[0] < 2))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %s: expected (labels, n_embd)", a->st.path,
                       score->name);
    a->n_label = score ? score->dim[0] : 0;
    return BOLTER_OK;
}

bolter_status bt_adapter_open(bt_adapter *a, const char *dir, bolter_error *err)
{
    char *config = bt_path_join(dir, "adapter_config.json");
    char *weights = bt_path_join(dir, "adapter_model.safetensors");
    char *card = bt_path_join(dir, "bolter.json");
    *a = (bt_adapter){0};
    bolter_status rc = config && weights && card
                           ? read_scale(&a->scale, &a->rank, config, err)
                           : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        rc = bt_safetensors_open(&a->st, weights, err);
    if (rc == BOLTER_OK)
        rc = find_head(a, err);
    a->has_card = rc == BOLTER_OK && bt_file_exists(card);
    bt_release(config);
    bt_release(weights);
    bt_release(card);
    return rc;
}

void bt_adapter_close(bt_adapter *a)
{
    bt_safetensors_close(&a->st);
}
