/* test_explain.c - leaving a piece out shows what it was worth. */
#include <math.h>
#include <stdlib.h>
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
static bolter_model *model_with(size_t n_ctx, const char *card, const char *name)
{
    tiny t;
    bt_config cfg = tiny_config(1, 2);
    cfg.n_ctx = n_ctx;
    tiny_init(&t, &cfg, 7);
    t.card = card;
    bolter_model *m = tiny_model(&t, name);
    tiny_clear(&t);
    return m;
}

/* That reads as many tokens as there are positions. */
static bolter_model *model_of(size_t n_ctx, const char *name)
{
    return model_with(n_ctx, "{\"v\": 1, \"labels\": [\"ham\", \"spam\"]}", name);
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

/* The beginning of a piece as its place has it: with single blanks. */
static bool stands_there(const char *text, const bolter_piece *p)
{
    const char *at = text + p->at, *end = at + p->n;
    for (const char *word = p->text; *word; word++) {
        while (at < end && *word != ' ' && (*at == ' ' || *at == '\n'))
            at++;
        if (*word != ' ' && (at == end || *at++ != *word))
            return false;
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const bolter_piece *p = a, *q = b;
    return (p->at > q->at) - (p->at < q->at);
}

/* All pieces of a text, in order of their places. */
static size_t pieces_of(struct check *c, struct judge *j, const char *text, bolter_piece p[40])
{
    size_t n = 0, end = 0, all = strlen(text);
    bolter_error err = {0};
    bolter_status s = bt_explain(j->model, judge_words, j, text, all, p, 40, &n, &err);
    CHECK(c, s == BOLTER_OK, "%s", err.text);
    qsort(p, n, sizeof *p, by_place);
    for (size_t i = 0; i < n; end = p[i].at + p[i].n, i++) {
        CHECK(c, p[i].at >= end && p[i].n > 0 && p[i].n <= all - p[i].at, "%zu: %zu + %zu of %zu",
              i, p[i].at, p[i].n, all);
        CHECK(c, stands_there(text, &p[i]), "%zu: \"%s\" is not at %zu", i, p[i].text, p[i].at);
        bool whole = (text[p[i].at] & 0xc0) != 0x80 && (text[p[i].at + p[i].n] & 0xc0) != 0x80;
        CHECK(c, whole, "%zu: a character is cut", i);
    }
    return n;
}

static void place_of_a_piece_is_told_where_words_are_repeated(struct check *c)
{
    static const char text[] = "WIN it\nfriend\nWIN it\nfriend\n";
    bolter_piece p[40];
    struct judge j = {.model = model_of(256, "places")};
    size_t n = pieces_of(c, &j, text, p);
    CHECK(c, n == 4 && p[0].at == 0 && p[1].at == 7 && p[2].at == 14 && p[3].at == 21, "%zu pieces",
          n);
    for (size_t i = 0; i < n; i++)
        CHECK(c, p[i].n == 7 && strcmp(p[i].text, p[i % 2].text) == 0, "%zu + %zu: %s", p[i].at,
              p[i].n, p[i].text);
    bolter_model_unref(j.model);
}

static void places_are_those_of_whole_characters(struct check *c)
{
    static const char *const words[] = {
        "z\xc3\xa4hlt", "\xe4\xbe\xa1\xe6\xa0\xbc", "\n", "\xf0\x9f\x92\xb0\xf0\x9f\x92\xb0", " ",
        "WIN"};
    static char text[600];
    bolter_piece p[40];
    struct judge j = {.model = model_of(256, "whole"), .calls = 0};
    for (size_t seed = 1; seed < 60; seed++) {
        text[0] = 0;
        for (size_t k = seed; strlen(text) < 9 * seed; k = k * 31 + 7)
            memcpy(text + strlen(text), words[k % 6], strlen(words[k % 6]) + 1);
        CHECK(c, pieces_of(c, &j, text, p) > 0, "seed %zu: no piece", seed);
    }
    bolter_model_unref(j.model);
}

/* Of 64 positions 16 are the text's last; a piece is before the gap or behind it. */
static void places_of_a_long_text_are_at_its_beginning_and_at_its_end(struct check *c)
{
    static char text[2000];
    bolter_piece p[40];
    struct judge j = {.model = model_with(64,
                                          "{\"v\": 1, \"labels\": [\"ham\", \"spam\"], "
                                          "\"max_tokens\": 64, \"tail_tokens\": 16}",
                                          "seam")};
    for (size_t i = 0; i + 8 < sizeof text; i += 8)
        memcpy(text + i, i % 24 ? "a \xc3\xa4 of \n" : "the one\n", 9);
    size_t n = pieces_of(c, &j, text, p), all = strlen(text), last = 0;
    CHECK(c, n > 2 && p[0].at == 0 && p[n - 1].at + p[n - 1].n == all, "%zu pieces", n);
    for (size_t i = 0; i < n; i++) {
        bool in_front = p[i].at + p[i].n <= 96, behind = p[i].at >= all - 32;
        CHECK(c, in_front || behind, "%zu + %zu of %zu", p[i].at, p[i].n, all);
        last += behind;
    }
    CHECK(c, last > 0 && last < n, "%zu of %zu at the end", last, n);
    bolter_model_unref(j.model);
}

static void pieces_of_the_most_suspicious_window_count_beside_those_of_the_first(struct check *c)
{
    static const char prize[] = "\nWIN WIN WIN it now\n";
    char text[401] = "your old friend\n";
    bolter_piece p[40];
    struct judge j = {.model = model_with(128,
                                          "{\"v\": 1, \"labels\": [\"ham\", \"spam\"], "
                                          "\"max_tokens\": 64, \"tail_tokens\": 16, \"windows\": 8}",
                                          "middle")};
    for (size_t i = strlen(text); i < 400; i++)
        text[i] = i % 7 == 0 ? ' ' : (char)('a' + i % 5);
    for (size_t at = 60; at + sizeof prize < 220; at += 9) {
        char letter[401];
        memcpy(letter, text, sizeof letter);
        memcpy(letter + at, prize, sizeof prize - 1);
        letter[240] = 0;
        size_t n = pieces_of(c, &j, letter, p);
        double won = 0, lost = 0;
        for (size_t i = 0; i < n; i++)
            *(p[i].weight > 0 ? &won : &lost) += (double)p[i].weight;
        /* Both windows say half of it; the prize is in that of the middle alone, the friend in the first. */
        CHECK(c, fabs(won - 3) < 1e-3 && fabs(lost + 0.5) < 1e-3, "at %zu: %g and %g", at, won, lost);
    }
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
    /* It is longer than a piece, and what speaks against spam may weigh more. */
    size_t for_spam = 0;
    while (for_spam < n && p[for_spam].weight < 0)
        for_spam++;
    const bolter_piece *first = &p[for_spam < n ? for_spam : 0];
    CHECK(c, n == 3 && (strstr(first->text, "FREE") || strstr(first->text, "PRIZE")) && first->weight > 1,
          "%g %s", (double)first->weight, first->text);

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
        CASE(place_of_a_piece_is_told_where_words_are_repeated),
        CASE(places_are_those_of_whole_characters),
        CASE(places_of_a_long_text_are_at_its_beginning_and_at_its_end),
        CASE(pieces_of_the_most_suspicious_window_count_beside_those_of_the_first),
        CASE(only_the_heaviest_are_given_in_order),
        CASE(number_of_runs_is_bounded_for_any_text),
        CASE(failure_of_any_run_ends_it),
        CASE(planted_sentence_is_found_by_the_default_model),
        CASE(model_without_a_head_explains_nothing),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
