/*
 * test_train.c - the trainer: what moves and what stays, the same bits again, the same numbers on more
 * threads, and what it refuses.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/training.h"
#include "train/schedule.h"

enum { N = TRAINING_N, STEPS = 5 };

static const char *const two[] = {"ham", "spam"};
static const char *const modes[] = {"last_layer",    "last_block", "last_two_blocks",
                                    "last_3_blocks", "all",        "lora", "qlora"};
enum { N_MODES = sizeof modes / sizeof *modes };

static bool same_bits(const bolter_model *a, const bolter_model *b, size_t i)
{
    return memcmp(a->w[i], b->w[i], bt_param_size(&a->params.row[i]) * sizeof(float)) == 0;
}

/* ---- The same again ---- */

static void the_same_seed_and_threads_give_the_same_bits(struct check *c)
{
    bolter_model *m = tiny_classifier(3, 1, "same"), *after[2];
    for (size_t k = 0; k < N_MODES; k++) {
        for (size_t r = 0; r < 2; r++) {
            double loss[STEPS];
            bolter_train_options o = training_options(modes[k], 2);
            bolter_trainer *t = training_open(m, &o);
            training_steps(c, t, STEPS, loss);
            after[r] = training_result(t, r ? "same1" : "same0");
            bolter_trainer_free(t);
        }
        for (size_t i = 0; i < m->params.n; i++)
            CHECK(c, same_bits(after[0], after[1], i), "%s: %s", modes[k], m->params.row[i].name);
        bolter_model_unref(after[0]);
        bolter_model_unref(after[1]);
    }
    bolter_model_unref(m);
}

static void more_threads_give_the_same_numbers(struct check *c)
{
    bolter_model *m = tiny_classifier(2, 2, "threads");
    double loss[4][STEPS];
    for (size_t threads = 1; threads <= 3; threads++) {
        bolter_train_options o = training_options("all", threads);
        o.lr = 1e-3f;
        bolter_trainer *t = training_open(m, &o);
        training_steps(c, t, STEPS, loss[threads]);
        bolter_trainer_free(t);
    }
    for (size_t threads = 2; threads <= 3; threads++)
        for (size_t i = 0; i < STEPS; i++)
            CHECK(c, fabs(loss[threads][i] - loss[1][i]) < 1e-5, "%zu threads, step %zu: %.9g, 1: %.9g",
                  threads, i + 1, loss[threads][i], loss[1][i]);
    bolter_model_unref(m);
}

/* ---- What trains ---- */

/* By the mode's promise, for a model of three blocks. */
static bool should_move(const char *mode, const bt_param *p)
{
    bool head = strcmp(p->name, "score.weight") == 0, final = strncmp(p->name, "ln_f", 4) == 0;
    if (strcmp(mode, "lora") == 0 || strcmp(mode, "qlora") == 0)
        return head || (p->name[0] == 'h' && p->matrix);
    if (strcmp(mode, "last_3_blocks") == 0)
        return head || final || p->name[0] == 'h';
    if (strcmp(mode, "last_layer") == 0)
        return head;
    if (strcmp(mode, "last_block") == 0)
        return head || final || strncmp(p->name, "h.2.", 4) == 0;
    if (strcmp(mode, "last_two_blocks") == 0)
        return head || final || strncmp(p->name, "h.2.", 4) == 0 || strncmp(p->name, "h.1.", 4) == 0;
    return true;
}

static void each_mode_moves_its_tensors_and_no_others(struct check *c)
{
    bolter_model *m = tiny_classifier(3, 3, "modes");
    for (size_t k = 0; k < N_MODES; k++) {
        double loss[STEPS];
        bolter_train_options o = training_options(modes[k], 1);
        bolter_trainer *t = training_open(m, &o);
        training_steps(c, t, STEPS, loss);
        bolter_model *after = training_result(t, "moved");
        uint64_t n = 0;
        for (size_t i = 0; i < m->params.n; i++) {
            bool want = should_move(modes[k], &m->params.row[i]);
            n += want ? bt_param_size(&m->params.row[i]) : 0;
            CHECK(c, same_bits(m, after, i) != want, "%s: %s %s", modes[k], m->params.row[i].name,
                  want ? "stayed" : "moved");
        }
        if (!strstr(modes[k], "lora"))
            CHECK(c, bolter_trainer_n_trainable(t) == n, "%s: %llu parameters train, want %llu",
                  modes[k], (unsigned long long)bolter_trainer_n_trainable(t), (unsigned long long)n);
        bolter_model_unref(after);
        bolter_trainer_free(t);
    }
    bolter_model_unref(m);
}

static void lora_counts_its_pairs(struct check *c)
{
    bolter_model *m = tiny_classifier(1, 3, "count");
    bolter_train_options o = training_options("lora", 1);
    bolter_trainer *t = training_open(m, &o);
    /* rank 2 times in + out of each layer of a block of 12 channels and 20 inner, and the head. */
    uint64_t want = 2 * ((12 + 36) + (12 + 12) + (12 + 20) + (20 + 12)) + 2 * 12;
    CHECK(c, bolter_trainer_n_trainable(t) == want, "%llu, want %llu",
          (unsigned long long)bolter_trainer_n_trainable(t), (unsigned long long)want);
    bolter_trainer_free(t);
    bolter_model_unref(m);
}

static void the_loss_falls_in_each_mode(struct check *c)
{
    enum { MANY = 60 };
    static const char *const positions[] = {"last", "first", "mean"};
    bolter_model *m = tiny_classifier(3, 4, "falls");
    for (size_t k = 0; k < N_MODES; k++) {
        for (size_t p = 0; p < 3; p++) {
            double loss[MANY] = {0};
            bolter_train_options o = training_options(modes[k], 1);
            o.position = positions[p];
            bolter_trainer *t = training_open(m, &o);
            training_steps(c, t, MANY, loss);
            CHECK(c, loss[MANY - 1] < 0.5 * loss[0], "%s, %s: from %.4f to %.4f", modes[k],
                  positions[p], loss[0], loss[MANY - 1]);
            bolter_trainer_free(t);
        }
    }
    bolter_model_unref(m);
}

static void weight_decay_moves_vectors_only_when_asked(struct check *c)
{
    bolter_model *m = tiny_classifier(1, 5, "decay");
    bolter_model *after[2];
    for (size_t all = 0; all < 2; all++) {
        double loss[1];
        bolter_train_options o = training_options("all", 1);
        o.weight_decay = 0.5f;
        o.decay_all = all;
        bolter_trainer *t = training_open(m, &o);
        training_steps(c, t, 1, loss);
        after[all] = training_result(t, all ? "decay1" : "decay0");
        bolter_trainer_free(t);
    }
    for (size_t i = 0; i < m->params.n; i++)
        CHECK(c, same_bits(after[0], after[1], i) == m->params.row[i].matrix, "%s",
              m->params.row[i].name);
    bolter_model_unref(after[0]);
    bolter_model_unref(after[1]);
    bolter_model_unref(m);
}

/* ---- Reading ---- */

static void read_logits(struct check *c, bolter_trainer *t, const bolter_seq *seqs, float *logits)
{
    bolter_error err = {0};
    CHECK(c, bolter_trainer_logits(t, seqs, N, logits, &err) == BOLTER_OK, "%s", err.text);
}

static void a_saved_model_scores_as_the_trainer_did(struct check *c)
{
    int32_t labels[N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_model *m = tiny_classifier(3, 6, "scores");
    for (size_t k = 0; k < N_MODES; k++) {
        float want[2 * N], got[2 * N];
        double loss[STEPS];
        bolter_session *s;
        bolter_train_options o = training_options(modes[k], 2);
        o.position = k % 2 ? "mean" : "first";
        bolter_trainer *t = training_open(m, &o);
        training_steps(c, t, STEPS, loss);
        read_logits(c, t, seqs, want);
        bolter_model *after = training_result(t, "scored");
        CHECK(c, bolter_session_open(&s, after, N, 0, NULL) == BOLTER_OK &&
                 bolter_session_logits(s, seqs, N, got, NULL) == BOLTER_OK, "no logits");
        for (size_t i = 0; i < 2 * N; i++)
            CHECK(c, fabs((double)got[i] - (double)want[i]) < 1e-5, "%s: logit %zu: %.9g, want %.9g",
                  modes[k], i, (double)got[i], (double)want[i]);
        bolter_session_free(s);
        bolter_model_unref(after);
        bolter_trainer_free(t);
    }
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void a_fresh_lora_changes_nothing(struct check *c)
{
    int32_t labels[N];
    float plain[2 * N], lora[2 * N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_model *m = tiny_classifier(2, 7, "fresh");
    bolter_train_options o = training_options("all", 1), l = training_options("lora", 1);
    bolter_trainer *a = training_open(m, &o), *b = training_open(m, &l);
    read_logits(c, a, seqs, plain);
    read_logits(c, b, seqs, lora);
    CHECK(c, memcmp(plain, lora, sizeof plain) == 0, "other logits before the first step");
    bolter_trainer_free(a);
    bolter_trainer_free(b);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void padding_reads_as_texts_that_are_padded(struct check *c)
{
    int32_t labels[N], rows[N][16];
    float want[2 * N], got[2 * N];
    bolter_seq *seqs = training_seqs(labels), padded[N];
    bolter_model *m = tiny_classifier(2, 8, "pad");
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < 16; k++)
            rows[i][k] = k < seqs[i].n ? seqs[i].ids[k] : TINY_VOCAB - 1;
        padded[i] = (bolter_seq){.ids = rows[i], .n = 16}; /* longer ones are cut */
    }
    bolter_train_options o = training_options("all", 1);
    bolter_trainer *plain = training_open(m, &o);
    o.pad_to = 16;
    bolter_trainer *pads = training_open(m, &o);
    read_logits(c, plain, padded, want);
    read_logits(c, pads, seqs, got);
    CHECK(c, memcmp(want, got, sizeof want) == 0, "other logits");
    bolter_trainer_free(plain);
    bolter_trainer_free(pads);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void a_position_of_null_is_the_models_own(struct check *c)
{
    int32_t labels[N];
    float want[2 * N], got[2 * N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_model *m = tiny_classifier(2, 9, "own");
    bolter_train_options o = training_options("all", 1);
    o.position = "mean";
    bolter_trainer *mean = training_open(m, &o);
    bolter_model *after = training_result(mean, "own-mean");
    o.position = NULL;
    bolter_trainer *again = training_open(after, &o);
    read_logits(c, mean, seqs, want);
    read_logits(c, again, seqs, got);
    CHECK(c, memcmp(want, got, sizeof want) == 0, "other logits");
    bolter_trainer_free(mean);
    bolter_trainer_free(again);
    bolter_model_unref(after);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

/* ---- Keeping ---- */

static void restoring_gives_the_kept_bits_back(struct check *c)
{
    int32_t labels[N];
    float first[2 * N], moved[2 * N], again[2 * N];
    double loss[STEPS];
    bolter_seq *seqs = training_seqs(labels);
    bolter_model *m = tiny_classifier(3, 10, "kept");
    for (size_t k = 0; k < N_MODES; k++) {
        bolter_train_options o = training_options(modes[k], 1);
        bolter_trainer *t = training_open(m, &o);
        training_steps(c, t, STEPS, loss);
        bolter_trainer_keep(t);
        read_logits(c, t, seqs, first);
        training_steps(c, t, STEPS, loss);
        read_logits(c, t, seqs, moved);
        bolter_trainer_restore(t);
        read_logits(c, t, seqs, again);
        CHECK(c, memcmp(first, moved, sizeof first) != 0, "%s: nothing moved", modes[k]);
        CHECK(c, memcmp(first, again, sizeof first) == 0, "%s: other bits", modes[k]);
        bolter_trainer_free(t);
    }
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void restoring_what_was_never_kept_changes_nothing(struct check *c)
{
    int32_t labels[N];
    float first[2 * N], again[2 * N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_model *m = tiny_classifier(1, 11, "never");
    bolter_train_options o = training_options("all", 1);
    bolter_trainer *t = training_open(m, &o);
    read_logits(c, t, seqs, first);
    bolter_trainer_restore(t);
    read_logits(c, t, seqs, again);
    CHECK(c, memcmp(first, again, sizeof first) == 0, "the weights changed");
    bolter_trainer_free(t);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

/* ---- Numbers that are none ---- */

static void nan_in_a_weight_stops_before_the_update(struct check *c)
{
    int32_t labels[N];
    double loss[1];
    float logits[2 * N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_error err = {0};
    bolter_save_options half = {.dtype = "float16"};
    bolter_model *m = tiny_classifier(1, 12, "nan"), *after;
    if (bolter_model_save(m, tiny_path("nan16"), &half, NULL) != BOLTER_OK)
        abort();
    bolter_model_unref(m);
    /* Converted weights lie in memory of our own, where one can be spoilt. */
    if (bolter_model_open(&m, tiny_path("nan16"), NULL) != BOLTER_OK)
        abort();
    size_t at = bt_params_find(&m->params, "h.0.mlp.c_fc.weight");
    m->block[m->params.row[at].offset + 3] = NAN;
    bolter_train_options o = training_options("last_layer", 1);
    bolter_trainer *t = training_open(m, &o);
    bolter_step step;
    bolter_status rc = bolter_trainer_step(t, seqs, labels, N, &step, &err);
    CHECK(c, rc == BOLTER_E_NUMERIC, "status %s", bolter_status_name(rc));
    CHECK(c, strstr(err.text, "step 1") && strstr(err.text, "h.0.mlp.c_fc.weight"), "got \"%s\"",
          err.text);
    memset(&err, 0, sizeof err);
    rc = bolter_trainer_logits(t, seqs, N, logits, &err);
    CHECK(c, rc == BOLTER_E_NUMERIC, "logits: status %s", bolter_status_name(rc));
    bolter_trainer_free(t);
    m->block[m->params.row[at].offset + 3] = 0;
    t = training_open(m, &o);
    training_steps(c, t, 1, loss);
    after = training_result(t, "nan-after");
    CHECK(c, !same_bits(m, after, m->params.n - 1), "a good step moves nothing");
    bolter_trainer_free(t);
    bolter_model_unref(after);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void a_failed_step_updates_nothing(struct check *c)
{
    int32_t labels[N];
    float first[2 * N], again[2 * N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(1, 13, "failed");
    bolter_train_options o = training_options("all", 1);
    bolter_trainer *t = training_open(m, &o);
    bolter_step step = {.step = 77};
    read_logits(c, t, seqs, first);
    labels[3] = 2;
    CHECK(c, bolter_trainer_step(t, seqs, labels, N, &step, &err) == BOLTER_E_ARG, "label 2 of 2");
    labels[3] = 1;
    CHECK(c, bolter_trainer_step(t, seqs, labels, 0, &step, NULL) == BOLTER_E_ARG, "an empty batch");
    CHECK(c, bolter_trainer_step(t, seqs, NULL, N, &step, NULL) == BOLTER_E_ARG, "no labels");
    int32_t beyond = TINY_VOCAB;
    seqs[0].n = 0;
    CHECK(c, bolter_trainer_step(t, seqs, labels, N, &step, NULL) == BOLTER_E_ARG, "an empty text");
    seqs[0].n = 1;
    const bolter_seq bad = {.ids = &beyond, .n = 1};
    CHECK(c, bolter_trainer_step(t, &bad, labels, 1, &step, NULL) == BOLTER_E_ARG,
          "an id beyond the vocabulary");
    CHECK(c, step.step == 77, "wrote a result");
    read_logits(c, t, seqs, again);
    CHECK(c, memcmp(first, again, sizeof first) == 0, "the weights changed");
    bolter_trainer_free(t);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void impossible_options_are_refused(struct check *c)
{
    static const char *const bad_names[][2] = {{"ham", ""}, {"ham", "ham"}, {"ham", "a\nb"}};
    bolter_model *m = tiny_classifier(1, 14, "options");
    bolter_trainer *t;
    bolter_train_options o[12];
    for (size_t i = 0; i < 12; i++)
        o[i] = training_options("all", 1);
    o[0].trainable = "some";
    o[1].position = "all";
    o[2].schedule = "cosinus";
    o[3].lr = NAN;
    o[4].beta1 = 1;
    o[5].eps = 0;
    o[6].clip_norm = -1;
    o[7].layer_decay = 0;
    o[8].pad_to = 33;
    o[9].mask = "some";
    o[10].trainable = "lora", o[10].lora_rank = 0;
    o[11].weight_decay = -1;
    for (size_t i = 0; i < 12; i++) {
        bolter_error err = {0};
        bolter_status rc = bolter_trainer_open(&t, m, two, 2, &o[i], &err);
        CHECK(c, rc == BOLTER_E_ARG && !t && err.text[0], "options %zu: status %s", i,
              bolter_status_name(rc));
        bolter_trainer_free(t);
    }
    o[0] = training_options("all", 1);
    for (size_t i = 0; i < 3; i++)
        CHECK(c, bolter_trainer_open(&t, m, bad_names[i], 2, o, NULL) == BOLTER_E_ARG, "labels %zu", i);
    CHECK(c, bolter_trainer_open(&t, m, two, 1, o, NULL) == BOLTER_E_ARG, "one label");
    bolter_model_unref(m);
}

static void opening_without_memory_fails_cleanly(struct check *c)
{
    enum { MANY = 500 };
    bolter_model *m = tiny_classifier(1, 15, "oom");
    for (size_t k = 4; k < N_MODES; k++) { /* all, lora, qlora */
        bolter_status rc = BOLTER_E_NOMEM;
        unsigned long n = 1;
        for (; n < MANY && rc != BOLTER_OK; n++) {
            bolter_trainer *t;
            bolter_train_options o = training_options(modes[k], 2);
            bt_mem_fail_from(n);
            rc = bolter_trainer_open(&t, m, two, 2, &o, NULL);
            bt_mem_fail_from(0);
            CHECK(c, rc == BOLTER_OK || rc == BOLTER_E_NOMEM, "%s: allocation %lu: %s", modes[k], n,
                  bolter_status_name(rc));
            bolter_trainer_free(t);
        }
        CHECK(c, n > 10 && n < MANY, "%s: %lu allocations", modes[k], n);
    }
    bolter_model_unref(m);
}

/* ---- The schedule ---- */

static void schedules_have_their_values(struct check *c)
{
    static const struct {
        bt_decay decay;
        uint64_t step, warmup, total;
        double want;
        uint64_t cooldown;
        double floor;
    } cases[] = {
        {BT_CONSTANT, 1, 0, 10, 1, 0, 0},
        {BT_CONSTANT, 99, 0, 10, 1, 0, 0},
        {BT_CONSTANT, 1, 4, 10, 0.25, 0, 0},
        {BT_LINEAR, 4, 4, 10, 1, 0, 0},
        {BT_LINEAR, 5, 4, 10, 1, 0, 0},
        {BT_LINEAR, 8, 4, 10, 0.5, 0, 0},
        {BT_LINEAR, 10, 4, 10, 1.0 / 6, 0, 0},
        {BT_LINEAR, 11, 4, 10, 0, 0, 0},
        {BT_LINEAR, 1000, 4, 10, 0, 0, 0},
        {BT_COSINE, 2, 4, 12, 0.5, 0, 0},
        {BT_COSINE, 5, 4, 12, 1, 0, 0},
        {BT_COSINE, 9, 4, 12, 0.5, 0, 0},
        {BT_COSINE, 13, 4, 12, 0, 0, 0},
        {BT_COSINE, 1, 0, 1, 1, 0, 0},
        {BT_COSINE, 5, 4, 4, 1, 0, 0},
        {BT_COSINE, 7, 0, 0, 1, 0, 0},
        {BT_COSINE, 13, 4, 12, 0.1, 0, 0.1},
        {BT_COSINE, 9, 4, 12, 0.55, 0, 0.1},
        {BT_COSINE, 5, 4, 12, 1, 0, 0.1},
        {BT_COSINE, 2, 4, 12, 0.5, 0, 0.1},
        {BT_STABLE, 2, 4, 20, 0.5, 0, 0},
        {BT_STABLE, 16, 4, 20, 1, 0, 0},
        {BT_STABLE, 17, 4, 20, 1, 0, 0},
        {BT_STABLE, 19, 4, 20, 0.5, 0, 0},
        {BT_STABLE, 21, 4, 20, 0, 0, 0},
        {BT_STABLE, 99, 4, 20, 0.2, 0, 0.2},
        {BT_STABLE, 10, 4, 20, 1, 10, 0},
        {BT_STABLE, 16, 4, 20, 0.5, 10, 0},
        {BT_STABLE, 13, 4, 20, 0.5, 99, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bt_schedule s = {cases[i].decay, cases[i].warmup, cases[i].total, cases[i].cooldown,
                               cases[i].floor};
        double got = bt_schedule_at(&s, cases[i].step);
        CHECK(c, fabs(got - cases[i].want) < 1e-12, "case %zu: %.17g, want %g", i, got, cases[i].want);
    }
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(the_same_seed_and_threads_give_the_same_bits),
        CASE(more_threads_give_the_same_numbers),
        CASE(each_mode_moves_its_tensors_and_no_others),
        CASE(lora_counts_its_pairs),
        CASE(the_loss_falls_in_each_mode),
        CASE(weight_decay_moves_vectors_only_when_asked),
        CASE(a_saved_model_scores_as_the_trainer_did),
        CASE(a_fresh_lora_changes_nothing),
        CASE(padding_reads_as_texts_that_are_padded),
        CASE(a_position_of_null_is_the_models_own),
        CASE(restoring_gives_the_kept_bits_back),
        CASE(restoring_what_was_never_kept_changes_nothing),
        CASE(nan_in_a_weight_stops_before_the_update),
        CASE(a_failed_step_updates_nothing),
        CASE(impossible_options_are_refused),
        CASE(opening_without_memory_fails_cleanly),
        CASE(schedules_have_their_values),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
