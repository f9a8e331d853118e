/* test_threshold.c - exact bounds of rates, and thresholds that keep a promised one. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bolter_eval.h"
#include "eval/binomial.h"
#include "tests/check.h"

static bool near(double got, double want, double tolerance)
{
    return fabs(got - want) <= tolerance;
}

/* ---- Bounds ---- */

static double naive_cdf(int k, int n, double p)
{
    double sum = 0;
    for (int i = 0; i <= k; i++) {
        double term = 1;
        for (int j = 0; j < i; j++)
            term *= (double)(n - j) / (double)(j + 1) * p;
        sum += term * pow(1 - p, n - i);
    }
    return sum;
}

static void binomial_is_the_sum_of_its_terms(struct check *c)
{
    for (int n = 1; n <= 40; n += 13)
        for (int k = 0; k <= n; k++)
            for (double p = 0.01; p < 1; p += 0.07) {
                double got = bt_binomial_cdf((uint64_t)k, (uint64_t)n, p),
                       want = naive_cdf(k, n, p);
                CHECK(c, near(got, want, 1e-11), "%d of %d at %g: got %.15g, want %.15g", k, n, p,
                      got, want);
            }
}

static void binomial_of_large_samples_neither_under_nor_overflows(struct check *c)
{
    const uint64_t n = 10000000;
    double below = bt_binomial_cdf(4990000, n, 0.5), above = bt_binomial_cdf(9000000, n, 0.5);
    /* 10,000 below the mean, 6.32 standard deviations of 1,581; the normal tail is 1.3e-10. */
    CHECK(c, below > 1.2e-10 && below < 1.4e-10, "got %g", below);
    CHECK(c, above == 1, "got %g", above);
    CHECK(c, near(bt_binomial_cdf(5000000, n, 0.5), 0.5001261, 1e-6), "the middle");
}

static void bounds_have_their_closed_forms(struct check *c)
{
    for (uint64_t n = 1; n < 5000; n = 3 * n + 1) {
        double none = bolter_rate_bound(0, n, 0.95), most = bolter_rate_bound(n - 1, n, 0.95);
        CHECK(c, near(none, 1 - pow(0.05, 1 / (double)n), 1e-12), "0 of %d: got %.15g", (int)n,
              none);
        CHECK(c, near(most, pow(0.95, 1 / (double)n), 1e-12), "all but one of %d: got %.15g",
              (int)n, most);
        CHECK(c, bolter_rate_bound(n, n, 0.95) == 1, "all of %d", (int)n);
    }
    CHECK(c, bolter_rate_bound(0, 0, 0.95) == 1, "none of none");
}

static void a_bound_is_where_its_sample_becomes_unlikely(struct check *c)
{
    double p = bolter_rate_bound(5, 40, 0.9);
    CHECK(c, near(naive_cdf(5, 40, p), 0.1, 1e-9), "at %g: got %g", p, naive_cdf(5, 40, p));
}

static void an_interval_is_symmetric_in_errors_and_successes(struct check *c)
{
    bolter_interval a = bt_rate_interval(3, 20, 0.95), b = bt_rate_interval(17, 20, 0.95);
    CHECK(c, near(a.low, 1 - b.high, 1e-12) && near(a.high, 1 - b.low, 1e-12), "%g to %g", a.low,
          a.high);
    /* The tabled interval of 3 of 20. */
    CHECK(c, near(a.low, 0.0321, 1e-4) && near(a.high, 0.3789, 1e-4), "%g to %g", a.low, a.high);
}

/* ---- Thresholds ---- */

/* n ham with scores 0, 1/n, 2/n ...; and one spam on top. */
static bolter_scores ladder(double *score, int32_t *truth, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        score[i] = (double)i / (double)n;
        truth[i] = 0;
    }
    score[n] = 1;
    truth[n] = 1;
    return (bolter_scores){score, truth, n + 1, 0.5};
}

static double score[20001];
static int32_t truth[20001];

static void two_thousand_nine_hundred_ninety_five_ham_prove_a_thousandth(struct check *c)
{
    bolter_threshold_proof p;
    bolter_scores s = ladder(score, truth, 2994);
    CHECK(c, bolter_threshold_for(&s, 0.001, 0.95, &p, NULL) == BOLTER_OK, "refused");
    CHECK(c, !p.proved && p.needed == 2995 && p.ham == 2994, "needed %d", (int)p.needed);
    s = ladder(score, truth, 2995);
    CHECK(c, bolter_threshold_for(&s, 0.001, 0.95, &p, NULL) == BOLTER_OK, "refused");
    CHECK(c, p.proved && p.allowed == 0 && p.upper_bound <= 0.001, "%d, %g", p.proved,
          p.upper_bound);
    CHECK(c, p.threshold > score[2994] && p.threshold < score[2994] + 1e-6, "got %.9g",
          p.threshold);
}

static void more_ham_allows_errors(struct check *c)
{
    const struct {
        size_t ham;
        uint64_t allowed; /* least samples for 1, 2 and 5 errors: 4742, 6294, 10511 */
    } rows[] = {{4741, 0}, {4742, 1}, {6293, 1}, {6294, 2}, {10510, 4}, {10511, 5}, {20000, 12}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bolter_threshold_proof p;
        bolter_scores s = ladder(score, truth, rows[i].ham);
        bolter_threshold_for(&s, 0.001, 0.95, &p, NULL);
        CHECK(c, p.proved && p.allowed == rows[i].allowed, "%zu ham: allowed %d, want %d",
              rows[i].ham, (int)p.allowed, (int)rows[i].allowed);
        double highest = score[rows[i].ham - 1 - rows[i].allowed];
        CHECK(c, p.threshold > highest && p.threshold < highest + 1e-6, "threshold %.9g",
              p.threshold);
        CHECK(c, p.upper_bound <= 0.001, "bound %g", p.upper_bound);
    }
}

static void a_small_sample_gives_what_it_shows_and_says_so(struct check *c)
{
    bolter_threshold_proof p;
    bolter_scores s = ladder(score, truth, 100);
    bolter_threshold_for(&s, 0.02, 0.95, &p, NULL);
    CHECK(c, !p.proved && p.allowed == 2 && p.needed == 149, "%d allowed, %d needed",
          (int)p.allowed, (int)p.needed);
    CHECK(c, p.threshold > 0.97 && p.threshold < 0.9701, "threshold %g", p.threshold);
    CHECK(c, near(p.upper_bound, bolter_rate_bound(2, 100, 0.95), 0), "bound %g", p.upper_bound);
}

static void ham_of_equal_scores_stays_below_the_threshold(struct check *c)
{
    for (size_t i = 0; i < 200; i++) {
        score[i] = i < 60 ? 0.75 : 0.25;
        truth[i] = 0;
    }
    const bolter_scores s = {score, truth, 200, 0.5};
    bolter_threshold_proof p;
    bolter_threshold_for(&s, 0.05, 0.95, &p, NULL);
    CHECK(c, p.proved && p.allowed > 0 && p.threshold > 0.75, "threshold %.9g", p.threshold);
}

static void without_ham_nothing_is_said(struct check *c)
{
    const double one[] = {0.5};
    const int32_t spam[] = {1};
    const bolter_scores s = {one, spam, 1, 0.5};
    bolter_threshold_proof p;
    CHECK(c, bolter_threshold_for(&s, 0.001, 0.95, &p, NULL) == BOLTER_OK, "refused");
    CHECK(c, !p.proved && p.ham == 0 && isnan(p.threshold) && p.upper_bound == 1, "%g",
          p.threshold);
}

/*
 * The promise itself: uniform scores, in steps of 1/step or without ties, whose rate above a
 * threshold is known. Of many samples at most the share 1 - confidence may break it.
 */
static void promise(struct check *c, double steps)
{
    enum { N_SAMPLE = 4000, N_HAM = 120 };
    const double rate = 0.05, confidence = 0.9;
    size_t broken = 0;
    bt_rng rng = {.seed = 11};
    for (int sample = 0; sample < N_SAMPLE; sample++) {
        for (size_t i = 0; i < N_HAM; i++) {
            double u = bt_rng_uniform(&rng);
            score[i] = steps > 0 ? floor(u * steps) / steps : u;
            truth[i] = 0;
        }
        const bolter_scores s = {score, truth, N_HAM, 0.5};
        bolter_threshold_proof p;
        bolter_threshold_for(&s, rate, confidence, &p, NULL);
        double real = steps > 0 ? 1 - ceil(p.threshold * steps) / steps : 1 - p.threshold;
        broken += real > rate + 1e-9;
    }
    /* Three standard deviations above the 400 that are allowed. */
    CHECK(c, broken <= 400 + 57, "with steps of 1/%g %zu of %d samples broke it", steps, broken,
          N_SAMPLE);
    CHECK(c, steps > 0 || broken > 200, "far more careful than it had to be: %zu", broken);
}

static void the_promise_is_kept_as_often_as_promised(struct check *c)
{
    promise(c, 0);
    promise(c, 15);
    promise(c, 20);
}

static void faulty_input_is_refused(struct check *c)
{
    const double nan[] = {NAN};
    const int32_t zero[] = {0};
    const bolter_scores s = ladder(score, truth, 10), bad = {nan, zero, 1, 0},
                        none = {nan, zero, 0, 0};
    const double rates[] = {0, -1, 1, 1e-9, NAN};
    bolter_threshold_proof p = {.ham = 77};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        CHECK(c, bolter_threshold_for(&s, rates[i], 0.95, &p, NULL) == BOLTER_E_ARG, "rate %g",
              rates[i]);
    CHECK(c, bolter_threshold_for(&s, 0.1, 0.4, &p, NULL) == BOLTER_E_ARG, "confidence 0.4");
    CHECK(c, bolter_threshold_for(&s, 0.1, 1, &p, NULL) == BOLTER_E_ARG, "confidence 1");
    CHECK(c, bolter_threshold_for(&bad, 0.1, 0.9, &p, NULL) == BOLTER_E_NUMERIC, "NaN");
    CHECK(c, bolter_threshold_for(&none, 0.1, 0.9, &p, NULL) == BOLTER_E_ARG, "no example");
    bt_mem_fail_from(1);
    CHECK(c, bolter_threshold_for(&s, 0.1, 0.9, &p, NULL) == BOLTER_E_NOMEM, "no memory");
    bt_mem_fail_from(0);
    CHECK(c, p.ham == 77, "a failure wrote the proof");
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(binomial_is_the_sum_of_its_terms),
        CASE(binomial_of_large_samples_neither_under_nor_overflows),
        CASE(bounds_have_their_closed_forms),
        CASE(a_bound_is_where_its_sample_becomes_unlikely),
        CASE(an_interval_is_symmetric_in_errors_and_successes),
        CASE(two_thousand_nine_hundred_ninety_five_ham_prove_a_thousandth),
        CASE(more_ham_allows_errors),
        CASE(a_small_sample_gives_what_it_shows_and_says_so),
        CASE(ham_of_equal_scores_stays_below_the_threshold),
        CASE(without_ham_nothing_is_said),
        CASE(the_promise_is_kept_as_often_as_promised),
        CASE(faulty_input_is_refused),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
