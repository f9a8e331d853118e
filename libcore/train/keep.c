/* keep.c - what a trainer keeps: the best weights, a model directory, gradients in a file. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "train/trainer.h"

/* ---- The best weights ---- */

/* Copy a slot in pieces, so that little of the kept copies is in memory at a time. */
static void copy_slot(const bt_slots *s, float *to, const float *from, size_t n)
{
    const size_t piece = 1 << 20;
    for (size_t at = 0; at < n; at += piece) {
        memcpy(to + at, from + at, (n - at < piece ? n - at : piece) * sizeof *to);
        bt_slots_forget_kept(s);
    }
}

void bolter_trainer_keep(bolter_trainer *t)
{
    t->kept = true;
    for (size_t i = 0; i < t->slots.n; i++)
        copy_slot(&t->slots, t->slots.slot[i].kept, t->slots.slot[i].p, t->slots.slot[i].n);
}

void bolter_trainer_restore(bolter_trainer *t)
{
    for (size_t i = 0; t->kept && i < t->slots.n; i++)
        copy_slot(&t->slots, t->slots.slot[i].p, t->slots.slot[i].kept, t->slots.slot[i].n);
}

bolter_status bt_trainer_fold_bias(const bolter_trainer *t, float *lnf, bolter_error *err)
{
    memcpy(lnf, t->w[bt_last_index(&t->cfg, BT_LNF_B)], t->cfg.n_embd * sizeof *lnf);
    return bt_head_bias_fold(lnf, t->w[bt_last_index(&t->cfg, BT_SCORE)],
                             t->w[bt_last_index(&t->cfg, BT_SCORE_BIAS)], t->cfg.n_label,
                             t->cfg.n_embd, err);
}

/* ---- A model directory ---- */

struct saving {
    const bolter_trainer *t;
    float *lnf;     /* the final norm's bias; NULL: as it is */
    float *scratch; /* of the largest tensor that must be made */
};

static const float *weight_of_trainer(void *ud, size_t index)
{
    struct saving *s = ud;
    const bolter_trainer *t = s->t;
    if (index > 0 && index <= t->m->params.n)
        bt_model_forget(t->m, index - 1); /* it has been written */
    if (s->lnf && index == bt_last_index(&t->cfg, BT_LNF_B))
        return s->lnf;
    if (t->w[index] && !t->lora[index].a)
        return t->w[index];
    bt_release(s->scratch);
    s->scratch = bt_alloc_array(bt_param_size(&t->params.row[index]), sizeof *s->scratch);
    if (s->scratch)
        bt_weights_merged(t, index, s->scratch);
    return s->scratch;
}

static bolter_status write_model(const bolter_trainer *t, const bt_card *card,
                                 const bolter_save_options *o, const char *dir, bolter_error *err)
{
    struct saving s = {.t = t};
    bt_params params = t->params;
    bolter_status rc = BOLTER_OK;
    if (t->cfg.head_bias) {
        params.n--; /* the bias is the last row */
        s.lnf = bt_alloc_array(t->cfg.n_embd, sizeof *s.lnf);
        rc = s.lnf ? bt_trainer_fold_bias(t, s.lnf, err) : bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    }
    bt_weights w = {&params, weight_of_trainer, &s};
    if (rc == BOLTER_OK)
        rc = bt_model_write(t->m, &w, card, o, dir, err);
    bt_release(s.lnf);
    bt_release(s.scratch);
    return rc;
}

bolter_status bolter_trainer_save(bolter_trainer *t, const char *dir, const bolter_save_options *o,
                                  bolter_error *err)
{
    bt_card card = {0};
    bolter_status rc = bt_card_copy(&card, &t->card, err);
    if (rc == BOLTER_OK)
        rc = bt_card_apply(&card, o, err);
    if (rc == BOLTER_OK)
        rc = write_model(t, &card, o, dir, err);
    bt_card_clear(&card);
    return rc;
}

/* ---- Gradients ---- */

static bolter_status write_tensors(const bolter_trainer *t, bt_safetensors_writer *w,
                                   const char *path, bolter_error *err)
{
    float *const *g = bt_workers_gradients(t->workers);
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < t->params.n; i++) {
        const bt_param *p = &t->params.row[i];
        const size_t dim[2] = {p->rows, p->cols};
        char name[96];
        bt_param_file_name(name, p, "");
        if (g[i])
            rc = bt_writer_declare(w, name, BT_F32, p->matrix ? dim : dim + 1, p->matrix ? 2 : 1,
                                   err);
    }
    if (rc == BOLTER_OK)
        rc = bt_writer_begin(w, path, err);
    for (size_t i = 0; rc == BOLTER_OK && i < t->params.n; i++)
        if (g[i])
            bt_writer_put_floats(w, BT_F32, g[i], bt_param_size(&t->params.row[i]));
    return rc == BOLTER_OK ? bt_writer_end(w, err) : rc;
}

bolter_status bolter_trainer_write_gradients(bolter_trainer *t, const bolter_seq *seqs,
                                             const int32_t *labels, size_t n_seqs, const char *path,
                                             bolter_error *err)
{
    bt_result result;
    char text[40];
    bolter_status rc = bt_trainer_run(t, seqs, labels, n_seqs, NULL, &result, err);
    if (rc != BOLTER_OK)
        return rc;
    snprintf(text, sizeof text, "%.17g", result.loss);
    json_t *metadata = json_pack("{s:s, s:s}", "format", "pt", "loss", text);
    bt_safetensors_writer w;
    rc = bt_writer_init(&w, metadata, err);
    if (rc == BOLTER_OK)
        rc = write_tensors(t, &w, path, err);
    bt_writer_clear(&w);
    json_decref(metadata);
    return rc;
}
