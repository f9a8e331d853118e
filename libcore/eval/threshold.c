/*
 * threshold.c - the cut-off that keeps a promised false positive rate.
 *
 * Let the ham that is to come and the n ham of the sample be drawn alike and independently, and let
 * the scores not depend on the sample. Choose k from n, the promised rate p and the confidence c
 * alone: the largest k with P(Binomial(n, p) <= k) <= 1 - c. Let x be the (k + 1)-th highest ham
 * score of the sample. Then with a probability of at least c (over samples) at most the share p of
 * all ham scores above x, whatever the distribution of scores.
 *
 * For let q be the least score that at most the share p of all ham exceeds; then at least the share
 * p reaches q. If more than p of all ham exceeded x, x would be below q, so that at most k of n ham
 * had reached q: which has a probability of at most P(Binomial(n, p) <= k) <= 1 - c.
 *
 * Because k does not depend on the scores nothing is chosen among candidates, and there is no
 * multiple testing to pay for; ties do no harm, as only scores strictly above x count. Every
 * cut-off above x keeps the promise, however it is chosen.
 *
 * Source: Wilks 1941, "Determination of sample sizes for setting tolerance limits", Annals of
 * Mathematical Statistics 12: x is a one-sided, distribution-free tolerance limit.
 */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "eval/binomial.h"
#include "eval/scores.h"

static int falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The ham scores, highest first; bt_release(). NULL without memory. */
static double *sorted_ham(const bolter_scores *s, uint64_t *n_ham)
{
    double *ham = bt_alloc_array(s->n + 1, sizeof *ham);
    size_t n = 0;
    for (size_t i = 0; ham && i < s->n; i++)
        if (s->truth[i] == 0)
            ham[n++] = s->score[i];
    if (ham)
        qsort(ham, n, sizeof *ham, falling);
    *n_ham = n;
    return ham;
}

/* The least sample that proves p, with no error in it. */
static uint64_t least_sample(double p, double confidence)
{
    double n = floor(log(1 - confidence) / log1p(-p));
    while (n < 1 || bt_binomial_cdf(0, (uint64_t)n, p) > 1 - confidence)
        n++;
    return (uint64_t)n;
}

/* The largest k with P(Binomial(n, p) <= k) <= 1 - confidence; one holds for 0. */
static uint64_t allowed_errors(uint64_t n, double p, double confidence)
{
    uint64_t low = 0, high = (uint64_t)ceil(p * (double)n) + 1; /* past the median */
    high = high < n ? high : n;
    while (high - low > 1) {
        uint64_t k = low + (high - low) / 2;
        *(bt_binomial_cdf(k, n, p) <= 1 - confidence ? &low : &high) = k;
    }
    return low;
}

/* A verdict's score is a float, so the next cut-off above x that differs is one too. */
static double just_above(double x)
{
    float t = (float)x;
    while ((double)t <= x)
        t = nextafterf(t, INFINITY);
    return (double)t;
}

bolter_status bolter_threshold_for(const bolter_scores *s, double max_fpr, double confidence,
                                   bolter_threshold_proof *out, bolter_error *err)
{
    if (!(max_fpr >= BOLTER_MIN_FPR && max_fpr < 1) || !(confidence >= 0.5 && confidence < 1))
        return bt_fail(err, BOLTER_E_ARG,
                       "threshold: rate %g and confidence %g, expected %g to 1 and 0.5 to 1",
                       max_fpr, confidence, BOLTER_MIN_FPR);
    bolter_status rc = bt_scores_check(s, "threshold", err);
    if (rc != BOLTER_OK)
        return rc;
    bolter_threshold_proof p = {.max_fpr = max_fpr, .confidence = confidence};
    double *ham = sorted_ham(s, &p.ham);
    if (!ham)
        return bt_fail(err, BOLTER_E_NOMEM, "threshold: no memory for %zu examples", s->n);
    p.needed = least_sample(max_fpr, confidence);
    p.proved = p.ham >= p.needed;
    p.allowed = p.proved ? allowed_errors(p.ham, max_fpr, confidence)
                         : (uint64_t)floor(max_fpr * (double)p.ham + 1e-9);
    p.upper_bound = bolter_rate_bound(p.allowed, p.ham, confidence);
    p.threshold = p.ham > 0 ? just_above(ham[p.allowed]) : NAN;
    bt_release(ham);
    *out = p;
    return BOLTER_OK;
}
