/*
 * test_model.c - scoring: a sequence alone and in any company, each way of reading, limits, the language
 * model, and the number formats underneath.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/float16.h"
#include "kern/int8.h"
#include "ckpt/model.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

/* A sequence without features. */
#define SEQ(of, length) {.ids = (of), .n = (length)}

enum { N = 14, K = 2 };

static bolter_session *open_session(bolter_model *m, size_t max_seqs, size_t max_tokens)
{
    bolter_session *s;
    bolter_error err = {0};
    if (bolter_session_open(&s, m, max_seqs, max_tokens, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    return s;
}

static void score(struct check *c, bolter_session *s, const bolter_seq *seqs, size_t n, float *logits)
{
    bolter_error err = {0};
    CHECK(c, bolter_session_logits(s, seqs, n, logits, &err) == BOLTER_OK, "%s", err.text);
}

static void near(struct check *c, const char *what, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK(c, fabs((double)got[i] - (double)want[i]) <= 3e-6 * (1 + fabs((double)want[i])),
              "%s: logit %zu: %.9g, want %.9g", what, i, (double)got[i], (double)want[i]);
}

static bolter_model *model_reading(const char *position, const char *name)
{
    tiny t;
    char card[200];
    bt_config cfg = tiny_config(2, K);
    tiny_init(&t, &cfg, 21);
    snprintf(card, sizeof card, "{\"v\": 1, \"labels\": [\"ham\", \"spam\"], \"position\": \"%s\"}",
             position);
    t.card = card;
    bolter_model *m = tiny_model(&t, name);
    tiny_clear(&t);
    return m;
}

static const char *const positions[] = {"last", "first", "mean"};

/* ---- Company ---- */

static void a_verdict_alone_equals_the_verdict_in_a_batch(struct check *c)
{
    bolter_seq *seqs = tiny_seqs(N, 32, 1);
    for (size_t p = 0; p < 3; p++) {
        float together[N * K], alone[N * K];
        bolter_model *m = model_reading(positions[p], "company");
        bolter_session *s = open_session(m, N, 0);
        score(c, s, seqs, N, together);
        for (size_t i = 0; i < N; i++)
            score(c, s, &seqs[i], 1, alone + i * K);
        near(c, positions[p], together, alone, N * K);
        bolter_session_free(s);
        bolter_model_unref(m);
    }
    tiny_free_seqs(seqs, N);
}

static void the_order_of_a_batch_does_not_matter(struct check *c)
{
    bolter_seq *seqs = tiny_seqs(N, 32, 2), backwards[N];
    float forth[N * K], back[N * K], turned[N * K];
    bolter_model *m = model_reading("last", "order");
    bolter_session *s = open_session(m, N, 0);
    for (size_t i = 0; i < N; i++)
        backwards[i] = seqs[N - 1 - i];
    score(c, s, seqs, N, forth);
    score(c, s, backwards, N, back);
    for (size_t i = 0; i < N; i++)
        memcpy(turned + i * K, back + (N - 1 - i) * K, K * sizeof *turned);
    near(c, "backwards", turned, forth, N * K);
    bolter_session_free(s);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void the_same_question_gives_the_same_bits(struct check *c)
{
    bolter_seq *seqs = tiny_seqs(N, 32, 3);
    float first[N * K], again[N * K], other[N * K];
    bolter_model *m = model_reading("mean", "bits");
    bolter_session *a = open_session(m, N, 0), *b = open_session(m, 2 * N, 0);
    score(c, a, seqs, N, first);
    score(c, a, seqs, 3, again); /* leaves other numbers in the memory */
    score(c, a, seqs, N, again);
    score(c, b, seqs, N, other);
    CHECK(c, memcmp(first, again, sizeof first) == 0, "other bits the second time");
    CHECK(c, memcmp(first, other, sizeof first) == 0, "other bits in another session");
    bolter_session_free(a);
    bolter_session_free(b);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void what_comes_after_the_read_token_does_not_matter(struct check *c)
{
    bolter_seq *seqs = tiny_seqs(N, 32, 4);
    float whole[K], cut[K];
    bolter_model *m = model_reading("first", "causal");
    bolter_session *s = open_session(m, 1, 0);
    for (size_t i = 0; i < N; i++) {
        score(c, s, &seqs[i], 1, whole);
        score(c, s, &(bolter_seq) SEQ(seqs[i].ids, 1), 1, cut);
        near(c, "first token", whole, cut, K);
    }
    bolter_session_free(s);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void each_position_reads_something_else(struct check *c)
{
    bolter_seq *seqs = tiny_seqs(N, 32, 5);
    float logits[3][K];
    for (size_t p = 0; p < 3; p++) {
        bolter_model *m = model_reading(positions[p], "positions");
        bolter_session *s = open_session(m, 1, 0);
        score(c, s, &seqs[N - 1], 1, logits[p]);
        bolter_session_free(s);
        bolter_model_unref(m);
    }
    for (size_t p = 0; p < 3; p++)
        CHECK(c, fabsf(logits[p][0] - logits[(p + 1) % 3][0]) > 1e-3f, "%s and %s are the same",
              positions[p], positions[(p + 1) % 3]);
    tiny_free_seqs(seqs, N);
}

/* ---- Probabilities ---- */

static void scores_are_a_softmax_with_temperature(struct check *c)
{
    bolter_seq *seqs = tiny_seqs(N, 32, 6);
    float logits[N * K], prob[N * K];
    bolter_model *m = tiny_classifier(1, 22, "softmax"); /* temperature 1.5 */
    bolter_session *s = open_session(m, N, 0);
    score(c, s, seqs, N, logits);
    CHECK(c, bolter_session_score(s, seqs, N, prob, NULL) == BOLTER_OK, "no scores");
    for (size_t i = 0; i < N; i++) {
        double want = 1 / (1 + exp(((double)logits[2 * i] - (double)logits[2 * i + 1]) / 1.5));
        CHECK(c, fabs((double)prob[2 * i + 1] - want) < 1e-6, "%zu: %.9g, want %.9g", i,
              (double)prob[2 * i + 1], want);
    }
    bolter_session_free(s);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

/* ---- Limits ---- */

static void what_does_not_fit_a_session_is_refused(struct check *c)
{
    int32_t ids[33] = {0}, bad = TINY_VOCAB, negative = -1;
    float logits[8 * K];
    bolter_model *m = tiny_classifier(1, 23, "limits");
    bolter_session *s = open_session(m, 2, 40);
    const struct {
        const char *what;
        bolter_seq seqs[3];
        size_t n;
        bolter_status want;
    } cases[] = {
        {"as opened", {SEQ(ids, 32), SEQ(ids, 8)}, 2, BOLTER_OK},
        {"nothing", {SEQ(ids, 1)}, 0, BOLTER_OK},
        {"a token too many", {SEQ(ids, 32), SEQ(ids, 9)}, 2, BOLTER_E_LIMIT},
        {"a sequence too many", {SEQ(ids, 1), SEQ(ids, 1), SEQ(ids, 1)}, 3, BOLTER_E_LIMIT},
        {"longer than the context", {SEQ(ids, 33)}, 1, BOLTER_E_ARG},
        {"an empty sequence", {SEQ(ids, 1), SEQ(ids, 0)}, 2, BOLTER_E_ARG},
        {"an id beyond the vocabulary", {SEQ(&bad, 1)}, 1, BOLTER_E_ARG},
        {"a negative id", {SEQ(&negative, 1)}, 1, BOLTER_E_ARG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_error err = {0};
        bolter_status rc = bolter_session_logits(s, cases[i].seqs, cases[i].n, logits, &err);
        CHECK(c, rc == cases[i].want, "%s: status %s (%s)", cases[i].what, bolter_status_name(rc),
              err.text);
    }
    bolter_session_free(s);
    bolter_model_unref(m);
}

static void impossible_sessions_are_refused(struct check *c)
{
    const size_t sizes[][2] = {{0, 0}, {SIZE_MAX, 0}, {SIZE_MAX / 8, 0}, {1, SIZE_MAX},
                               {SIZE_MAX / 24 + 1, 0}};
    bolter_model *m = tiny_classifier(1, 24, "huge");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        bolter_session *s;
        bolter_status rc = bolter_session_open(&s, m, sizes[i][0], sizes[i][1], NULL);
        CHECK(c, rc == (i == 0 ? BOLTER_E_ARG : BOLTER_E_NOMEM) && !s, "%zu, %zu: status %s",
              sizes[i][0], sizes[i][1], bolter_status_name(rc));
        bolter_session_free(s);
    }
    bolter_model_unref(m);
}

static void tokens_bound_the_sequences_of_a_session(struct check *c)
{
    const int32_t id = 1;
    bolter_seq seqs[5] = {SEQ(&id, 1), SEQ(&id, 1), SEQ(&id, 1), SEQ(&id, 1), SEQ(&id, 1)};
    float logits[5 * K];
    bolter_model *m = tiny_classifier(1, 24, "bound");
    bolter_session *s = open_session(m, SIZE_MAX, 4);
    score(c, s, seqs, 4, logits);
    CHECK(c, bolter_session_logits(s, seqs, 5, logits, NULL) == BOLTER_E_LIMIT, "five in four");
    bolter_session_free(s);
    bolter_model_unref(m);
}

static void opening_a_session_without_memory_fails_cleanly(struct check *c)
{
    bolter_model *m = tiny_classifier(1, 25, "oom");
    bolter_status rc = BOLTER_E_NOMEM;
    unsigned long n = 1;
    for (; n < 50 && rc != BOLTER_OK; n++) {
        bolter_session *s;
        bt_mem_fail_from(n);
        rc = bolter_session_open(&s, m, 1, 0, NULL);
        bt_mem_fail_from(0);
        CHECK(c, rc == BOLTER_OK || rc == BOLTER_E_NOMEM, "allocation %lu", n);
        bolter_session_free(s);
    }
    CHECK(c, n > 3 && n < 50, "%lu allocations", n);
    bolter_model_unref(m);
}

/* ---- The language model ---- */

static void a_language_model_has_logits_and_a_loss(struct check *c)
{
    tiny t;
    bolter_error err = {0};
    bt_config cfg = tiny_config(2, 0);
    tiny_init(&t, &cfg, 26);
    bolter_model *m = tiny_model(&t, "lm");
    bolter_session *s = open_session(m, 1, 32);
    bolter_seq *seqs = tiny_seqs(N, 32, 7);
    float logits[TINY_VOCAB], again[TINY_VOCAB];
    double loss, sum = 0, want = 0;
    bolter_seq seq = SEQ(seqs[6].ids, 13);
    CHECK(c, bolter_session_lm(s, &seq, logits, &loss, &err) == BOLTER_OK, "%s", err.text);
    for (size_t n = 1; n < seq.n; n++) { /* the loss from the logits of each beginning */
        CHECK(c, bolter_session_lm(s, &(bolter_seq) SEQ(seq.ids, n), again, NULL, &err) == BOLTER_OK, "%s",
              err.text);
        sum = 0;
        for (size_t v = 0; v < TINY_VOCAB; v++)
            sum += exp((double)again[v]);
        want += (log(sum) - (double)again[seq.ids[n]]) / (double)(seq.n - 1);
    }
    CHECK(c, fabs(loss - want) < 1e-5, "loss %.9g, want %.9g", loss, want);
    CHECK(c, bolter_session_lm(s, &(bolter_seq) SEQ(seq.ids, 1), NULL, &loss, &err) == BOLTER_OK &&
             isnan(loss), "the loss of one token is %g", loss);
    CHECK(c, bolter_session_logits(s, &seq, 1, again, &err) == BOLTER_E_MISMATCH, "it has a head");
    bolter_session_free(s);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
    tiny_clear(&t);
}

/* ---- Texts ---- */

static void a_long_text_is_read_from_both_ends(struct check *c)
{
    char text[101];
    int32_t ids[24];
    size_t n, all;
    bolter_model *m = tiny_classifier(1, 27, "ends"); /* reads 24 tokens, 6 of the end */
    for (size_t i = 0; i < 100; i++)
        text[i] = (char)('A' + i % 26);
    text[100] = 0;
    CHECK(c, bolter_model_encode(m, text, 100, ids, &n, &all, NULL) == BOLTER_OK, "no ids");
    CHECK(c, n == 24 && all == 100, "%zu of %zu tokens", n, all);
    for (size_t i = 0; i < 24; i++) {
        size_t from = i < 18 ? i : 100 - 24 + i;
        CHECK(c, ids[i] == (unsigned char)text[from], "token %zu is %d, want %d", i, (int)ids[i],
              text[from]);
    }
    CHECK(c, bolter_model_encode(m, text, 24, ids, &n, &all, NULL) == BOLTER_OK && n == 24 && all == 24,
          "24 bytes give %zu of %zu", n, all);
    bolter_model_unref(m);
}

static void a_begin_token_takes_one_place(struct check *c)
{
    int32_t ids[24];
    size_t n, all;
    bolter_model *m;
    bolter_error err = {0};
    bolter_model_unref(tiny_classifier(1, 28, "begin"));
    bolter_open_options o = {.begin = "yes", .max_tokens = 4, .tail_tokens = 2};
    CHECK(c, bolter_model_open_with(&m, tiny_path("begin"), &o, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_model_encode(m, "ABCDEF", 6, ids, &n, &all, NULL) == BOLTER_OK, "no ids");
    CHECK(c, n == 4 && all == 7 && ids[0] == TINY_VOCAB - 1 && ids[1] == 'A' && ids[2] == 'E' &&
             ids[3] == 'F', "%zu of %zu: %d %d %d %d", n, all, (int)ids[0], (int)ids[1], (int)ids[2],
          (int)ids[3]);
    bolter_model_unref(m);
    o.begin = "perhaps";
    CHECK(c, bolter_model_open_with(&m, tiny_path("begin"), &o, NULL) == BOLTER_E_ARG, "\"perhaps\"");
    o.begin = NULL;
    o.tail_tokens = 3;
    CHECK(c, bolter_model_open_with(&m, tiny_path("begin"), &o, NULL) == BOLTER_E_ARG, "3 of 4");
}

/* ---- Number formats ---- */

static void every_half_comes_back_as_itself(struct check *c)
{
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = bt_from_f16((uint16_t)h), b = bt_from_bf16((uint16_t)h);
        bool f_nan = (h & 0x7c00) == 0x7c00 && (h & 0x3ff), b_nan = (h & 0x7f80) == 0x7f80 && (h & 0x7f);
        if (f_nan)
            CHECK(c, isnan(f) && isnan(bt_from_f16(bt_to_f16(f))), "f16 %04x is no NaN", h);
        else
            CHECK(c, bt_to_f16(f) == h, "f16 %04x: %.9g: %04x", h, (double)f, bt_to_f16(f));
        if (b_nan)
            CHECK(c, isnan(b) && isnan(bt_from_bf16(bt_to_bf16(b))), "bf16 %04x is no NaN", h);
        else
            CHECK(c, bt_to_bf16(b) == h, "bf16 %04x: %.9g: %04x", h, (double)b, bt_to_bf16(b));
    }
}

/* Between each two neighbours: the middle goes to the even one, a little more or less to the nearer. */
static void halves_round_to_nearest_and_ties_to_even(struct check *c)
{
    for (uint16_t h = 0; h < 0x7bff; h++) {
        double low = (double)bt_from_f16(h), high = (double)bt_from_f16((uint16_t)(h + 1));
        float middle = (float)((low + high) / 2);
        uint16_t even = h % 2 ? (uint16_t)(h + 1) : h;
        CHECK(c, bt_to_f16(middle) == even, "f16 after %04x: tie to %04x", h, bt_to_f16(middle));
        CHECK(c, bt_to_f16(nextafterf(middle, 1e9f)) == h + 1, "f16 after %04x: above", h);
        CHECK(c, bt_to_f16(nextafterf(middle, -1)) == h, "f16 after %04x: below", h);
        CHECK(c, bt_to_f16(-middle) == (even | 0x8000), "f16 after %04x: negative tie", h);
    }
    for (uint16_t h = 0; h < 0x7f7f; h++) {
        double low = (double)bt_from_bf16(h), high = (double)bt_from_bf16((uint16_t)(h + 1));
        float middle = (float)((low + high) / 2);
        uint16_t even = h % 2 ? (uint16_t)(h + 1) : h;
        CHECK(c, bt_to_bf16(middle) == even, "bf16 after %04x: tie to %04x", h, bt_to_bf16(middle));
        CHECK(c, bt_to_bf16(nextafterf(middle, INFINITY)) == h + 1, "bf16 after %04x: above", h);
        CHECK(c, bt_to_bf16(nextafterf(middle, -1)) == h, "bf16 after %04x: below", h);
    }
    CHECK(c, bt_to_f16(65519.996f) == 0x7bff && bt_to_f16(65520) == 0x7c00 && bt_to_f16(1e30f) == 0x7c00,
          "f16 overflow");
    CHECK(c, bt_to_f16(-INFINITY) == 0xfc00 && bt_to_bf16(INFINITY) == 0x7f80, "infinity");
}

static void quantising_is_off_by_half_a_step_at_most(struct check *c)
{
    enum { R = 7, C = 5 };
    bt_rng rng = {.seed = 9};
    float w[R * C], back[R * C], scale[R > C ? R : C];
    int8_t q[R * C];
    for (size_t i = 0; i < R * C; i++)
        w[i] = i % C == 2 ? 0 : (float)(bt_rng_normal(&rng) * pow(10, (double)(i % C) - 2));
    for (int by_column = 0; by_column < 2; by_column++) {
        bt_quantise(q, scale, w, R, C, by_column);
        bt_dequantise(back, q, scale, R, C, by_column);
        for (size_t i = 0; i < R * C; i++) {
            double step = (double)scale[by_column ? i % C : i / C];
            CHECK(c, q[i] >= -127, "-128");
            CHECK(c, fabs((double)back[i] - (double)w[i]) <= 0.50001 * step, "%zu: %g for %g, step %g",
                  i, (double)back[i], (double)w[i], step);
        }
    }
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(a_verdict_alone_equals_the_verdict_in_a_batch),
        CASE(the_order_of_a_batch_does_not_matter),
        CASE(the_same_question_gives_the_same_bits),
        CASE(what_comes_after_the_read_token_does_not_matter),
        CASE(each_position_reads_something_else),
        CASE(scores_are_a_softmax_with_temperature),
        CASE(what_does_not_fit_a_session_is_refused),
        CASE(impossible_sessions_are_refused),
        CASE(tokens_bound_the_sequences_of_a_session),
        CASE(opening_a_session_without_memory_fails_cleanly),
        CASE(a_language_model_has_logits_and_a_loss),
        CASE(a_long_text_is_read_from_both_ends),
        CASE(a_begin_token_takes_one_place),
        CASE(every_half_comes_back_as_itself),
        CASE(halves_round_to_nearest_and_ties_to_even),
        CASE(quantising_is_off_by_half_a_step_at_most),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
