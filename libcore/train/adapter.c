/*
 * adapter.c - save the adapters of a trainer in peft's format: adapter_config.json and
 * adapter_model.safetensors with the pairs and the modules that trained in full, as ckpt/adapter.c and
 * peft read them; and bolter.json, how a model with them is read.
 *
 * peft has no place for a head's bias in GPT-2's classifier, which has none. It goes into the final
 * norm's bias, as in a saved model, and the final norm is then a module that trained, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/dir.h"
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
    json_t *full = json_pack("[s]", "score");
    if (t->cfg.head_bias)
        json_array_append_new(full, json_string("ln_f"));
    return json_pack("{s:s, s:s, s:s, s:i, s:f, s:f, s:s, s:b, s:b, s:o, s:o}", "peft_type", "LORA",
                     "task_type", "SEQ_CLS", "base_model_name_or_path", t->m->dir, "r",
                     (int)t->net.rank, "lora_alpha", (double)t->o.lora_alpha, "lora_dropout", 0.0,
                     "bias", "none", "fan_in_fan_out", 1, "inference_mode", 1, "target_modules",
                     targets, "modules_to_save", full);
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

/* A parameter that trained in full, named as peft does. */
static bolter_status declare_full(bt_safetensors_writer *w, const bt_param *p, bolter_error *err)
{
    char file[96], name[160];
    const size_t dim[2] = {p->rows, p->cols};
    bt_param_file_name(file, p, "");
    snprintf(name, sizeof name, "base_model.model.%s", file);
    return bt_writer_declare(w, name, BT_F32, p->matrix ? dim : dim + 1, p->matrix ? 2 : 1, err);
}

static bolter_status declare_all(bt_safetensors_writer *w, const bolter_trainer *t, bolter_error *err)
{
    const bt_param *row = t->params.row;
    bolter_status rc = declare_full(w, &row[bt_last_index(&t->cfg, BT_SCORE)], err);
    if (rc == BOLTER_OK && t->cfg.head_bias)
        rc = declare_full(w, &row[bt_last_index(&t->cfg, BT_LNF_W)], err);
    if (rc == BOLTER_OK && t->cfg.head_bias)
        rc = declare_full(w, &row[bt_last_index(&t->cfg, BT_LNF_B)], err);
    for (size_t i = 0; rc == BOLTER_OK && i < t->params.n; i++)
        if (t->lora[i].a)
            rc = declare_pair(w, t, i, err);
    return rc;
}

/* lnf: the final norm's bias with that of the head; NULL: the head has none. */
static bolter_status write_all(bt_safetensors_writer *w, const bolter_trainer *t, const float *lnf,
                               const char *path, bolter_error *err)
{
    size_t n = t->params.n, C = t->cfg.n_embd;
    bolter_status rc = declare_all(w, t, err);
    if (rc == BOLTER_OK)
        rc = bt_writer_begin(w, path, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_writer_put_floats(w, BT_F32, t->w[bt_last_index(&t->cfg, BT_SCORE)], t->cfg.n_label * C);
    if (lnf) {
        bt_writer_put_floats(w, BT_F32, t->w[bt_last_index(&t->cfg, BT_LNF_W)], C);
        bt_writer_put_floats(w, BT_F32, lnf, C);
    }
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
    float *lnf = bt_alloc_array(t->cfg.n_embd, sizeof *lnf);
    bolter_status rc = bt_writer_init(&w, metadata, err);
    if (rc == BOLTER_OK && !lnf)
        rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    if (rc == BOLTER_OK && t->cfg.head_bias)
        rc = bt_trainer_fold_bias(t, lnf, err);
    if (rc == BOLTER_OK)
        rc = write_all(&w, t, t->cfg.head_bias ? lnf : NULL, path, err);
    bt_writer_clear(&w);
    json_decref(metadata);
    bt_release(lnf);
    return rc;
}

/* How the model is read that the adapters are merged into. The weights that it will have are none of
 * ours to name. */
static bolter_status write_card(const bolter_trainer *t, const bolter_save_options *o, const char *dir,
                                bolter_error *err)
{
    bt_card card = {0};
    bolter_status rc = bt_card_copy(&card, &t->card, err);
    if (rc == BOLTER_OK)
        rc = bt_card_apply(&card, o, err);
    bt_release(card.model_id);
    card.model_id = NULL;
    if (rc == BOLTER_OK) {
        json_t *j = bt_card_json(&card);
        rc = bt_dir_put_json(dir, "bolter.json", j, err);
        json_decref(j);
    }
    bt_card_clear(&card);
    return rc;
}

bolter_status bolter_trainer_save_adapter(const bolter_trainer *t, const char *dir,
                                          const bolter_save_options *o, bolter_error *err)
{
    if (!t->net.lora || t->cfg.n_label == 0)
        return bt_fail(err, BOLTER_E_ARG, "%s: no classifier was trained by adapters", dir);
    if (t->o.random_init)
        return bt_fail(err, BOLTER_E_ARG, "%s: adapters to random weights fit no model", dir);
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return bt_fail_errno(err, errno, "%s", dir);
    char *config = bt_path_join(dir, "adapter_config.json");
    char *weights = bt_path_join(dir, "adapter_model.safetensors");
    bolter_status rc = config && weights ? write_weights(t, weights, err)
                                         : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        rc = write_config(t, config, err);
    if (rc == BOLTER_OK)
        rc = write_card(t, o, dir, err);
    bt_release(config);
    bt_release(weights);
    return rc;
}
