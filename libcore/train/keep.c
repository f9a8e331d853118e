/*
 * keep.c - what a trainer keeps: the best weights in memory, a model directory, gradients in a file.
 */
#include <string.h>

#include "base/error.h"
#include "train/trainer.h"

void bolter_trainer_keep(bolter_trainer *t)
{
    t->kept = true;
    for (size_t i = 0; i < t->slots.n; i++)
        memcpy(t->slots.slot[i].kept, t->slots.slot[i].p, t->slots.slot[i].n * sizeof(float));
}

void bolter_trainer_restore(bolter_trainer *t)
{
    if (!t->kept)
        return;
    for (size_t i = 0; i < t->slots.n; i++)
        memcpy(t->slots.slot[i].p, t->slots.slot[i].kept, t->slots.slot[i].n * sizeof(float));
    bt_trainer_merge(t);
}

bolter_status bolter_trainer_save(bolter_trainer *t, const char *dir, const bolter_save_options *o,
                                  bolter_error *err)
{
    bt_card card = {0};
    bolter_status rc = bt_card_copy(&card, &t->card, err);
    if (rc == BOLTER_OK)
        rc = bt_card_apply(&card, o, err);
    if (rc == BOLTER_OK)
        rc = bt_model_write(t->m, &t->params, t->w, &card, o, dir, err);
    bt_card_clear(&card);
    return rc;
}

static bolter_status write_tensors(const bolter_trainer *t, bt_safetensors_writer *w, const char *path,
                                   bolter_error *err)
{
    float *const *g = bt_workers_gradients(t->workers);
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < t->params.n; i++) {
        const bt_param *p = &t->params.row[i];
        const size_t dim[2] = {p->rows, p->cols};
        char name[96];
        snprintf(name, sizeof name, "%s%s", strcmp(p->name, "score.weight") ? "transformer." : "",
                 p->name);
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
