/* test_explain.c - leaving a piece out shows what it was worth. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "service/explain.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

/* Judges by words alone: each "WIN" adds 2 to the log-odds, each "friend" takes 1 away. */
struct judge {
    bolter_model *model;
    int calls;
    int fail_at; /* this call fails; 0: none does */
};

static int count(const char *text, const char *word)
{
    int n = 0;
    for (; (text = strstr(text, word)); text += strlen(word))
        n++;
    return n;
}

static bolter_status judge_words(void *ud, const bolter_seq *seq, double *spam, bolter_error *err)
{
    struct judge *j = ud;
    char text[4096];
    size_t n;
    if (++j->calls == j->fail_at)
        return bt_fail(err, BOLTER_E_TIMEOUT, "too late");
    bolter_tok_decode(bolter_model_tok(j->model), seq->ids, seq->n, text, sizeof text - 1, &n,
                      NULL);
    text[n] = 0;
    *spam = 1 / (1 + exp(-2.0 * count(text, "WIN") + count(text, "friend")));
    return BOLTER_OK;
}

/* A byte-level model of so many positions; its weights do not matter here. */
static bolter_model *model_of(size_t n_ctx, const char *name)
{
    tiny t;
    bt_config cfg = tiny_config(1, 2);
    cfg.n_ctx = n_ctx;
    tiny_init(&t, &cfg, 7);
    t.card =
        "{\"v\": 1, \"labels\": [\"ham\", \"spam\"]}"; /* as many tokens as there are positions */
    bolter_model *m = tiny_model(&t, name);
    tiny_clear(&t);
    return m;
}

static void pieces_weigh_what_they_add_to_the_log_odds(struct check *c)
{
    static const char text[] = "good day to you\n"
                               "WIN WIN a big prize\n"
                               "your old friend\n"
                               "nothing to see\n";
    bolter_piece p[8];
    size_t n = 0;
    bolter_error err = {0};
    struct judge j = {.model = model_of(256, "words")};
    bolter_status s = bt_explain(j.model, judge_words, &j, text, strlen(text), p, 8, &n, &err);
    CHECK(c, s == BOLTER_OK && n >= 4, "%s, %zu pieces", err.text, n);
    CHECK(c, strncmp(p[0].text, "WIN WIN", 7) == 0 && fabsf(p[0].weight - 4) < 1e-4f, "%g %s",
          (double)p[0].weight, p[0].text);
    CHECK(c, strstr(p[1].text, "friend") && fabsf(p[1].weight + 1) < 1e-4f, "%g %s",
          (double)p[1].weight, p[1].text);
    for (size_t i = 2; i < n; i++)
        CHECK(c, fabsf(p[i].weight) < 1e-4f && !strchr(p[i].text, '\n'), "%g %s",
              (double)p[i].weight, p[i].text);
    bolter_model_unref(j.model);
}

static void only_the_heaviest_are_given_in_order(struct check *c)
{
    static const char text[] = "WIN now here\nWINWINWIN today\nWIN WIN at all\nfriend of all\n";
    bolter_piece p[3];
    size_t n = 9;
    struct judge j = {.model = model_of(256, "order")};
    p[2].weight = 99;
    bt_explain(j.model, judge_words, &j, text, strlen(text), p, 2, &n, NULL);
    CHECK(c, n == 2 && fabsf(p[0].weight - 6) < 1e-3f && fabsf(p[1].weight - 4) < 1e-3f,
          "%zu: %g %g", n, (double)p[0].weight, (double)p[1].weight);
    CHECK(c, p[2].weight == 99, "written past the cap");
    bt_explain(j.model, judge_words, &j, text, strlen(text), p, 0, &n, NULL);
    CHECK(c, n == 0 && p[0].weight < 7, "written with a cap of 0");
    bolter_model_unref(j.model);
}

static void number_of_runs_is_bounded_for_any_text(struct check *c)
{
    static const char *const units[] = {"x", "a ", "\n", "word\n", "two words\n", "\xe9", " \t"};
    static char text[5000];
    bolter_piece p[4];
    struct judge j = {.model = model_of(1024, "bound")};
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        for (size_t len = 0; len < 1200; len = len < 40 ? len + 1 : len * 2 - 3) {
            size_t n = 9;
            text[0] = 0;
            for (size_t at = 0; at < len; at += strlen(units[u]))
                memcpy(text + at, units[u], strlen(units[u]) + 1);
            j.calls = 0;
            bolter_status s =
                bt_explain(j.model, judge_words, &j, text, strlen(text), p, 4, &n, NULL);
            CHECK(c, s == BOLTER_OK && n <= 4, "%zu of unit %zu: %zu", len, u, n);
            CHECK(c, j.calls >= 2 && j.calls <= 34, "%zu of unit %zu: %d runs", len, u, j.calls);
        }
    }
    bolter_model_unref(j.model);
}

static void failure_of_any_run_ends_it(struct check *c)
{
    static const char text[] = "one line here\nand another one\n";
    bolter_piece p[4];
    struct judge j = {.model = model_of(256, "fail")};
    for (int i = 1; i <= 3; i++) {
        size_t n;
        bolter_error err = {0};
        j.calls = 0;
        j.fail_at = i;
        bolter_status s = bt_explain(j.model, judge_words, &j, text, strlen(text), p, 4, &n, &err);
        CHECK(c, s == BOLTER_E_TIMEOUT && strstr(err.text, "too late"), "run %d: %s", i, err.text);
        CHECK(c, j.calls == i, "%d runs", j.calls);
    }
    bolter_model_unref(j.model);
}

/* The default model, a letter, and a sentence that nobody in it would write. */
static const char letter[] = "Subject: minutes\nFrom: example.org\n\n"
                             "Hello Bob,\nthe minutes of our meeting on Tuesday are attached.\n"
                             "CLAIM YOUR FREE PRIZE MONEY NOW!!! Click here, winner.\n"
                             "Please tell me if anything is missing.\nRegards, Ann\n";

static void planted_sentence_is_found_by_the_default_model(struct check *c)
{
    bolter_model *m;
    bolter_session *s;
    bolter_piece p[3];
    size_t n = 0;
    bolter_error err = {0};
    if (!CHECK(c, bolter_model_open(&m, check_srcdir("models/default"), &err) == BOLTER_OK, "%s",
               err.text))
        return;
    bolter_session_open(&s, m, 1, 0, &err);
    CHECK(c, bolter_explain(s, letter, strlen(letter), p, 3, &n, &err) == BOLTER_OK, "%s",
          err.text);
    /* It is longer than a piece. */
    bool planted = n == 3 && (strstr(p[0].text, "FREE") || strstr(p[0].text, "PRIZE"));
    CHECK(c, planted && p[0].weight > 1, "%g %s", (double)p[0].weight, p[0].text);

    bolter_service *service;
    bolter_piece q[3];
    size_t n_q = 0;
    CHECK(c, bolter_service_open(&service, m, NULL, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c,
          bolter_service_explain(service, letter, strlen(letter), 0, 0, NULL, NULL, q, 3, &n_q,
                                 &err) == BOLTER_OK,
          "%s", err.text);
    CHECK(c, n_q == n && strcmp(p[0].text, q[0].text) == 0, "the service says %s", q[0].text);
    CHECK(c, fabsf(p[0].weight - q[0].weight) < 0.01f, "the service weighs %g",
          (double)q[0].weight);
    bolter_service_close(service);
    bolter_session_free(s);
    bolter_model_unref(m);
}

static void model_without_a_head_explains_nothing(struct check *c)
{
    tiny t;
    bt_config cfg = tiny_config(1, 0);
    bolter_session *s;
    bolter_piece p;
    size_t n = 1;
    bolter_error err = {0};
    tiny_init(&t, &cfg, 7);
    bolter_model *m = tiny_model(&t, "headless");
    tiny_clear(&t);
    bolter_session_open(&s, m, 1, 0, &err);
    CHECK(c, bolter_explain(s, "x", 1, &p, 1, &n, &err) == BOLTER_E_MISMATCH && n == 0, "%s",
          err.text);
    bolter_session_free(s);
    bolter_model_unref(m);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(pieces_weigh_what_they_add_to_the_log_odds),
        CASE(only_the_heaviest_are_given_in_order),
        CASE(number_of_runs_is_bounded_for_any_text),
        CASE(failure_of_any_run_ends_it),
        CASE(planted_sentence_is_found_by_the_default_model),
        CASE(model_without_a_head_explains_nothing),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
