/* test_online.c - a wide part that learns message by message. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tests/check.h"
#include "words/dual.h"
#include "words/online.h"

enum { N = 40, WORDS = 6, VOCABULARY = 50 };

/* Messages of a few words each; spam has more of the even ones. Word k falls into bucket bucket_of(k). */
struct mail {
    uint32_t bucket[N][WORDS];
    float value[N][WORDS];
    bolter_features f[N];
    bool spam[N];
};

static uint32_t bucket_of(uint32_t word)
{
    return word * 20011 % BOLTER_BUCKETS;
}

static struct mail *make_mail(void)
{
    static struct mail m;
    bt_rng rng = {.seed = 7};
    for (size_t i = 0; i < N; i++) {
        m.spam[i] = i % 3 == 0;
        for (uint32_t k = 0; k < WORDS; k++) {
            /* Each place has words of its own, so that no message has one twice. */
            uint32_t w = 8 * k + (uint32_t)bt_rng_below(&rng, 8);
            bool swap = bt_rng_uniform(&rng) < 0.7 && (w % 2 == 0) != m.spam[i];
            m.bucket[i][k] = bucket_of(swap ? w ^ 1 : w);
            m.value[i][k] = (float)(0.2 + bt_rng_uniform(&rng));
        }
        m.f[i] = (bolter_features){m.bucket[i], m.value[i], WORDS};
    }
    return &m;
}

static bolter_online *open_online(void)
{
    bolter_online *o;
    if (bolter_online_open(&o, NULL) != BOLTER_OK)
        exit(99);
    return o;
}

static bolter_online *learn(const struct mail *m, size_t n)
{
    bolter_online *o = open_online();
    for (size_t i = 0; i < n; i++)
        if (bolter_online_learn(o, &m->f[i], m->spam[i], NULL) != BOLTER_OK)
            exit(99);
    return o;
}

/* ---- The naive twin: dense rows, weights from their formula, each step by bisection ---- */

struct twin {
    double x[N][VOCABULARY], side[N], a[N];
    size_t n;
};

static void twin_row(double x[VOCABULARY], const bolter_features *f)
{
    for (uint32_t w = 0; w < VOCABULARY; w++) {
        x[w] = 0;
        for (size_t k = 0; k < f->n; k++)
            x[w] += f->bucket[k] == bucket_of(w) ? (double)f->value[k] : 0;
    }
}

/* What two messages have in common. */
static double twin_product(const double *x, const double *y)
{
    double sum = BT_ONLINE_BIAS * BT_ONLINE_BIAS;
    for (size_t w = 0; w < VOCABULARY; w++)
        sum += x[w] * y[w];
    return sum;
}

static double twin_odds(const struct twin *t, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < t->n; i++)
        sum += t->side[i] * t->a[i] * twin_product(t->x[i], x);
    return sum;
}

/* The slope of the dual in a falls: find where it is 0, or the end of what is allowed. */
static void twin_step(struct twin *t, size_t i)
{
    double squares = twin_product(t->x[i], t->x[i]), along = t->side[i] * twin_odds(t, t->x[i]);
    double low = 0, high = 1e6;
    for (int k = 0; k < 100; k++) {
        double a = (low + high) / 2;
        if (1 - along - squares * (a - t->a[i]) - a / (2 * BT_ONLINE_C) > 0)
            low = a;
        else
            high = a;
    }
    t->a[i] = (low + high) / 2;
}

static void twin_learn(struct twin *t, const bolter_features *f, bool spam, bt_rng *rng)
{
    size_t at = t->n++;
    twin_row(t->x[at], f);
    t->side[at] = spam ? 1 : -1;
    t->a[at] = 0;
    twin_step(t, at);
    for (int k = 0; k < BT_ONLINE_AGAIN; k++)
        twin_step(t, bt_rng_below(rng, t->n));
}

static void scores_are_those_of_the_naive_twin(struct check *c)
{
    static struct twin t;
    const struct mail *m = make_mail();
    bolter_online *o = open_online();
    bt_rng rng = {.seed = 1};
    for (size_t i = 0; i < N; i++) {
        double x[VOCABULARY], got = bolter_online_score(o, &m->f[i]);
        twin_row(x, &m->f[i]);
        double want = twin_odds(&t, x);
        CHECK(c, fabs(got - want) < 1e-4 * (1 + fabs(want)), "message %zu scores %.9g, want %.9g", i, got,
              want);
        bolter_online_learn(o, &m->f[i], m->spam[i], NULL);
        twin_learn(&t, &m->f[i], m->spam[i], &rng);
    }
    bolter_online_free(o);
}

/* ---- Behaviour ---- */

static void before_the_first_message_all_score_0(struct check *c)
{
    const struct mail *m = make_mail();
    bolter_online *o = open_online();
    for (size_t i = 0; i < N; i++)
        CHECK(c, fabs(bolter_online_score(o, &m->f[i])) < 1e-12, "message %zu", i);
    bolter_online_free(o);
}

static void a_message_is_known_at_once(struct check *c)
{
    const struct mail *m = make_mail();
    bolter_online *o = open_online();
    for (size_t i = 0; i < N; i++) {
        double before = bolter_online_score(o, &m->f[i]);
        bolter_online_learn(o, &m->f[i], m->spam[i], NULL);
        double after = bolter_online_score(o, &m->f[i]), side = m->spam[i] ? 1 : -1;
        CHECK(c, side * after > fmin(0.3, side * before), "message %zu scores %g when it is learned, not %g",
              i, after, before);
    }
    bolter_online_free(o);
}

static void what_was_learned_first_is_not_forgotten(struct check *c)
{
    const struct mail *m = make_mail();
    bolter_online *o = learn(m, N);
    size_t right = 0;
    for (size_t i = 0; i < N; i++)
        right += (bolter_online_score(o, &m->f[i]) > 0) == m->spam[i];
    CHECK(c, right >= N - 1, "%zu of %d messages", right, N);
    bolter_online_free(o);
}

static void the_same_messages_give_the_same_bits(struct check *c)
{
    const struct mail *m = make_mail();
    bolter_online *a = learn(m, N), *b = learn(m, N);
    CHECK(c, memcmp(a->dual.w, b->dual.w, (BOLTER_BUCKETS + 1) * sizeof *a->dual.w) == 0, "weights differ");
    bolter_online_free(a);
    bolter_online_free(b);
}

/* A stretch of spam alone must not make all that is new look like spam. */
static void a_stretch_of_one_label_says_little_about_new_words(struct check *c)
{
    const struct mail *m = make_mail();
    bolter_online *o = open_online();
    for (size_t i = 0; i < N; i++)
        if (m->spam[i])
            bolter_online_learn(o, &m->f[i], true, NULL);
    double empty = bolter_online_score(o, &(bolter_features){NULL, NULL, 0});
    double known = bolter_online_score(o, &m->f[0]);
    CHECK(c, empty < known / 4, "a message without known words scores %g, a known one %g", empty, known);
    bolter_online_free(o);
}

static void a_message_without_words_is_learned(struct check *c)
{
    const bolter_features none = {NULL, NULL, 0};
    bolter_online *o = open_online();
    CHECK(c, bolter_online_learn(o, &none, true, NULL) == BOLTER_OK, "refused");
    CHECK(c, bolter_online_score(o, &none) > 0, "it scores %g", bolter_online_score(o, &none));
    bolter_online_free(o);
}

static void without_memory_nothing_is_learned(struct check *c)
{
    const struct mail *m = make_mail();
    for (unsigned long k = 1; k <= 2; k++) {
        bolter_online *none;
        bt_mem_fail_from(k);
        bolter_status rc = bolter_online_open(&none, NULL);
        bt_mem_fail_from(0);
        CHECK(c, rc == BOLTER_E_NOMEM && !none, "allocation %lu", k);
    }
    bolter_online *o = open_online();
    bt_mem_fail_from(1);
    bolter_status rc = bolter_online_learn(o, &m->f[0], true, NULL);
    bt_mem_fail_from(0);
    CHECK(c, rc == BOLTER_E_NOMEM, "status %d", (int)rc);
    CHECK(c, fabs(bolter_online_score(o, &m->f[0])) < 1e-12 && o->n == 0, "half a message was learned");
    bolter_online_free(o);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(scores_are_those_of_the_naive_twin),
        CASE(before_the_first_message_all_score_0),
        CASE(a_message_is_known_at_once),
        CASE(what_was_learned_first_is_not_forgotten),
        CASE(the_same_messages_give_the_same_bits),
        CASE(a_stretch_of_one_label_says_little_about_new_words),
        CASE(a_message_without_words_is_learned),
        CASE(without_memory_nothing_is_learned),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
