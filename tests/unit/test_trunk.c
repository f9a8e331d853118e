/*
 * test_trunk.c - the cache of frozen blocks: the same numbers with it and without, whatever it is
 * kept in, whatever came before.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/training.h"
#include "train/trunk.h"

enum { N = TRAINING_N, STEPS = 4, BLOCKS = 4 };

static const char *const frozen[] = {"last_layer", "last_block", "last_two_blocks",
                                     "last_3_blocks"};
static const char *const positions[] = {"last", "first", "mean"};

static bolter_train_options options_of(size_t mode, size_t position)
{
    bolter_train_options o = training_options(frozen[mode], 1);
    o.position = positions[position];
    o.lr = 1e-3f;
    return o;
}

/* Losses of a few steps and the logits after them. */
struct run {
    double loss[STEPS];
    float logits[2 * N];
};

static void run_steps(struct check *c, bolter_model *m, const bolter_train_options *o, bool prepare,
                      struct run *r)
{
    int32_t labels[N];
    bolter_error err = {0};
    bolter_trainer *t = training_open(m, o);
    bolter_seq *seqs = training_seqs(labels);
    if (prepare)
        CHECK(c, bolter_trainer_prepare(t, seqs, N, &err) == BOLTER_OK, "%s", err.text);
    training_steps(c, t, STEPS, r->loss);
    training_logits(c, t, r->logits);
    tiny_free_seqs(seqs, N);
    bolter_trainer_free(t);
}

static void compare_runs(struct check *c, const char *what, const struct run *got,
                         const struct run *want, double tolerance)
{
    for (size_t i = 0; i < STEPS; i++)
        CHECK(c, fabs(got->loss[i] - want->loss[i]) <= tolerance,
              "%s: step %zu: loss %.9g, want %.9g", what, i + 1, got->loss[i], want->loss[i]);
    training_near(c, what, got->logits, want->logits, 10 * tolerance);
}

/* With and without the cache, filled at once or one by one. */
static void both_ways(struct check *c, bolter_model *m, bolter_train_options o, const char *what)
{
    struct run without, alone, together;
    o.no_cache = true;
    run_steps(c, m, &o, false, &without);
    o.no_cache = false;
    run_steps(c, m, &o, false, &alone);
    run_steps(c, m, &o, true, &together);
    compare_runs(c, what, &alone, &without, 2e-5);
    compare_runs(c, what, &together, &without, 2e-5);
}

static void a_run_with_the_cache_equals_one_without(struct check *c)
{
    bolter_model *m = tiny_classifier(BLOCKS, 1, "cache");
    for (size_t k = 0; k < 4; k++) {
        for (size_t p = 0; p < 3; p++) {
            char what[64];
            snprintf(what, sizeof what, "%s, %s", frozen[k], positions[p]);
            both_ways(c, m, options_of(k, p), what);
        }
    }
    bolter_model_unref(m);
}

static void so_does_one_that_pads_or_has_no_mask(struct check *c)
{
    bolter_model *m = tiny_classifier(BLOCKS, 2, "cache-pad");
    for (size_t k = 0; k < 4; k++) {
        bolter_train_options o = options_of(k, k % 3);
        o.pad_to = 16;
        both_ways(c, m, o, "padded");
        o.mask = "none";
        both_ways(c, m, o, "padded without a mask");
        o.pad_to = 0;
        both_ways(c, m, o, "without a mask");
    }
    bolter_model_unref(m);
}

static void so_does_one_with_adapters_in_the_upper_blocks(struct check *c)
{
    bolter_model *m = tiny_classifier(BLOCKS, 3, "cache-lora");
    static const char *const kinds[] = {"lora", "qlora"};
    for (size_t k = 0; k < 2; k++) {
        bolter_train_options o = options_of(0, k);
        o.trainable = kinds[k];
        o.lora_targets = "h.2.mlp.c_fc,h.3.attn.c_attn";
        both_ways(c, m, o, kinds[k]);
    }
    bolter_model_unref(m);
}

static void a_file_holds_the_same_bits_as_memory(struct check *c)
{
    bolter_model *m = tiny_classifier(BLOCKS, 4, "cache-file");
    for (size_t k = 0; k < 4; k++) {
        for (size_t half = 0; half < 2; half++) {
            struct run memory, file, mixed;
            bolter_train_options o = options_of(k, 0);
            o.cache_dtype = half ? "bfloat16" : "float32";
            run_steps(c, m, &o, false, &memory);
            o.cache_bytes = 0;
            run_steps(c, m, &o, false, &file);
            o.cache_bytes = 300;
            run_steps(c, m, &o, false, &mixed);
            CHECK(c, memcmp(&memory, &file, sizeof file) == 0, "%s: other bits from the file",
                  frozen[k]);
            CHECK(c, memcmp(&memory, &mixed, sizeof mixed) == 0, "%s: other bits from both",
                  frozen[k]);
        }
    }
    bolter_model_unref(m);
}

static void half_the_digits_give_nearly_the_same(struct check *c)
{
    bolter_model *m = tiny_classifier(BLOCKS, 5, "cache-half");
    struct run full, half;
    bolter_train_options o = options_of(1, 0);
    run_steps(c, m, &o, false, &full);
    o.cache_dtype = "bfloat16";
    run_steps(c, m, &o, false, &half);
    compare_runs(c, "bfloat16", &half, &full, 5e-2);
    CHECK(c, memcmp(&full, &half, sizeof full) != 0, "not a bit differs");
    bolter_model_unref(m);
}

/* A text is cached from a batch of all, or alone, last one first; then all are scored alike. */
static void what_came_before_changes_no_bit(struct check *c)
{
    int32_t labels[N];
    bolter_model *m = tiny_classifier(BLOCKS, 6, "cache-order");
    bolter_seq *seqs = training_seqs(labels);
    for (size_t k = 0; k < 4; k++) {
        float all[2 * N], alone[2 * N], scratch[2];
        bolter_train_options o = options_of(k, 2);
        bolter_trainer *a = training_open(m, &o), *b = training_open(m, &o);
        training_logits(c, a, all);
        for (size_t i = N; i-- > 0;)
            bolter_trainer_logits(b, seqs + i, 1, scratch, NULL);
        training_logits(c, b, alone);
        CHECK(c, memcmp(all, alone, sizeof all) == 0, "%s: other bits", frozen[k]);
        bolter_trainer_free(a);
        bolter_trainer_free(b);
    }
    tiny_free_seqs(seqs, N);
    bolter_model_unref(m);
}

/* On one thread and on three the chunks are the same, and so is the head's sum over one text. */
static void prepared_texts_have_the_same_bits_on_any_threads(struct check *c)
{
    int32_t labels[N];
    bolter_model *m = tiny_classifier(BLOCKS, 7, "cache-threads");
    bolter_seq *seqs = training_seqs(labels);
    float one[2 * N], three[2 * N];
    for (size_t threads = 1; threads <= 3; threads += 2) {
        bolter_train_options o = training_options("last_layer", threads);
        bolter_trainer *t = training_open(m, &o);
        CHECK(c, bolter_trainer_prepare(t, seqs, N, NULL) == BOLTER_OK, "not prepared");
        for (size_t i = 0; i < N; i++)
            bolter_trainer_logits(t, seqs + i, 1, (threads == 1 ? one : three) + 2 * i, NULL);
        bolter_trainer_free(t);
    }
    CHECK(c, memcmp(one, three, sizeof one) == 0, "other bits");
    tiny_free_seqs(seqs, N);
    bolter_model_unref(m);
}

/* Steps and logits of a trainer with a cache that others had before. */
static void run_with(struct check *c, bolter_model *m, bolter_train_options o, bolter_cache *cache,
                     struct run *r)
{
    o.cache = cache;
    run_steps(c, m, &o, true, r);
}

static void a_cache_serves_the_next_trainer_or_is_emptied_for_it(struct check *c)
{
    bolter_model *m = tiny_classifier(BLOCKS, 11, "cache-next");
    bolter_model *other = tiny_classifier(BLOCKS, 12, "cache-other");
    bolter_cache *cache;
    CHECK(c, bolter_cache_open(&cache, NULL) == BOLTER_OK, "no cache");
    for (size_t i = 0; i < 24; i++) {
        struct run want, got;
        bolter_train_options o = options_of(i / 2 % 4, i / 8);
        o.seed = i;
        o.mask = i % 3 == 1 ? "none" : "causal";
        o.cache_dtype = i % 5 == 4 ? "bfloat16" : "float32";
        o.precision = i % 3 == 2 ? "bfloat16" : "float32";
        o.random_init = i % 7 == 6;
        o.cache_bytes = i % 4 == 3 ? 0 : 1 << 20;
        run_steps(c, i % 11 == 10 ? other : m, &o, true, &want);
        run_with(c, i % 11 == 10 ? other : m, o, cache, &got);
        CHECK(c, memcmp(&want, &got, sizeof got) == 0, "trainer %zu: other bits", i);
    }
    bolter_cache_free(cache);
    bolter_model_unref(m);
    bolter_model_unref(other);
}

static void the_next_trainer_runs_no_frozen_block_again(struct check *c)
{
    int32_t labels[N];
    bolter_model *m = tiny_classifier(BLOCKS, 13, "cache-again");
    bolter_seq *seqs = training_seqs(labels);
    bolter_cache *cache;
    CHECK(c, bolter_cache_open(&cache, NULL) == BOLTER_OK, "no cache");
    bolter_train_options o = options_of(1, 0);
    o.cache = cache;
    bolter_trainer *t = training_open(m, &o);
    CHECK(c, bolter_trainer_prepare(t, seqs, N, NULL) == BOLTER_OK, "not prepared");
    bolter_trainer_free(t);
    size_t n = cache->n, used = cache->store.used;
    o.seed = 2;
    t = training_open(m, &o);
    CHECK(c, bolter_trainer_prepare(t, seqs, N, NULL) == BOLTER_OK, "not prepared again");
    CHECK(c, n > 0 && cache->n == n && cache->store.used == used, "%zu entries of %zu bytes, then %zu of %zu",
          n, used, cache->n, cache->store.used);
    bolter_trainer_free(t);
    bolter_cache_free(cache);
    tiny_free_seqs(seqs, N);
    bolter_model_unref(m);
}

static void a_cache_without_a_file_says_so(struct check *c)
{
    int32_t labels[N];
    bolter_error err = {0};
    bolter_step step;
    bolter_model *m = tiny_classifier(BLOCKS, 8, "cache-nowhere");
    bolter_seq *seqs = training_seqs(labels);
    bolter_train_options o = options_of(1, 0);
    o.cache_bytes = 0;
    bolter_trainer *t = training_open(m, &o);
    setenv("TMPDIR", "/nonexistent", 1);
    bolter_status rc = bolter_trainer_step(t, seqs, labels, N, &step, &err);
    CHECK(c, rc == BOLTER_E_IO && strstr(err.text, "/nonexistent"), "status %s, \"%s\"",
          bolter_status_name(rc), err.text);
    unsetenv("TMPDIR");
    rc = bolter_trainer_step(t, seqs, labels, N, &step, &err);
    CHECK(c, rc == BOLTER_OK && step.step == 1, "then: status %s", bolter_status_name(rc));
    bolter_trainer_free(t);
    tiny_free_seqs(seqs, N);
    bolter_model_unref(m);
}

static void filling_without_memory_fails_cleanly(struct check *c)
{
    enum { MANY = 200 };
    int32_t labels[N];
    float want[2 * N], got[2 * N];
    bolter_model *m = tiny_classifier(BLOCKS, 9, "cache-oom");
    bolter_seq *seqs = training_seqs(labels);
    bolter_train_options o = options_of(1, 0);
    bolter_trainer *t = training_open(m, &o);
    CHECK(c, bolter_trainer_prepare(t, seqs, N, NULL) == BOLTER_OK, "not prepared");
    training_logits(c, t, want);
    bolter_trainer_free(t);
    bolter_status rc = BOLTER_E_NOMEM;
    unsigned long n = 1;
    t = training_open(m, &o);
    for (; n < MANY && rc != BOLTER_OK; n++) {
        bt_mem_fail_from(n);
        rc = bolter_trainer_prepare(t, seqs, N, NULL);
        bt_mem_fail_from(0);
        CHECK(c, rc == BOLTER_OK || rc == BOLTER_E_NOMEM, "allocation %lu: %s", n,
              bolter_status_name(rc));
    }
    CHECK(c, n > 10 && n < MANY, "%lu allocations", n);
    training_logits(c, t, got);
    training_near(c, "after failures", got, want, 1e-5);
    bolter_trainer_free(t);
    tiny_free_seqs(seqs, N);
    bolter_model_unref(m);
}

/* Logits of the model at hand in a format. */
static void logits_in(struct check *c, const char *precision, float logits[2 * N])
{
    const bolter_open_options o = {.precision = precision};
    bolter_model *m;
    bolter_error err = {0};
    if (CHECK(c, bolter_model_open_with(&m, tiny_path("precise"), &o, &err) == BOLTER_OK, "%s", err.text)) {
        training_session_logits(c, m, logits);
        bolter_model_unref(m);
    }
}

/* What a trainer saves, opened as "auto" says. */
static void check_auto(struct check *c, bolter_trainer *t, const char *want)
{
    bolter_save_options save = {0};
    bolter_error err = {0};
    bolter_model *m = NULL;
    bolter_status rc = bolter_trainer_save(t, tiny_path("precise"), &save, &err);
    if (rc == BOLTER_OK)
        rc = bolter_model_open(&m, tiny_path("precise"), &err);
    CHECK(c, rc == BOLTER_OK, "%s", err.text);
    CHECK(c, m && strcmp(bolter_model_info_of(m)->precision, want) == 0, "auto is %s, want %s",
          m ? bolter_model_info_of(m)->precision : "nothing", want);
    bolter_model_unref(m);
    float as_auto[2 * N], as_named[2 * N];
    logits_in(c, "auto", as_auto);
    logits_in(c, want, as_named);
    CHECK(c, memcmp(as_auto, as_named, sizeof as_auto) == 0, "auto scores otherwise than %s", want);
}

static void frozen_blocks_compute_in_the_format_that_is_asked_for(struct check *c)
{
    static const char *const formats[] = {"float32", "bfloat16", "int8"};
    static const double tolerance[] = {0, 0.02, 0.05};
    bolter_model *m = tiny_classifier(BLOCKS, 12, "formats");
    struct run run[3];
    for (size_t i = 0; i < 3; i++) {
        bolter_train_options o = options_of(0, 0);
        o.trunk_precision = formats[i];
        run_steps(c, m, &o, true, &run[i]);
        compare_runs(c, formats[i], &run[i], &run[0], tolerance[i]);
        CHECK(c, i == 0 || memcmp(&run[i], &run[0], sizeof *run) != 0, "%s: the bits of float32", formats[i]);
        bolter_trainer *t = training_open(m, &o);
        check_auto(c, t, formats[i]);
        bolter_trainer_free(t);
    }
    bolter_model_unref(m);
}

static void blocks_that_train_or_are_not_kept_compute_in_float32(struct check *c)
{
    static const char *const two[] = {"ham", "spam"};
    bolter_model *m = tiny_classifier(BLOCKS, 13, "refused");
    for (size_t i = 0; i < 4; i++) {
        bolter_train_options o = training_options(i == 0 ? "all" : i == 1 ? "qlora" : "last_block", 1);
        bolter_trainer *t;
        o.no_cache = i == 2;
        o.trunk_precision = i == 3 ? "int4" : "int8";
        CHECK(c, bolter_trainer_open(&t, m, two, 2, &o, NULL) == BOLTER_E_ARG, "case %zu", i);
    }
    bolter_model_unref(m);
}

static void words_for_blocks_mean_what_they_say(struct check *c)
{
    static const char *const same[][2] = {{"last_1_blocks", "last_block"},
                                          {"last_2_blocks", "last_two_blocks"}};
    static const char *const bad[] = {"last_0_blocks",  "last_x_blocks", "last_2_block",
                                      "last_2_blockss", "last_",         "last_-1_blocks",
                                      "last_513_blocks", "last_5_blocks"};
    bolter_model *m = tiny_classifier(BLOCKS, 10, "words");
    for (size_t i = 0; i < 2; i++) {
        uint64_t n[2];
        for (size_t k = 0; k < 2; k++) {
            bolter_train_options o = training_options(same[i][k], 1);
            bolter_trainer *t = training_open(m, &o);
            n[k] = bolter_trainer_n_trainable(t);
            bolter_trainer_free(t);
        }
        CHECK(c, n[0] == n[1], "%s: %llu parameters, %s: %llu", same[i][0],
              (unsigned long long)n[0], same[i][1], (unsigned long long)n[1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static const char *const two[] = {"ham", "spam"};
        bolter_trainer *t;
        bolter_train_options o = training_options(bad[i], 1);
        CHECK(c, bolter_trainer_open(&t, m, two, 2, &o, NULL) == BOLTER_E_ARG, "%s", bad[i]);
    }
    bolter_model_unref(m);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(a_run_with_the_cache_equals_one_without),
        CASE(so_does_one_that_pads_or_has_no_mask),
        CASE(so_does_one_with_adapters_in_the_upper_blocks),
        CASE(a_file_holds_the_same_bits_as_memory),
        CASE(half_the_digits_give_nearly_the_same),
        CASE(what_came_before_changes_no_bit),
        CASE(prepared_texts_have_the_same_bits_on_any_threads),
        CASE(a_cache_serves_the_next_trainer_or_is_emptied_for_it),
        CASE(the_next_trainer_runs_no_frozen_block_again),
        CASE(a_cache_without_a_file_says_so),
        CASE(filling_without_memory_fails_cleanly),
        CASE(frozen_blocks_compute_in_the_format_that_is_asked_for),
        CASE(blocks_that_train_or_are_not_kept_compute_in_float32),
        CASE(words_for_blocks_mean_what_they_say),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
