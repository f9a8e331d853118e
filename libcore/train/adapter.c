/*
 * adapter.c - save the adapters of a trainer in peft's format: adapter_config.json and
 * adapter_model.safetensors with the pairs and the head, as ckpt/adapter.c and peft read them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "train/trainer.h"

/* "transformer.h.0.attn.c_attn", the layer's place in the model. */
static void module_name(char name[96], const bt_param *p)
{
    snprintf(name, 96, "transformer.%.*s", (int)(strlen(p->name) - strlen(".weight")), p->name);
}

static json_t *config_of(const bolter_trainer *t)
{
    json_t *targets = json_array();
    char name[96];
    for (size_t i = 0; i < t->params.n; i++) {
        if (!t->lora[i].a)
            continue;
        module_name(name, &t->params.row[i]);
        json_array_append_new(targets, json_string(name));
    }
    return json_pack("{s:s, s:s, s:s, s:i, s:f, s:f, s:s, s:b, s:b, s:o, s:[s]}", "peft_type",
                     "LORA", "task_type", "SEQ_CLS", "base_model_name_or_path", t->m->dir, "r",
                     (int)t->net.rank, "lora_alpha", (double)t->o.lora_alpha, "lora_dropout", 0.0,
                     "bias", "none", "fan_in_fan_out", 1, "inference_mode", 1, "target_modules",
                     targets, "modules_to_save", "score");
}

static bolter_status write_config(const bolter_trainer *t, const char *path, bolter_error *err)
{
    json_t *j = config_of(t);
    char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
    bolter_status rc = text ? bt_write_file(path, text, strlen(text), err)
                            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    free(text);
    json_decref(j);
    return rc;
}

static bolter_status declare_pair(bt_safetensors_writer *w, const bolter_trainer *t, size_t i,
                                  bolter_error *err)
{
    const bt_param *p = &t->params.row[i];
    const size_t a[2] = {t->net.rank, p->rows}, b[2] = {p->cols, t->net.rank};
    char module[96], name[160];
    module_name(module, p);
    snprintf(name, sizeof name, "base_model.model.%s.lora_A.weight", module);
    bolter_status rc = bt_writer_declare(w, name, BT_F32, a, 2, err);
    snprintf(name, sizeof name, "base_model.model.%s.lora_B.weight", module);
    return rc == BOLTER_OK ? bt_writer_declare(w, name, BT_F32, b, 2, err) : rc;
}

static bolter_status write_pairs(bt_safetensors_writer *w, const bolter_trainer *t,
                                 const char *path, bolter_error *err)
{
    const size_t n = t->params.n, head[2] = {t->cfg.n_label, t->cfg.n_embd};
    bolter_status rc = bt_writer_declare(w, "base_model.model.score.weight", BT_F32, head, 2, err);
    for (size_t i = 0; rc == BOLTER_OK && i < n; i++)
        if (t->lora[i].a)
            rc = declare_pair(w, t, i, err);
    if (rc == BOLTER_OK)
        rc = bt_writer_begin(w, path, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_writer_put_floats(w, BT_F32, t->w[bt_last_index(&t->cfg, BT_SCORE)], head[0] * head[1]);
    for (size_t i = 0; i < n; i++) {
        if (!t->lora[i].a)
            continue;
        bt_writer_put_floats(w, BT_F32, t->lora[i].a, t->trained[n + i]);
        bt_writer_put_floats(w, BT_F32, t->lora[i].b, t->trained[2 * n + i]);
    }
    return bt_writer_end(w, err);
}

static bolter_status write_weights(const bolter_trainer *t, const char *path, bolter_error *err)
{
    bt_safetensors_writer w;
    json_t *metadata = json_pack("{s:s}", "format", "pt");
    bolter_status rc = bt_writer_init(&w, metadata, err);
    if (rc == BOLTER_OK)
        rc = write_pairs(&w, t, path, err);
    bt_writer_clear(&w);
    json_decref(metadata);
    return rc;
}

bolter_status bolter_trainer_save_adapter(const bolter_trainer *t, const char *dir,
                                          bolter_error *err)
{
    if (!t->net.lora)
        return bt_fail(err, BOLTER_E_ARG, "%s: nothing was trained by adapters", dir);
    if (t->cfg.head_bias)
        return bt_fail(err, BOLTER_E_ARG, "%s: an adapter has no place for a head with a bias",
                       dir);
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return bt_fail_errno(err, errno, "%s", dir);
    char *config = bt_path_join(dir, "adapter_config.json");
    char *weights = bt_path_join(dir, "adapter_model.safetensors");
    bolter_status rc = config && weights ? write_weights(t, weights, err)
                                         : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        rc = write_config(t, config, err);
    bt_release(config);
    bt_release(weights);
    return rc;
}
