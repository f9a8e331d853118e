/* test_windows.c - long texts in several windows: which ids they are, and what they say together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bolter_train.h"
#include "ckpt/model.h"
#include "service/verdict.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

/* Tiny models read 24 tokens, 6 of them from the end, and a token is a byte. */
enum { MAX = 24, TAIL = 6, LONGEST = 400, MOST = 5 };

/* Letters without a pattern, and no two that are one token. */
static void fill(char text[LONGEST + 1])
{
    bt_rng r = {.seed = 5};
    for (size_t i = 0; i < LONGEST; i++)
        text[i] = (char)('A' + bt_rng_below(&r, 26));
    text[LONGEST] = 0;
}

static bolter_model *open_with(const char *name, int32_t windows, const char *begin, const char *precision)
{
    bolter_model *m;
    bolter_error err = {0};
    const bolter_open_options o = {.windows = windows, .begin = begin, .precision = precision};
    bolter_model_unref(tiny_classifier(2, 31, name));
    if (bolter_model_open_with(&m, tiny_path(name), &o, &err) == BOLTER_OK)
        return m;
    fprintf(stderr, "%s\n", err.text);
    exit(99);
}

/* Marks what a window reads, and checks that it is lead and slice of the text. */
static void check_window(struct check *c, const char *text, size_t n, const int32_t *ids, size_t length,
                         bool *read)
{
    size_t lead = length / 8, slice = length - lead, at = 0;
    char bytes[MAX + 1] = "";
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)ids[i];
    CHECK(c, strncmp(bytes, text, lead) == 0, "the lead is %.*s", (int)lead, bytes);
    while (at + slice <= n && strncmp(text + at, bytes + lead, slice) != 0)
        at++;
    if (CHECK(c, at + slice <= n, "%s is not in the text", bytes + lead))
        memset(read + at, 1, slice * sizeof *read);
}

static void check_reading(struct check *c, const bolter_model *m, const char *text, size_t n)
{
    const bolter_model_info *info = bolter_model_info_of(m);
    size_t bos = m->card.bos ? 1 : 0, n_one, n_all, unread = 0;
    int32_t ids[MAX * MOST], one[MAX];
    bool read[LONGEST] = {false}, told[LONGEST] = {false};
    bolter_reading r;
    CHECK(c, bolter_model_read(m, text, n, ids, &r, NULL) == BOLTER_OK, "no ids");
    CHECK(c, bolter_model_encode(m, text, n, one, &n_one, &n_all, NULL) == BOLTER_OK, "no ids");
    CHECK(c, r.n_all == n + bos && n_all == n + bos, "%zu and %zu of %zu ids", r.n_all, n_all, n);
    CHECK(c, r.n_ids == r.windows * n_one && memcmp(ids, one, n_one * sizeof *ids) == 0,
          "%zu ids in %zu windows", r.n_ids, r.windows);
    bool fits = n + bos <= MAX;
    CHECK(c, r.windows >= 1 && r.windows <= (size_t)info->windows && (!fits || r.windows == 1),
          "%zu windows", r.windows);
    memset(read, 1, (fits ? n : MAX - bos - TAIL) * sizeof *read);
    memset(read + (fits ? 0 : n - TAIL), 1, TAIL * sizeof *read);
    for (size_t k = 1; k < r.windows; k++) {
        CHECK(c, !bos || ids[k * MAX] == TINY_VOCAB - 1, "window %zu has no begin token", k);
        check_window(c, text, n, ids + k * MAX + bos, MAX - bos, read);
    }
    bolter_stretch s[MOST + 1];
    size_t n_stretches = bolter_model_stretches(m, r.n_all, s);
    for (size_t i = 0; i < n_stretches; i++) {
        CHECK(c, s[i].from < s[i].to && s[i].to <= n && (i == 0 || s[i].from > s[i - 1].to),
              "stretch %zu: %zu to %zu", i, s[i].from, s[i].to);
        memset(told + s[i].from, 1, (s[i].to - s[i].from) * sizeof *told);
    }
    for (size_t i = 0; i < n; i++)
        unread += !read[i];
    CHECK(c, memcmp(read, told, n * sizeof *read) == 0, "%zu stretches are not what is read", n_stretches);
    CHECK(c, r.n_unread == unread, "%zu of %zu unread, said %zu", unread, n, r.n_unread);
    CHECK(c, unread == 0 || r.windows == (size_t)info->windows, "%zu unread in %zu windows", unread,
          r.windows);
}

static void windows_begin_as_the_text_and_cover_as_much_of_it_as_they_can(struct check *c)
{
    char text[LONGEST + 1];
    fill(text);
    for (int begin = 0; begin < 2; begin++) {
        for (int32_t windows = 1; windows <= MOST; windows++) {
            bolter_model *m = open_with("cover", windows, begin ? "yes" : "no", NULL);
            for (size_t n = TAIL; n <= LONGEST && c->failures == 0; n++)
                check_reading(c, m, text, n);
            bolter_model_unref(m);
        }
    }
}

/* What m says to a text in one window after the other: half of the first, half of the one nearest to spam. */
static void naive(bolter_session *s, const int32_t *ids, size_t windows, float logits[2])
{
    float first[2], most[2], now[2];
    for (size_t k = 0; k < windows; k++) {
        const bolter_seq seq = {.ids = ids + k * MAX, .n = MAX};
        bolter_session_logits(s, &seq, 1, now, NULL);
        if (k == 0)
            memcpy(first, now, sizeof first);
        if (k == 0 || now[1] - now[0] > most[1] - most[0])
            memcpy(most, now, sizeof most);
    }
    for (size_t i = 0; i < 2; i++)
        logits[i] = (first[i] + most[i]) / 2;
}

static void score_is_half_the_first_window_and_half_the_most_suspicious(struct check *c)
{
    static const char *const precisions[] = {NULL, "float32", "bfloat16", "int8"};
    enum { N = 12 };
    char text[LONGEST + 1];
    int32_t ids[N][MAX * MOST];
    float logits[2 * N], want[2];
    fill(text);
    for (size_t p = 0; p < 4; p++) {
        bolter_model *m = open_with("halves", MOST, "no", precisions[p]);
        bolter_session *s;
        bolter_seq seq[N];
        bolter_reading r;
        size_t moved = 0;
        bolter_error err = {0};
        CHECK(c, bolter_session_open(&s, m, N, 0, &err) == BOLTER_OK, "%s", err.text);
        for (size_t i = 0; i < N; i++) {
            bolter_model_read(m, text + i, MAX + 15 * i, ids[i], &r, NULL);
            seq[i] = (bolter_seq){.ids = ids[i], .n = r.n_ids, .windows = r.windows};
        }
        CHECK(c, bolter_session_logits(s, seq, N, logits, &err) == BOLTER_OK, "%s", err.text);
        for (size_t i = 0; i < N; i++) {
            naive(s, ids[i], seq[i].windows, want);
            /* What is doubtful in int8 is scored again, and more exactly. */
            double room = p == 3 ? 0.2 : 1e-5;
            for (size_t k = 0; k < 2; k++)
                CHECK(c, fabs((double)(logits[2 * i + k] - want[k])) < room, "text %zu: %g, want %g", i,
                      (double)logits[2 * i + k], (double)want[k]);
            bolter_session_logits(s, &(bolter_seq){.ids = ids[i], .n = MAX}, 1, want, NULL);
            moved += fabs((double)(logits[2 * i] - want[0])) > 0.01;
        }
        CHECK(c, moved >= N / 3, "%zu texts are moved by their windows", moved);
        bolter_session_free(s);
        bolter_model_unref(m);
    }
}

static void verdict_says_in_how_many_windows_a_text_was_read(struct check *c)
{
    char text[LONGEST + 1];
    bolter_verdict v;
    bolter_session *s;
    bolter_error err = {0};
    bolter_model *m = open_with("verdict", 3, "no", "float32");
    fill(text);
    bolter_session_open(&s, m, 1, 0, &err);
    CHECK(c, bolter_classify(s, text, MAX, &v, &err) == BOLTER_OK && v.n_windows == 1 && !v.truncated,
          "%zu windows", v.n_windows);
    CHECK(c, bolter_classify(s, text, MAX + 30, &v, &err) == BOLTER_OK && v.n_windows == 3 &&
             v.n_tokens == (size_t)3 * MAX && !v.truncated, "%zu windows, %zu tokens", v.n_windows,
          v.n_tokens);
    CHECK(c, bolter_classify(s, text, LONGEST, &v, &err) == BOLTER_OK && v.n_windows == 3 && v.truncated,
          "%zu windows of a text that is too long for them", v.n_windows);
    bolter_session_free(s);
    bolter_service *service;
    bolter_verdict w;
    CHECK(c, bolter_service_open(&service, m, NULL, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_service_classify(service, text, LONGEST, 0, 0, NULL, NULL, &w, &err) == BOLTER_OK &&
             w.n_windows == 3 && w.truncated && fabsf(w.spam - v.spam) < 1e-6f,
          "the service: %zu windows, %g and %g", w.n_windows, (double)w.spam, (double)v.spam);
    bolter_service_close(service);
    bolter_model_unref(m);
}

static void reading_that_is_shortened_is_one_window(struct check *c)
{
    char text[LONGEST + 1];
    bt_reading r;
    bolter_model *m = open_with("short", 3, "no", NULL);
    fill(text);
    for (size_t n = 1; n <= MAX + 1; n++) {
        bt_reading_open(&r, m, text, 100, NULL);
        size_t kept = n < MAX ? n : MAX, tail = kept / 4;
        CHECK(c, bt_reading_shorten(&r, m, n) && r.seq.windows == 1 && r.seq.n == kept && r.truncated,
              "%zu of %zu ids in %zu windows", r.seq.n, n, r.seq.windows);
        for (size_t i = 0; i < kept; i++)
            CHECK(c, r.ids[i] == text[i < kept - tail ? i : 100 - kept + i], "id %zu of %zu", i, n);
        bt_reading_clear(&r);
    }
    bolter_model_unref(m);
}

static void windows_outside_their_range_are_refused(struct check *c)
{
    static const char *const cards[] = {"0", "65", "1.5", "\"2\""};
    char card[200];
    bolter_model *m;
    bolter_error err = {0};
    bolter_model_unref(tiny_classifier(1, 31, "range"));
    for (size_t i = 0; i < 4; i++) {
        snprintf(card, sizeof card, "{\"v\": 1, \"labels\": [\"ham\", \"spam\"], \"windows\": %s}", cards[i]);
        tiny_put(tiny_path("range"), "bolter.json", card);
        CHECK(c, bolter_model_open(&m, tiny_path("range"), &err) == BOLTER_E_FORMAT &&
                 strstr(err.text, "\"windows\" is not 1 to 64"), "%s: %s", cards[i], err.text);
    }
    tiny_put(tiny_path("range"), "bolter.json",
             "{\"v\": 1, \"labels\": [\"ham\", \"spam\"], \"max_tokens\": 24, \"windows\": 64}");
    CHECK(c, bolter_model_open_with(&m, tiny_path("range"), &(bolter_open_options){.windows = 65}, &err) ==
                 BOLTER_E_ARG, "65");
    CHECK(c, bolter_model_open(&m, tiny_path("range"), &err) == BOLTER_OK &&
             bolter_model_info_of(m)->windows == 64, "%s", err.text);
    bolter_session *s;
    const int32_t ids[48] = {0};
    float logits[2];
    bolter_session_open(&s, m, 1, 0, &err);
    CHECK(c, bolter_session_logits(s, &(bolter_seq){.ids = ids, .n = 47, .windows = 2}, 1, logits, &err) ==
                 BOLTER_E_ARG, "47 ids in 2 windows");
    CHECK(c, bolter_session_logits(s, &(bolter_seq){.ids = ids, .n = 48, .windows = 2}, 1, logits, &err) ==
                 BOLTER_OK, "%s", err.text);
    bolter_session_free(s);
    bolter_model_unref(m);
    CHECK(c, bolter_model_open_with(&m, tiny_path("range"), &(bolter_open_options){.max_tokens = 8}, &err) ==
                 BOLTER_OK && bolter_model_info_of(m)->windows == 1, "max_tokens alone: not one window");
    bolter_model_unref(m);
}

static void trainer_refuses_a_text_in_windows(struct check *c)
{
    static const char *const labels[] = {"ham", "spam"};
    const int32_t ids[16] = {0}, label = 0;
    const bolter_seq seq = {.ids = ids, .n = 16, .windows = 2};
    bolter_model *m = tiny_classifier(1, 31, "train");
    bolter_trainer *t;
    bolter_train_options o;
    bolter_step step;
    bolter_error err = {0};
    bolter_train_options_default(&o);
    CHECK(c, bolter_trainer_open(&t, m, labels, 2, &o, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_trainer_step(t, &seq, &label, 1, &step, &err) == BOLTER_E_ARG &&
             strstr(err.text, "2 windows"), "%s", err.text);
    bolter_trainer_free(t);
    bolter_model_unref(m);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(windows_begin_as_the_text_and_cover_as_much_of_it_as_they_can),
        CASE(score_is_half_the_first_window_and_half_the_most_suspicious),
        CASE(verdict_says_in_how_many_windows_a_text_was_read),
        CASE(reading_that_is_shortened_is_one_window),
        CASE(windows_outside_their_range_are_refused),
        CASE(trainer_refuses_a_text_in_windows),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
