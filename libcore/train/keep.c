/*
 * keep.c - what a trainer keeps: the best weights, a model directory, gradients in a file.
 *
 * A saved model has no place for the bias of a head, but logits = W h + b can be had without: with
 * W d = b, the final norm's bias plus d gives W (h + d). The d of least norm is W^T (W W^T)^-1 b.
 */
#include <math.h>
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

/* ---- The head's bias ---- */

/* Bring row k of the n equations a (n,n+1) to the top by its largest entry, and eliminate below. */
static void eliminate(double *a, size_t n, size_t k)
{
    size_t w = n + 1, top = k;
    for (size_t i = k + 1; i < n; i++)
        top = fabs(a[i * w + k]) > fabs(a[top * w + k]) ? i : top;
    for (size_t j = 0; top != k && j < w; j++) {
        double kept = a[k * w + j];
        a[k * w + j] = a[top * w + j];
        a[top * w + j] = kept;
    }
    for (size_t i = k + 1; i < n; i++) {
        double f = a[i * w + k] / a[k * w + k];
        for (size_t j = k; j < w; j++)
            a[i * w + j] -= f * a[k * w + j];
    }
}

/* Solve the equations a (n,n+1), whose last column is the right side; the solution replaces it. */
static void solve(double *a, size_t n)
{
    size_t w = n + 1;
    for (size_t k = 0; k < n; k++)
        eliminate(a, n, k);
    for (size_t k = n; k-- > 0;) {
        for (size_t j = k + 1; j < n; j++)
            a[k * w + n] -= a[k * w + j] * a[j * w + n];
        a[k * w + n] /= a[k * w + k];
    }
}

static double dot(const float *x, const float *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

/* Does W shift = b hold but for rounding? */
static bool shifts(const float *W, const float *shift, const float *b, size_t K, size_t C)
{
    for (size_t k = 0; k < K; k++) {
        double got = dot(W + k * C, shift, C);
        if (!(fabs(got - (double)b[k]) <= 1e-4 * (1 + fabs((double)b[k]))))
            return false;
    }
    return true;
}

/* The final norm's bias for a head without one: lnf (C) with d added. */
static bolter_status fold_bias(const bolter_trainer *t, float *lnf, bolter_error *err)
{
    size_t K = t->cfg.n_label, C = t->cfg.n_embd, w = K + 1;
    const float *W = t->w[bt_last_index(&t->cfg, BT_SCORE)];
    const float *b = t->w[bt_last_index(&t->cfg, BT_SCORE_BIAS)];
    const float *old = t->w[bt_last_index(&t->cfg, BT_LNF_B)];
    double *a = bt_alloc_array(K * w, sizeof *a);
    float *shift = bt_alloc_array(C, sizeof *shift);
    bolter_status rc = a && shift ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    for (size_t i = 0; rc == BOLTER_OK && i < K; i++) {
        for (size_t j = 0; j < K; j++)
            a[i * w + j] = dot(W + i * C, W + j * C, C);
        a[i * w + K] = (double)b[i];
    }
    if (rc == BOLTER_OK)
        solve(a, K);
    for (size_t c = 0; rc == BOLTER_OK && c < C; c++) {
        double d = 0;
        for (size_t k = 0; k < K; k++)
            d += (double)W[k * C + c] * a[k * w + K];
        shift[c] = (float)d;
        lnf[c] = (float)((double)old[c] + d);
    }
    if (rc == BOLTER_OK && !shifts(W, shift, b, K, C))
        rc = bt_fail(
            err, BOLTER_E_NUMERIC,
            "the head's bias has no place in the final norm's: its rows are not independent");
    bt_release(a);
    bt_release(shift);
    return rc;
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
        rc = s.lnf ? fold_bias(t, s.lnf, err) : bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
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
        snprintf(name, sizeof name, "%s%s", strncmp(p->name, "score.", 6) ? "transformer." : "",
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
