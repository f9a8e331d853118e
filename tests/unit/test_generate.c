/* test_generate.c - generation: the cache against the full pass, drawing, text, limits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ckpt/model.h"
#include "lm/sample.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

enum { V = TINY_VOCAB, T = 32 };

/* A directory of a random language model of 64 channels, so that its panels are whole. */
static const char *directory_of(uint64_t seed, const char *name, bool untied)
{
    tiny t;
    bt_config cfg = tiny_config(3, 0);
    cfg.n_embd = 64;
    cfg.n_head = 2;
    cfg.n_inner = 256;
    cfg.untied = untied;
    tiny_init(&t, &cfg, seed);
    tiny_write(&t, tiny_path(name));
    tiny_clear(&t);
    return tiny_path(name);
}

static const char *directory(uint64_t seed, const char *name)
{
    return directory_of(seed, name, false);
}

static bolter_model *opened(const char *dir, const char *precision, const char *isa)
{
    bolter_model *m;
    bolter_error err = {0};
    const bolter_open_options o = {.precision = precision, .isa = isa};
    if (bolter_model_open_with(&m, dir, &o, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    return m;
}

static bolter_generator *generator(bolter_model *m, const bolter_sampling *o)
{
    bolter_generator *g;
    bolter_error err = {0};
    if (bolter_generator_open(&g, m, o, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    return g;
}

static void some_ids(int32_t *ids, size_t n, uint64_t seed)
{
    bt_rng rng = {.seed = seed};
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)bt_rng_below(&rng, V);
}

/* The largest difference of two rows of logits, relative to the largest of them. */
static double distance(const float *got, const float *want)
{
    double far = 0, large = 1e-30;
    for (size_t i = 0; i < V; i++) {
        far = fmax(far, fabs((double)got[i] - (double)want[i]));
        large = fmax(large, fabs((double)want[i]));
    }
    return far / large;
}

/* Logits after each of T tokens that are fed in pieces, against those of the full pass. */
static void fed_in_pieces(struct check *c, const char *dir, const char *precision, const char *isa,
                          double tolerance)
{
    static const size_t pieces[] = {1, 1, 2, 5, 1, 13, 1, 1, 7};
    bolter_model *full = opened(dir, NULL, NULL), *m = opened(dir, precision, isa);
    bolter_generator *g = generator(m, NULL);
    bolter_session *s;
    bolter_session_open(&s, full, 1, 0, NULL);
    int32_t ids[T];
    float want[V];
    const float *got;
    size_t n = 0;
    some_ids(ids, T, 5);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; n += pieces[i++]) {
        bolter_error err = {0};
        const bolter_seq seq = {.ids = ids, .n = n + pieces[i]};
        CHECK(c, bolter_generator_feed(g, ids + n, pieces[i], &err) == BOLTER_OK, "%s", err.text);
        CHECK(c, bolter_generator_logits(g, &got, &err) == BOLTER_OK, "%s", err.text);
        bolter_session_lm(s, &seq, want, NULL, NULL);
        double far = distance(got, want);
        CHECK(c, far < tolerance, "%s on %s: %zu tokens: off by %.3g", precision, isa, seq.n, far);
    }
    CHECK(c, n == T && bolter_generator_count(g) == T, "%zu tokens", n);
    bolter_session_free(s);
    bolter_generator_free(g);
    bolter_model_unref(full);
    bolter_model_unref(m);
}

static void fed_on_every_isa(struct check *c, const char *dir)
{
    static const char *const isas[] = {"avx512", "avx2", "portable"};
    for (size_t i = 0; i < 3; i++) {
        if (!bt_tile_find(BT_FLOAT32, isas[i]) || !bt_tile_find(BT_BFLOAT16, isas[i]) ||
            !bt_tile_find(BT_INT8, isas[i]))
            continue;
        fed_in_pieces(c, dir, "float32", isas[i], 1e-5);
        fed_in_pieces(c, dir, "bfloat16", isas[i], 0.03);
        fed_in_pieces(c, dir, "int8", isas[i], 0.25);
    }
}

static void the_cache_equals_the_full_pass(struct check *c)
{
    fed_on_every_isa(c, directory(40, "pieces"));
}

static void the_cache_equals_the_full_pass_with_an_output_layer_of_its_own(struct check *c)
{
    fed_on_every_isa(c, directory_of(40, "own", true));
}

/* In each number format of a file, for each of the engine. */
static void every_format_of_a_directory_has_a_head(struct check *c)
{
    static const char *const dtypes[] = {"float32", "float16", "bfloat16", "int8"};
    for (size_t i = 0; i < 8; i++) {
        bolter_model *m = opened(directory_of(41, "wide", i % 2), NULL, NULL);
        const bolter_save_options o = {.dtype = dtypes[i / 2], .plain = true};
        bolter_error err = {0};
        CHECK(c, bolter_model_save(m, tiny_path("stored"), &o, &err) == BOLTER_OK, "%s", err.text);
        fed_in_pieces(c, tiny_path("stored"), "auto", NULL, i / 2 == 3 ? 0.25 : 0.03);
        fed_in_pieces(c, tiny_path("stored"), "float32", NULL, 1e-5);
        fed_in_pieces(c, tiny_path("stored"), "bfloat16", NULL, 0.03);
        fed_in_pieces(c, tiny_path("stored"), "int8", NULL, 0.25);
        bolter_model_unref(m);
    }
}

/* n tokens drawn after one of "a". */
static void draw(struct check *c, bolter_generator *g, int32_t *ids, size_t n)
{
    bolter_error err = {0};
    bolter_token token;
    bolter_generator_reset(g);
    CHECK(c, bolter_generator_feed_text(g, "a", 1, false, &err) == BOLTER_OK, "%s", err.text);
    for (size_t i = 0; i < n; i++) {
        bolter_status rc = bolter_generator_next(g, &token, &err);
        CHECK(c, rc == BOLTER_OK || rc == BOLTER_END, "token %zu: %s", i, err.text);
        ids[i] = token.id;
        if (rc == BOLTER_END)
            bolter_generator_feed(g, &token.id, 1, NULL);
    }
}

static void greedy_is_the_limit_of_drawing(struct check *c)
{
    static const bolter_sampling as_greedy[] = {
        {.temperature = 1, .top_k = 1}, {.temperature = 1, .top_p = 1e-9}, {.temperature = 1e-4}};
    bolter_model *m = opened(directory(42, "greedy"), "float32", NULL);
    bolter_generator *g = generator(m, NULL);
    int32_t want[20], got[20];
    draw(c, g, want, 20);
    bolter_generator_free(g);
    for (size_t i = 0; i < 3; i++) {
        g = generator(m, &as_greedy[i]);
        draw(c, g, got, 20);
        CHECK(c, memcmp(got, want, sizeof want) == 0, "case %zu differs", i);
        bolter_generator_free(g);
    }
    bolter_model_unref(m);
}

static void a_seed_repeats_its_tokens(struct check *c)
{
    bolter_model *m = opened(directory(43, "seeds"), "float32", NULL);
    int32_t ids[3][20];
    for (size_t i = 0; i < 3; i++) {
        const bolter_sampling o = {.temperature = 1, .seed = i / 2};
        bolter_generator *g = generator(m, &o);
        draw(c, g, ids[i], 20);
        int32_t again[20];
        draw(c, g, again, 20);
        CHECK(c, memcmp(again, ids[i], sizeof again) == 0, "a reset does not begin again");
        bolter_generator_free(g);
    }
    CHECK(c, memcmp(ids[0], ids[1], sizeof *ids) == 0, "the same seed gives other tokens");
    CHECK(c, memcmp(ids[0], ids[2], sizeof *ids) != 0, "another seed gives the same tokens");
    bolter_model_unref(m);
}

/* ---- Drawing ---- */

enum { N = 6, DRAWS = 60000 };
static const float logits[N] = {0.5f, 2, -1, 1, 2, -3};

/* Shares of DRAWS, and the probabilities of the kept ones after the temperature. */
static void shares(struct check *c, const bolter_sampling *o, const bool kept[N])
{
    bt_rng rng = {.seed = 7};
    bt_candidate room[N];
    double sum = 0, count[N] = {0};
    for (size_t i = 0; i < N; i++)
        sum += kept[i] ? exp((double)logits[i] / o->temperature) : 0;
    for (size_t i = 0; i < DRAWS; i++)
        count[bt_sample(o, &rng, logits, N, room)]++;
    for (size_t i = 0; i < N; i++) {
        double want = kept[i] ? exp((double)logits[i] / o->temperature) / sum : 0;
        double got = count[i] / DRAWS, error = 4 * sqrt(want * (1 - want) / DRAWS);
        CHECK(c, fabs(got - want) <= error, "T %g k %zu p %g: token %zu: share %.4f, want %.4f",
              o->temperature, o->top_k, o->top_p, i, got, want);
    }
}

static void tokens_are_drawn_as_often_as_they_are_probable(struct check *c)
{
    static const struct {
        bolter_sampling o;
        bool kept[N];
    } cases[] = {
        {{.temperature = 1}, {1, 1, 1, 1, 1, 1}},
        {{.temperature = 2}, {1, 1, 1, 1, 1, 1}},
        {{.temperature = 0.5, .top_k = 6}, {1, 1, 1, 1, 1, 1}},
        {{.temperature = 1, .top_k = 3}, {0, 1, 0, 1, 1, 0}},
        {{.temperature = 1, .top_k = 2}, {0, 1, 0, 0, 1, 0}},
        {{.temperature = 1, .top_k = 1}, {0, 1, 0, 0, 0, 0}}, /* of equals the first */
        {{.temperature = 1, .top_p = 0.5}, {0, 1, 0, 0, 1, 0}}, /* 0.39 each */
        {{.temperature = 1, .top_p = 0.85}, {0, 1, 0, 1, 1, 0}}, /* and 0.14 */
        {{.temperature = 1, .top_k = 3, .top_p = 0.5}, {0, 1, 0, 0, 1, 0}},
        {{.temperature = 1, .top_p = 1}, {1, 1, 1, 1, 1, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        shares(c, &cases[i].o, cases[i].kept);
}

static void the_k_most_probable_of_many_are_found(struct check *c)
{
    enum { MANY = 1000, KEEP = 17 };
    static float many[MANY];
    static bt_candidate room[MANY];
    bt_rng rng = {.seed = 8};
    const bolter_sampling o = {.temperature = 1e2, .top_k = KEEP};
    for (size_t i = 0; i < MANY; i++)
        many[i] = (float)(i * 387 % MANY); /* each value once */
    for (size_t i = 0; i < 500; i++) {
        int32_t id = bt_sample(&o, &rng, many, MANY, room);
        CHECK(c, many[id] >= MANY - KEEP, "token of rank %g", (double)(MANY - many[id]));
    }
}

static void what_cannot_be_is_refused(struct check *c)
{
    static const bolter_sampling bad[] = {{.temperature = -1}, {.temperature = (double)NAN},
                                          {.temperature = 101}, {.top_p = 1.5}, {.top_p = -0.1}};
    bolter_generator *g = (bolter_generator *)&g;
    bolter_model *m = opened(directory(44, "refused"), "float32", NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(c, bolter_generator_open(&g, m, &bad[i], NULL) == BOLTER_E_ARG && !g, "case %zu", i);
    bolter_model_unref(m);
    m = opened(directory(44, "refused"), NULL, NULL);
    CHECK(c, bolter_generator_open(&g, m, NULL, NULL) == BOLTER_E_MISMATCH, "no precision");
    bolter_model_unref(m);
    m = tiny_classifier(1, 1, "classifier");
    bolter_error err = {0};
    CHECK(c, bolter_generator_open(&g, m, NULL, &err) == BOLTER_E_MISMATCH &&
             strstr(err.text, "classifier"), "\"%s\"", err.text);
    bolter_model_unref(m);
}

/* ---- The text ---- */

static void a_full_context_is_a_limit(struct check *c)
{
    bolter_model *m = opened(directory(45, "full"), "float32", NULL);
    bolter_generator *g = generator(m, NULL);
    int32_t ids[T + 1];
    bolter_token token;
    bolter_error err = {0};
    some_ids(ids, T + 1, 6);
    CHECK(c, bolter_generator_next(g, &token, NULL) == BOLTER_E_ARG, "from nothing");
    CHECK(c, bolter_generator_feed(g, ids, T + 1, &err) == BOLTER_E_LIMIT, "%s", err.text);
    CHECK(c, bolter_generator_count(g) == 0, "some of it was taken");
    char text[T + 1];
    memset(text, 'x', sizeof text);
    CHECK(c, bolter_generator_feed_text(g, text, T, true, NULL) == BOLTER_E_LIMIT, "T and begin");
    CHECK(c, bolter_generator_feed_text(g, text, T, false, NULL) == BOLTER_OK, "T");
    CHECK(c, bolter_generator_next(g, &token, &err) == BOLTER_E_LIMIT, "token %d", (int)token.id);
    bolter_generator_reset(g);
    CHECK(c, bolter_generator_feed(g, ids, T - 1, NULL) == BOLTER_OK, "T - 1");
    bolter_status rc = bolter_generator_next(g, &token, NULL);
    CHECK(c, rc == BOLTER_OK || rc == BOLTER_END, "the last position");
    const int32_t bad[] = {0, V};
    bolter_generator_reset(g);
    CHECK(c, bolter_generator_feed(g, bad, 2, NULL) == BOLTER_E_ARG, "an id of no token");
    CHECK(c, bolter_generator_feed_text(g, "", 0, false, NULL) == BOLTER_E_ARG, "an empty text");
    CHECK(c, bolter_generator_feed_text(g, "", 0, true, NULL) == BOLTER_OK, "the begin token");
    bolter_generator_free(g);
    bolter_model_unref(m);
}

/* A model that says the bytes of a string one after another, whatever came before: the hidden state is
 * the position's embedding, and each token's embedding says at which position it is due. */
static bolter_model *parrot(const char *says, size_t n, const char *name)
{
    tiny t;
    bt_config cfg = tiny_config(1, 0);
    cfg.n_embd = 36;
    tiny_init(&t, &cfg, 1);
    memset(t.block, 0, t.params.n_values * sizeof *t.block);
    size_t size;
    float *wte = tiny_values(&t, "wte.weight", NULL), *wpe = tiny_values(&t, "wpe.weight", NULL);
    float *gain = tiny_values(&t, "ln_f.weight", &size);
    for (size_t i = 0; i < size; i++)
        gain[i] = 1;
    for (size_t i = 0; i < T; i++)
        wpe[i * size + i] = 1000;
    for (size_t i = 0; i < n; i++)
        wte[(unsigned char)says[i] * size + i] += 1;
    wte[(V - 1) * size + n] = 1;
    tiny_write(&t, tiny_path(name));
    tiny_clear(&t);
    return opened(tiny_path(name), "float32", NULL);
}

static void text_comes_in_whole_characters(struct check *c)
{
    static const struct {
        const char *says, *want;
    } cases[] = {
        {"plain", "plain"},
        {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
        {"\xe2\x82\xac \xf0\x9f\x98\x80!", "\xe2\x82\xac \xf0\x9f\x98\x80!"},
        {"\xffz", "\xef\xbf\xbdz"},
        {"\xe2\x82z", "\xef\xbf\xbd\xef\xbf\xbdz"},
        {"a\xe2\x82", "a"}, /* never completed */
        {"\x80\xed\xa0\x80.", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].says);
        bolter_model *m = parrot(cases[i].says, n, "parrot");
        bolter_generator *g = generator(m, NULL);
        bolter_token token;
        bolter_status rc;
        char said[100] = "";
        size_t at = 0, steps = 0;
        bolter_generator_feed_text(g, "x", 1, false, NULL);
        for (; (rc = bolter_generator_next(g, &token, NULL)) == BOLTER_OK; steps++, at += token.n)
            memcpy(said + at, token.text, token.n + 1);
        CHECK(c, rc == BOLTER_END && token.id == V - 1, "case %zu: status %d", i, (int)rc);
        CHECK(c, steps == n && strcmp(said, cases[i].want) == 0, "case %zu: %zu tokens, \"%s\"", i,
              steps, said);
        bolter_generator_free(g);
        bolter_model_unref(m);
    }
}

static void logits_that_are_not_finite_stay_an_error(struct check *c)
{
    tiny t;
    bt_config cfg = tiny_config(1, 0);
    tiny_init(&t, &cfg, 1);
    for (size_t i = 0; i < cfg.n_embd; i++)
        tiny_values(&t, "ln_f.weight", NULL)[i] = 3e38f;
    tiny_write(&t, tiny_path("nan"));
    tiny_clear(&t);
    bolter_model *m = opened(tiny_path("nan"), "float32", NULL);
    bolter_generator *g = generator(m, NULL);
    bolter_token token;
    bolter_generator_feed_text(g, "ab", 2, false, NULL);
    for (size_t i = 0; i < 3; i++)
        CHECK(c, bolter_generator_next(g, &token, NULL) == BOLTER_E_NUMERIC, "call %zu", i);
    bolter_generator_free(g);
    bolter_model_unref(m);
}

static void without_memory_nothing_is_left(struct check *c)
{
    bolter_model *m = opened(directory(46, "memory"), "float32", NULL);
    bolter_generator *g = NULL;
    unsigned long nth = 1;
    for (; nth < 50 && !g; nth++) {
        bolter_error err = {0};
        bt_mem_fail_from(nth);
        bolter_status rc = bolter_generator_open(&g, m, NULL, &err);
        bt_mem_fail_from(0);
        CHECK(c, rc == (g ? BOLTER_OK : BOLTER_E_NOMEM), "allocation %lu: %s", nth, err.text);
    }
    CHECK(c, nth > 5 && g, "%lu allocations", nth);
    bolter_generator_free(g);
    bolter_model_unref(m);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(the_cache_equals_the_full_pass),
        CASE(the_cache_equals_the_full_pass_with_an_output_layer_of_its_own),
        CASE(every_format_of_a_directory_has_a_head),
        CASE(greedy_is_the_limit_of_drawing),
        CASE(a_seed_repeats_its_tokens),
        CASE(tokens_are_drawn_as_often_as_they_are_probable),
        CASE(the_k_most_probable_of_many_are_found),
        CASE(what_cannot_be_is_refused),
        CASE(a_full_context_is_a_limit),
        CASE(text_comes_in_whole_characters),
        CASE(logits_that_are_not_finite_stay_an_error),
        CASE(without_memory_nothing_is_left),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
