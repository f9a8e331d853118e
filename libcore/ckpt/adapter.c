/*
 * adapter.c - LoRA adapters in peft's format: adapter_config.json and adapter_model.safetensors.
 * w (in,out) += alpha / r * (B A)^T with A (r,in), B (out,r). Source: Hu et al. 2021, section 4.1.
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

/* The table index that an adapter tensor belongs to: "base_model.model." + name + suffix. */
static size_t target_of(const bolter_model *m, const char *name, const char *suffix)
{
    static const char prefix[] = "base_model.model.";
    char plain[256];
    const char *end = strstr(name, suffix);
    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || !end)
        return m->params.n;
    name += sizeof prefix - 1;
    snprintf(plain, sizeof plain, "%.*s.weight", (int)(end - name), name);
    return bt_params_find(&m->params, plain);
}

static bolter_status merge_tensor(bolter_model *m, const bt_safetensors *st, const bt_tensor *t,
                                  double scale, size_t rank, bolter_error *err)
{
    if (strstr(t->name, ".lora_B."))
        return BOLTER_OK; /* with its A */
    size_t index = target_of(m, t->name, ".lora_A.");
    if (index < m->params.n)
        return merge_pair(m, st, t, index, scale, rank, err);
    index = target_of(m, t->name, ".modules_to_save.default.weight");
    if (index == m->params.n)
        index = target_of(m, t->name, ".weight");
    if (index == m->params.n || t->n_values != bt_param_size(&m->params.row[index]))
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: %s: no such tensor in the model", st->path,
                       t->name);
    return bt_tensor_floats(st, t, bt_mat_of(m->w[index], 1, 1).data, err);
}

bolter_status bt_adapter_merge(bolter_model *m, const char *dir, bolter_error *err)
{
    char *config = bt_path_join(dir, "adapter_config.json");
    char *weights = bt_path_join(dir, "adapter_model.safetensors");
    bt_safetensors st = {0};
    double scale = 0;
    size_t rank = 0;
    bolter_status rc = config && weights ? read_scale(&scale, &rank, config, err)
                                         : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        rc = bt_gemm_open(err);
    if (rc == BOLTER_OK)
        rc = bt_safetensors_open(&st, weights, err);
    for (size_t i = 0; rc == BOLTER_OK && i < st.n; i++)
        rc = merge_tensor(m, &st, &st.tensor[i], scale, rank, err);
    bt_safetensors_close(&st);
    bt_release(config);
    bt_release(weights);
    return rc;
}
