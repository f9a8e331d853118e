/*
 * trainer.c - fine-tuning: a model's weights, a choice of what trains, batches through the network.
 *
 *   options.c  what trains              weights.c  where its values are     slots.c  its moments
 *   pad.c      one length for all       trunk.c    what frozen blocks make  workers.c  the threads
 *   loss.c     what is made small       step.c     one AdamW step           keep.c     what stays
 *   passages.c a language model's batches
 */
#include "train/trainer.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/parallel.h"

/* ---- Opening ---- */

static bool predicts(const bolter_trainer *t)
{
    return t->cfg.n_label == 0 || t->o.lm_loss > 0;
}

/* Where the token embedding is what tokens are predicted by, every step moves all of its rows. */
static bool moves_all_rows(const bolter_trainer *t)
{
    return predicts(t) && bt_vocabulary_index(&t->cfg) == BT_WTE;
}

static bolter_status open_workers(bolter_trainer *t, bolter_error *err)
{
    bt_workers_size size = {.params = &t->params,
                            .cfg = t->cfg,
                            .n_gradient = t->trained,
                            .n_threads = t->o.threads,
                            .longest = bt_trainer_longest(t),
                            .predicts = predicts(t),
                            .all_rows = moves_all_rows(t),
                            .run = {.keep = true,
                                    .first = bt_options_lowest(t),
                                    .rank = t->net.rank,
                                    .quantised = t->quantised,
                                    .tiled = t->net.tile != NULL}};
    return bt_workers_open(&t->workers, &size, err);
}

static bolter_status open_slots(bolter_trainer *t, bolter_error *err)
{
    bt_slots_size size = {.params = &t->params,
                          .n_layer = t->cfg.n_layer,
                          .all_rows = moves_all_rows(t),
                          .trained = t->trained,
                          .value = t->value,
                          .g = bt_workers_gradients(t->workers),
                          .o = &t->o};
    return bt_slots_init(&t->slots, &size, err);
}

static void open_trunk(bolter_trainer *t)
{
    bool alone = t->o.random_init || t->quantised;
    size_t first = bt_options_lowest(t);
    bt_trunk_kind kind = {.m = alone ? NULL : t->m,
                          .first = first,
                          .read = first == t->cfg.n_layer ? t->read : BT_READ_ALL,
                          .causal = t->causal,
                          .half = t->half_cache,
                          .precision = t->trunk_precision,
                          .tile = t->net.tile};
    if (t->o.no_cache || t->cfg.n_label == 0 || first == 0)
        return;
    t->trunk = t->o.cache ? t->o.cache : &t->own;
    bt_trunk_begin(t->trunk, &kind, t->o.cache_bytes);
}

static bolter_status open_card(bolter_trainer *t, const char *const *labels, bolter_error *err)
{
    bolter_status rc = bt_card_copy(&t->card, &t->m->card, err);
    if (t->cfg.n_label == 0) /* a language model has none */
        return rc;
    if (rc == BOLTER_OK)
        rc = bt_card_set_labels(&t->card, labels, t->cfg.n_label, err);
    t->card.position = t->read;
    t->card.wide_sha256[0] = 0; /* it was fitted to the network as it was */
    t->card.all_see_all = !t->causal;
    if (t->o.pad_to > 0)
        t->card.pad_to = t->o.pad_to;
    t->card.precision = t->trunk_precision == BT_FLOAT32 ? NULL : bt_precision_name(t->trunk_precision);
    return rc;
}

static bolter_status open_parts(bolter_trainer *t, const char *const *labels, size_t n_label,
                                bolter_error *err)
{
    t->cfg.n_label = n_label;
    if (n_label == 0 && t->m->cfg.n_label > 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: a classifier, expected a language model",
                       t->m->dir);
    if (n_label > 0 && !bt_labels_fit(labels, n_label))
        return bt_fail(err, BOLTER_E_ARG, "trainer: %zu labels, expected %s", n_label,
                       BT_LABELS_EXPECTED);
    if (t->o.threads == 0)
        t->o.threads = bt_n_processors();
    bolter_status rc = bt_options_check(t, err);
    if (rc == BOLTER_OK)
        rc = bt_params_init(&t->params, &t->cfg, err);
    if (rc == BOLTER_OK)
        rc = open_card(t, labels, err);
    if (rc == BOLTER_OK)
        rc = bt_options_mark(t, err);
    if (rc == BOLTER_OK)
        rc = bt_options_check_trunk(t, err);
    if (rc == BOLTER_OK)
        rc = bt_weights_make(t, err);
    if (rc == BOLTER_OK)
        rc = open_workers(t, err);
    if (rc == BOLTER_OK)
        rc = open_slots(t, err);
    if (rc == BOLTER_OK)
        open_trunk(t);
    return rc;
}

/* The caller's strings and arrays are not kept. */
static void drop_borrowed(bolter_train_options *o)
{
    o->trainable = o->lora_targets = o->position = o->mask = o->schedule = NULL;
    o->precision = o->cache_dtype = o->trunk_precision = o->init = NULL;
    o->class_weights = NULL;
    o->cache = NULL;
}

bolter_status bolter_trainer_open(bolter_trainer **out, bolter_model *m, const char *const *labels,
                                  size_t n_label, const bolter_train_options *o, bolter_error *err)
{
    *out = NULL;
    bolter_trainer *t = bt_alloc(sizeof *t);
    if (!t)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    *t = (bolter_trainer){.m = bolter_model_ref(m), .cfg = m->cfg, .o = *o, .own.store.fd = -1};
    bool fresh = o->random_init && o->trainable && strcmp(o->trainable, "all") == 0;
    bolter_status rc = fresh ? BOLTER_OK : bt_model_need_weights(m, err);
    if (rc == BOLTER_OK)
        rc = bt_gemm_open(err);
    if (rc == BOLTER_OK)
        rc = open_parts(t, labels, n_label, err);
    drop_borrowed(&t->o);
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
    bt_trunk_clear(&t->own);
    bt_workers_free(t->workers);
    bt_slots_clear(&t->slots);
    bt_weights_clear(t);
    bt_params_clear(&t->params);
    bt_card_clear(&t->card);
    bt_release(t->trained);
    bt_release(t->class_weights);
    bt_release(t->padded);
    bt_release(t->padded_seqs);
    bt_release(t->inputs);
    bt_release(t->next);
    bt_release(t->note);
    bolter_model_unref(t->m);
    bt_release(t);
}

uint64_t bolter_trainer_n_trainable(const bolter_trainer *t)
{
    return t->slots.n_values;
}

/* ---- Batches ---- */

size_t bt_trainer_longest(const bolter_trainer *t)
{
    size_t longest = (size_t)t->m->info.max_tokens;
    return t->o.pad_to > longest ? t->o.pad_to : longest;
}

static bool label_fits(const bolter_trainer *t, int32_t label)
{
    return label == t->o.ignore_label || (label >= 0 && (size_t)label < t->cfg.n_label);
}

static bolter_status check_batch(const bolter_trainer *t, const bolter_seq *seqs,
                                 const int32_t *labels, size_t n, bolter_error *err)
{
    size_t longest = bt_trainer_longest(t);
    if (n == 0)
        return bt_fail(err, BOLTER_E_ARG, "trainer: empty batch");
    if (t->cfg.n_label == 0)
        return bt_fail(err, BOLTER_E_ARG, "trainer: of a language model, which learns from passages");
    for (size_t i = 0; i < n; i++) {
        bolter_status rc = bt_seq_check(&t->cfg, &seqs[i], err);
        if (rc != BOLTER_OK)
            return rc;
        if (seqs[i].windows > 1)
            return bt_fail(err, BOLTER_E_ARG, "trainer: a text in %zu windows, expected one",
                           seqs[i].windows);
        if (seqs[i].n > longest)
            return bt_fail(err, BOLTER_E_LIMIT, "sequence of %zu tokens, opened for %zu", seqs[i].n,
                           longest);
        if (labels && !label_fits(t, labels[i]))
            return bt_fail(err, BOLTER_E_ARG, "label %ld of %zu", (long)labels[i], t->cfg.n_label);
    }
    return BOLTER_OK;
}

/* Check and pad a batch; run the frozen blocks of what is not cached yet. */
static bolter_status take_batch(bolter_trainer *t, const bolter_seq **seqs, const int32_t *labels,
                                size_t n, bool together, bolter_error *err)
{
    bolter_status rc = check_batch(t, *seqs, labels, n, err);
    if (rc == BOLTER_OK)
        rc = bt_pad(t, seqs, n, err);
    if (rc != BOLTER_OK || !t->trunk)
        return rc;
    bt_fill fill = {.m = t->m,
                    .workers = t->workers,
                    .n_threads = t->o.threads,
                    .net = &t->net,
                    .precision = t->trunk_precision,
                    .read = t->read,
                    .causal = t->causal,
                    .together = together};
    return bt_trunk_fill(t->trunk, &fill, *seqs, n, err);
}

bolter_status bolter_trainer_prepare(bolter_trainer *t, const bolter_seq *seqs, size_t n,
                                     bolter_error *err)
{
    return t->trunk ? take_batch(t, &seqs, NULL, n, true, err) : BOLTER_OK;
}

bolter_status bt_trainer_run(bolter_trainer *t, const bolter_seq *seqs, const int32_t *labels,
                             size_t n, float *logits, bt_result *out, bolter_error *err)
{
    bolter_status rc = take_batch(t, &seqs, labels, n, false, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_work work = {.net = &t->net,
                    .trunk = t->trunk,
                    .seqs = seqs,
                    .labels = labels,
                    .n_seqs = n,
                    .read = t->read,
                    .causal = t->causal,
                    .loss = t->loss,
                    .guess = {labels ? (double)t->o.lm_loss : 0, t->o.lm_every, t->step},
                    .logits = logits};
    return bt_workers_run(t->workers, &work, out, err);
}
