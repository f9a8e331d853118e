/*
 * trainer.c - fine-tuning: a copy of a model's weights, a choice of what trains, steps of AdamW.
 *
 * Weights live in one flat block by the parameter table. With LoRA the forward pass reads merged
 * copies of the adapted layers, made anew after each step.
 */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "kern/kern.h"

void bolter_train_options_default(bolter_train_options *o)
{
    *o = (bolter_train_options){
        .trainable = "all",
        .position = "last",
        .schedule = "cosine",
        .lr = 4e-4f,
        .weight_decay = 0.05f,
        .beta1 = 0.9f,
        .beta2 = 0.999f,
        .eps = 1e-8f,
        .clip_norm = 1.0f,
        .layer_decay = 0.85f,
        .lora_rank = 16,
        .lora_alpha = 16,
        .seed = 123,
    };
}

/* ---- What trains ---- */

static bolter_status mark_trainable(const bolter_trainer *t, const char *what, bool *trains,
                                    bolter_error *err)
{
    size_t head = t->cfg.n_layer + 2, L = t->cfg.n_layer, lowest;
    bool lora = strcmp(what, "lora") == 0;
    if (strcmp(what, "last_layer") == 0)
        lowest = head;
    else if (strcmp(what, "last_block") == 0)
        lowest = L;
    else if (strcmp(what, "last_two_blocks") == 0)
        lowest = L > 1 ? L - 1 : L;
    else if (strcmp(what, "all") == 0 || lora)
        lowest = 0;
    else
        return bt_fail(err, BOLTER_E_ARG,
                       "trainable \"%s\", expected last_layer, last_block, last_two_blocks, all or "
                       "lora", what);
    for (size_t i = 0; i < t->params.n; i++) {
        const bt_param *p = &t->params.row[i];
        trains[i] = lora ? p->lora || p->layer == head : p->layer >= lowest;
    }
    return BOLTER_OK;
}

/* ---- Weights ---- */

/* GPT-2's initialisation (Radford et al. 2019, section 2.3). */
static void random_param(float *x, const bt_param *p, const bt_config *c, bt_rng *rng)
{
    bool gain = strstr(p->name, "ln_") && strstr(p->name, ".weight");
    bool residual = p->lora && strstr(p->name, "c_proj");
    double sd = residual ? 0.02 / sqrt(2.0 * (double)c->n_layer) : 0.02;
    for (size_t i = 0; i < bt_param_size(p); i++)
        x[i] = p->matrix ? (float)(sd * bt_rng_normal(rng)) : gain ? 1.0f : 0.0f;
}

static void copy_weights(bolter_trainer *t)
{
    bt_rng rng = {.seed = t->o.seed, .stream = 1};
    for (size_t i = 0; i < t->params.n; i++) {
        const bt_param *p = &t->params.row[i];
        bool has = i < t->m->params.n && t->m->params.row[i].rows == p->rows;
        if (has && !t->o.random_init)
            memcpy(t->value[i], t->m->w[i], bt_param_size(p) * sizeof *t->block);
        else
            random_param(t->value[i], p, &t->cfg, &rng);
    }
}

static bolter_status make_weights(bolter_trainer *t, bolter_error *err)
{
    bool lora = t->o.lora_rank > 0;
    t->block = bt_alloc_aligned(t->params.n_values, sizeof *t->block);
    t->merged = bt_alloc_aligned(lora ? t->params.n_values : 0, sizeof *t->merged);
    t->value = bt_alloc_array(t->params.n, sizeof *t->value);
    t->effective = bt_alloc_array(t->params.n, sizeof *t->effective);
    t->w = bt_alloc_array(t->params.n, sizeof *t->w);
    if (!t->block || !t->merged || !t->value || !t->effective || !t->w)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for %zu weights", t->params.n_values);
    for (size_t i = 0; i < t->params.n; i++) {
        const bt_param *p = &t->params.row[i];
        t->value[i] = t->block + p->offset;
        t->effective[i] = lora && p->lora ? t->merged + p->offset : t->value[i];
        t->w[i] = t->effective[i];
    }
    copy_weights(t);
    t->net = (bt_net){t->cfg, t->w};
    return BOLTER_OK;
}

void bt_trainer_merge(bolter_trainer *t)
{
    bt_slots_merge(&t->slots, &t->params, (const float *const *)t->value, t->effective);
}

/* ---- Opening ---- */

static bolter_status check_options(bolter_trainer *t, bolter_error *err)
{
    const bolter_train_options *o = &t->o;
    t->read = t->m->card.position;
    if (o->position && !bt_read_of(o->position, &t->read))
        return bt_fail(err, BOLTER_E_ARG, "position \"%s\", expected last, first or mean",
                       o->position);
    if (!bt_decay_of(o->schedule, &t->decay))
        return bt_fail(err, BOLTER_E_ARG, "schedule \"%s\", expected constant, linear or cosine",
                       o->schedule ? o->schedule : "");
    if (!(o->lr >= 0 && o->lr < 10) || !(o->weight_decay >= 0 && o->weight_decay <= 10) ||
        !(o->beta1 >= 0 && o->beta1 < 1) || !(o->beta2 >= 0 && o->beta2 < 1) || !(o->eps > 0) ||
        !(o->clip_norm >= 0) || !(o->layer_decay > 0 && o->layer_decay <= 1))
        return bt_fail(err, BOLTER_E_ARG, "a rate of the optimiser is out of range");
    if (o->pad_to > t->cfg.n_ctx ||
        (o->pad_to > 0 && (o->pad_id < 0 || (size_t)o->pad_id >= t->cfg.n_vocab)))
        return bt_fail(err, BOLTER_E_ARG, "padding to %zu with %ld: the model has %zu positions and "
                       "%zu tokens", o->pad_to, (long)o->pad_id, t->cfg.n_ctx, t->cfg.n_vocab);
    if (strcmp(o->trainable, "lora") == 0 && (o->lora_rank < 1 || o->lora_rank > 4096))
        return bt_fail(err, BOLTER_E_ARG, "lora_rank %ld, expected 1 to 4096", (long)o->lora_rank);
    return BOLTER_OK;
}

static bolter_status make_optimiser(bolter_trainer *t, bolter_error *err)
{
    bool *trains = bt_alloc_array(t->params.n, sizeof *trains);
    bolter_status rc = trains ? mark_trainable(t, t->o.trainable, trains, err)
                              : bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    size_t longest = t->o.pad_to > t->card.max_tokens ? t->o.pad_to : t->card.max_tokens;
    if (rc == BOLTER_OK)
        rc = bt_workers_open(&t->workers, &t->params, &t->cfg, trains, t->o.threads, longest, err);
    if (rc == BOLTER_OK)
        rc = bt_slots_init(&t->slots, &t->params, trains, t->value, bt_workers_gradients(t->workers),
                           &t->o, err);
    bt_release(trains);
    return rc;
}

static bolter_status open_parts(bolter_trainer *t, const char *const *labels, size_t n_label,
                                bolter_error *err)
{
    t->cfg.n_label = n_label;
    if (!bt_labels_fit(labels, n_label))
        return bt_fail(err, BOLTER_E_ARG, "trainer: %zu labels, expected %s", n_label,
                       BT_LABELS_EXPECTED);
    if (strcmp(t->o.trainable, "lora") != 0)
        t->o.lora_rank = 0;
    if (t->o.threads == 0)
        t->o.threads = bt_n_processors();
    bolter_status rc = check_options(t, err);
    if (rc == BOLTER_OK)
        rc = bt_params_init(&t->params, &t->cfg, err);
    if (rc == BOLTER_OK)
        rc = bt_card_copy(&t->card, &t->m->card, err);
    if (rc == BOLTER_OK)
        rc = bt_card_set_labels(&t->card, labels, n_label, err);
    t->card.position = t->read;
    if (rc == BOLTER_OK)
        rc = make_weights(t, err);
    if (rc == BOLTER_OK)
        rc = make_optimiser(t, err);
    if (rc == BOLTER_OK)
        bt_trainer_merge(t);
    return rc;
}

bolter_status bolter_trainer_open(bolter_trainer **out, bolter_model *m, const char *const *labels,
                                  size_t n_label, const bolter_train_options *o, bolter_error *err)
{
    *out = NULL;
    bolter_trainer *t = bt_alloc(sizeof *t);
    if (!t)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    *t = (bolter_trainer){.m = bolter_model_ref(m), .cfg = m->cfg, .o = *o};
    bolter_status rc = bt_model_need_weights(m, err);
    if (rc == BOLTER_OK)
        rc = bt_gemm_open(err);
    if (rc == BOLTER_OK)
        rc = open_parts(t, labels, n_label, err);
    t->o.trainable = t->o.position = t->o.schedule = NULL;
    if (rc != BOLTER_OK) {
        bolter_trainer_free(t);
        return rc;
    }
    *out = t;
    return BOLTER_OK;
}

void bolter_trainer_free(bolter_trainer *t)
{
    if (!t)
        return;
    bt_workers_free(t->workers);
    bt_slots_clear(&t->slots);
    bt_params_clear(&t->params);
    bt_card_clear(&t->card);
    bt_release(t->block);
    bt_release(t->merged);
    bt_release(t->value);
    bt_release(t->effective);
    bt_release(t->w);
    bt_release(t->padded);
    bt_release(t->padded_seqs);
    bt_release(t->note);
    bolter_model_unref(t->m);
    bt_release(t);
}

uint64_t bolter_trainer_n_trainable(const bolter_trainer *t)
{
    return t->slots.n_values;
}

/* ---- Batches ---- */

static bolter_status check_batch(const bolter_trainer *t, const bolter_seq *seqs,
                                 const int32_t *labels, size_t n, bolter_error *err)
{
    size_t longest = t->o.pad_to > t->card.max_tokens ? t->o.pad_to : t->card.max_tokens;
    if (n == 0)
        return bt_fail(err, BOLTER_E_ARG, "trainer: empty batch");
    for (size_t i = 0; i < n; i++) {
        bolter_status rc = bt_seq_check(&t->cfg, &seqs[i], err);
        if (rc != BOLTER_OK)
            return rc;
        if (seqs[i].n > longest)
            return bt_fail(err, BOLTER_E_LIMIT, "sequence of %zu tokens, opened for %zu", seqs[i].n,
                           longest);
        if (labels && (labels[i] < 0 || (size_t)labels[i] >= t->cfg.n_label))
            return bt_fail(err, BOLTER_E_ARG, "label %ld of %zu", (long)labels[i], t->cfg.n_label);
    }
    return BOLTER_OK;
}

/* Pad or cut the sequences to pad_to, in memory that lasts until the next call. */
static bolter_status pad(bolter_trainer *t, const bolter_seq **seqs, size_t n, bolter_error *err)
{
    size_t T = t->o.pad_to;
    if (T == 0)
        return BOLTER_OK;
    if (n > t->n_padded) {
        bt_release(t->padded);
        bt_release(t->padded_seqs);
        t->n_padded = 0;
        t->padded = bt_alloc_array(n, T * sizeof *t->padded);
        t->padded_seqs = bt_alloc_array(n, sizeof *t->padded_seqs);
        if (!t->padded || !t->padded_seqs)
            return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for padding");
        t->n_padded = n;
    }
    for (size_t i = 0; i < n; i++) {
        int32_t *ids = t->padded + i * T;
        size_t real = (*seqs)[i].n < T ? (*seqs)[i].n : T;
        memcpy(ids, (*seqs)[i].ids, real * sizeof *ids);
        for (size_t k = real; k < T; k++)
            ids[k] = t->o.pad_id;
        t->padded_seqs[i] = (bolter_seq){ids, T};
    }
    *seqs = t->padded_seqs;
    return BOLTER_OK;
}

bolter_status bt_trainer_run(bolter_trainer *t, const bolter_seq *seqs, const int32_t *labels,
                             size_t n, float *logits, bt_result *out, bolter_error *err)
{
    bolter_status rc = check_batch(t, seqs, labels, n, err);
    if (rc == BOLTER_OK)
        rc = pad(t, &seqs, n, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_work work = {&t->net, seqs, labels, n, t->read, logits};
    return bt_workers_run(t->workers, &work, out, err);
}

/* ---- A step ---- */

/* E_NUMERIC for a result, naming the step and the first tensor that cannot give a finite one. */
static bolter_status not_finite(const bolter_trainer *t, const char *what, bolter_error *err)
{
    const char *tensor = "an activation";
    for (size_t i = t->params.n; i-- > 0;)
        if (!isfinite(bt_sum_squares(t->w[i], bt_param_size(&t->params.row[i]))))
            tensor = t->params.row[i].name;
    return bt_fail(err, BOLTER_E_NUMERIC, "step %llu: the %s is not finite, and neither is %s",
                   (unsigned long long)t->step + 1, what, tensor);
}

/* The global norm; or E_NUMERIC that names the first tensor at fault. */
static bolter_status gradient_norm(const bolter_trainer *t, double *norm, bolter_error *err)
{
    double sum = 0;
    for (size_t i = 0; i < t->slots.n; i++) {
        double square = bt_sum_squares(t->slots.slot[i].g, t->slots.slot[i].n);
        if (!isfinite(square))
            return bt_fail(err, BOLTER_E_NUMERIC, "step %llu: the gradient of %s is not finite",
                           (unsigned long long)t->step + 1, t->slots.slot[i].name);
        sum += square;
    }
    *norm = sqrt(sum);
    return BOLTER_OK;
}

struct update {
    const bolter_trainer *t;
    bt_adamw adamw;
};

static void update_share(void *arg, size_t share)
{
    const struct update *u = arg;
    for (size_t i = share; i < u->t->slots.n; i += u->t->o.threads) {
        const bt_slot *s = &u->t->slots.slot[i];
        bt_adamw o = u->adamw;
        o.lr *= s->lr_scale;
        o.weight_decay = s->decay ? o.weight_decay : 0;
        bt_adamw_update(s->p, s->g, s->m, s->v, s->n, &o);
    }
}

bolter_status bolter_trainer_step(bolter_trainer *t, const bolter_seq *seqs, const int32_t *labels,
                                  size_t n_seqs, bolter_step *out, bolter_error *err)
{
    bt_result result;
    double norm = 0;
    if (!labels)
        return bt_fail(err, BOLTER_E_ARG, "trainer: no labels");
    bolter_status rc = bt_trainer_run(t, seqs, labels, n_seqs, NULL, &result, err);
    if (rc == BOLTER_OK && !isfinite(result.loss))
        rc = not_finite(t, "loss", err);
    if (rc != BOLTER_OK)
        return rc;
    bt_slots_project(&t->slots, &t->params, bt_workers_gradients(t->workers));
    rc = gradient_norm(t, &norm, err);
    if (rc != BOLTER_OK)
        return rc;
    t->step++;
    const bolter_train_options *o = &t->o;
    double lr = (double)o->lr * bt_schedule(t->decay, t->step, o->warmup_steps, o->total_steps);
    double clip = (double)o->clip_norm;
    struct update u = {t, {(float)lr, o->beta1, o->beta2, o->eps, o->weight_decay, t->step,
                           clip > 0 && norm > clip ? (float)(clip / norm) : 1.0f}};
    bt_parallel(o->threads, update_share, &u);
    bt_trainer_merge(t);
    *out = (bolter_step){.step = t->step,
                         .loss = result.loss,
                         .n_right = result.n_right,
                         .lr = lr,
                         .grad_norm = norm};
    for (size_t i = 0; i < n_seqs; i++)
        out->n_tokens += seqs[i].n;
    return BOLTER_OK;
}

bolter_status bolter_trainer_logits(bolter_trainer *t, const bolter_seq *seqs, size_t n_seqs,
                                    float *logits, bolter_error *err)
{
    bt_result result;
    bolter_status rc = bt_trainer_run(t, seqs, NULL, n_seqs, logits, &result, err);
    if (rc == BOLTER_OK && !isfinite(bt_sum_squares(logits, n_seqs * t->cfg.n_label)))
        rc = not_finite(t, "score", err);
    return rc;
}
