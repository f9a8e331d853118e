/* test_engine.c - scoring with packed weights against the pass that training uses. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ckpt/model.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

enum { N = 14, K = 2 };

static const char *const positions[] = {"last", "first", "mean"};

/* A directory of a random model with its threshold; whole_panels: 64 channels, else 12. */
static const char *directory_at(const char *name, const char *position, bool whole_panels,
                                double threshold)
{
    tiny t;
    char card[200];
    bt_config cfg = tiny_config(3, K);
    if (whole_panels) {
        cfg.n_embd = 64;
        cfg.n_head = 2;
        cfg.n_inner = 256;
    }
    tiny_init(&t, &cfg, 33);
    snprintf(card, sizeof card,
             "{\"v\": 1, \"labels\": [\"ham\", \"spam\"], \"position\": \"%s\", "
             "\"spam_threshold\": %.9f, \"unsure_threshold\": %.9f}",
             position, threshold, threshold);
    t.card = card;
    tiny_write(&t, tiny_path(name));
    tiny_clear(&t);
    return tiny_path(name);
}

/* The same, with a threshold that no score comes near to. */
static const char *directory(const char *name, const char *position, bool whole_panels)
{
    return directory_at(name, position, whole_panels, 0.999999999);
}

static bolter_model *opened(const char *dir, const char *precision, const char *isa)
{
    bolter_model *m;
    bolter_error err = {0};
    bolter_open_options o = {.precision = precision, .isa = isa};
    if (bolter_model_open_with(&m, dir, &o, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    return m;
}

/* Logits (N,K) of random sequences, all in one batch. */
static void score(struct check *c, bolter_model *m, float *logits)
{
    bolter_session *s;
    bolter_error err = {0};
    bolter_seq *seqs = tiny_seqs(N, 32, 1);
    bool ok = bolter_session_open(&s, m, N, 0, &err) == BOLTER_OK &&
              bolter_session_logits(s, seqs, N, logits, &err) == BOLTER_OK;
    CHECK(c, ok, "%s", err.text);
    bolter_session_free(s);
    tiny_free_seqs(seqs, N);
}

/* Largest difference over the largest logit. */
static double distance(const float *got, const float *want)
{
    double far = 0, large = 0;
    for (size_t i = 0; i < N * K; i++) {
        far = fmax(far, fabs((double)got[i] - (double)want[i]));
        large = fmax(large, fabs((double)want[i]));
    }
    return far / large;
}

static void compare(struct check *c, const char *dir, const char *precision, const char *isa,
                    double tolerance)
{
    float want[N * K], got[N * K];
    bolter_model *whole = opened(dir, NULL, NULL), *packed = opened(dir, precision, isa);
    score(c, whole, want);
    score(c, packed, got);
    double d = distance(got, want);
    CHECK(c, d <= tolerance, "%s %s on %s: off by %.3g", dir, precision, isa ? isa : "the best", d);
    bolter_model_unref(whole);
    bolter_model_unref(packed);
}

static void packed_float32_gives_the_logits_of_the_training_pass(struct check *c)
{
    for (size_t i = 0; i < 6; i++)
        compare(c, directory("f32", positions[i % 3], i > 2), "float32", NULL, 1e-5);
}

static void packed_bfloat16_stays_within_its_rounding(struct check *c)
{
    for (size_t i = 0; i < 6; i++)
        compare(c, directory("bf16", positions[i % 3], i > 2), "bfloat16", NULL, 0.03);
}

static void packed_int8_stays_within_its_rounding(struct check *c)
{
    for (size_t i = 0; i < 6; i++)
        compare(c, directory("int8", positions[i % 3], i > 2), "int8", NULL, 0.12);
}

/* Save a model as int8 and give the path. */
static const char *saved_as_int8(const char *from, const char *name)
{
    bolter_error err = {0};
    bolter_model *m = opened(from, NULL, NULL);
    bolter_save_options o = {.dtype = "int8"};
    if (bolter_model_save(m, tiny_path(name), &o, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    bolter_model_unref(m);
    return tiny_path(name);
}

/* Of texts that float32 scores within 0.4 of a half, in log-odds: how far int8 arithmetic is off with a
 * threshold there, and how many they are. */
static double distance_near_half(struct check *c, double threshold, size_t *n)
{
    float want[N * K], got[N * K];
    const char *dir = saved_as_int8(directory_at("doubt", "last", true, threshold), "q8doubt");
    bolter_model *whole = opened(dir, "float32", NULL), *packed = opened(dir, "auto", NULL);
    double far = 0;
    score(c, whole, want);
    score(c, packed, got);
    *n = 0;
    for (size_t i = 0; i < N; i++) {
        double odds = (double)want[i * K + 1] - (double)want[i * K];
        if (fabs(odds) >= 0.4)
            continue;
        far = fmax(far, fabs((double)got[i * K + 1] - (double)got[i * K] - odds));
        ++*n;
    }
    bolter_model_unref(whole);
    bolter_model_unref(packed);
    return far;
}

static void what_int8_leaves_near_a_threshold_is_scored_again(struct check *c)
{
    size_t n, again;
    double plain = distance_near_half(c, 0.999999999, &n);
    double careful = distance_near_half(c, 0.5, &again);
    CHECK(c, n > 0 && n == again, "%zu and %zu texts near a half", n, again);
    CHECK(c, careful <= 1e-3 && careful * 2 < plain, "off by %.3g, elsewhere by %.3g", careful, plain);
}

static void every_instruction_set_scores_alike(struct check *c)
{
    static const char *const isas[] = {"avx512", "avx2", "portable"};
    const char *dir = directory("isa", "last", true);
    for (size_t i = 0; i < 3; i++)
        if (bt_tile_find(BT_FLOAT32, isas[i]))
            compare(c, dir, "float32", isas[i], 1e-5);
}

static void int8_files_are_scored_as_they_lie(struct check *c)
{
    const char *dir = saved_as_int8(directory("wide", "last", true), "q8wide");
    bolter_model *m = opened(dir, "auto", NULL);
    const unsigned char *panel = m->engine.block[1].part[BT_PART_KV].panel, *map = m->st.map.data;
    CHECK(c, m->engine.tile->precision == BT_INT8, "auto is not int8");
    CHECK(c, panel >= map && panel < map + m->st.map.len, "the panels were copied");
    CHECK(c, m->engine.wte.narrow && !m->engine.wte.wide, "the embedding was widened");
    bolter_model_unref(m);
    compare(c, dir, "auto", NULL, 0.05);
}

static void int8_files_of_odd_shapes_are_packed(struct check *c)
{
    compare(c, saved_as_int8(directory("odd", "last", false), "q8odd"), "auto", NULL, 0.08);
}

static void auto_keeps_float32_files_in_float32(struct check *c)
{
    bolter_model *m = opened(directory("plain", "last", false), "auto", NULL);
    CHECK(c, m->engine.tile->precision == BT_FLOAT32, "another precision");
    bolter_model_unref(m);
}

static void a_model_opened_for_scoring_refuses_other_uses(struct check *c)
{
    bolter_model *m = opened(directory("only", "last", false), "int8", NULL);
    static const char *const labels[] = {"ham", "spam"};
    bolter_train_options o;
    bolter_save_options save = {0};
    bolter_trainer *t;
    bolter_train_options_default(&o);
    CHECK(c, bolter_trainer_open(&t, m, labels, 2, &o, NULL) == BOLTER_E_MISMATCH, "it trains");
    CHECK(c, bolter_model_save(m, tiny_path("copy"), &save, NULL) == BOLTER_E_MISMATCH, "it saves");
    bolter_model_unref(m);
}

static void an_unknown_precision_or_instruction_set_is_refused(struct check *c)
{
    const char *dir = directory("names", "last", false);
    bolter_open_options o = {.precision = "int4"};
    bolter_model *m;
    CHECK(c, bolter_model_open_with(&m, dir, &o, NULL) == BOLTER_E_ARG, "int4");
    o = (bolter_open_options){.precision = "int8", .isa = "abacus"};
    CHECK(c, bolter_model_open_with(&m, dir, &o, NULL) == BOLTER_E_ARG, "abacus");
}

static void opening_for_scoring_without_memory_fails_cleanly(struct check *c)
{
    const char *dir = saved_as_int8(directory("mem", "last", true), "q8mem");
    bolter_open_options o = {.precision = "bfloat16"};
    bolter_status rc = BOLTER_E_NOMEM;
    for (unsigned long n = 1; rc != BOLTER_OK && n < 2000; n++) {
        bolter_model *m = NULL;
        bolter_error err = {0};
        bt_mem_fail_from(n);
        rc = bolter_model_open_with(&m, dir, &o, &err);
        bt_mem_fail_from(0);
        CHECK(c, rc == BOLTER_OK || rc == BOLTER_E_NOMEM, "allocation %lu: %s", n, err.text);
        bolter_model_unref(m);
    }
    CHECK(c, rc == BOLTER_OK, "never opened");
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(packed_float32_gives_the_logits_of_the_training_pass),
        CASE(packed_bfloat16_stays_within_its_rounding),
        CASE(packed_int8_stays_within_its_rounding),
        CASE(what_int8_leaves_near_a_threshold_is_scored_again),
        CASE(every_instruction_set_scores_alike),
        CASE(int8_files_are_scored_as_they_lie),
        CASE(int8_files_of_odd_shapes_are_packed),
        CASE(auto_keeps_float32_files_in_float32),
        CASE(a_model_opened_for_scoring_refuses_other_uses),
        CASE(an_unknown_precision_or_instruction_set_is_refused),
        CASE(opening_for_scoring_without_memory_fails_cleanly),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
