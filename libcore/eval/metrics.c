/*
 * metrics.c - bolter_report_of: how well scores tell spam from ham, with 95 % intervals.
 *
 * Without spam, recall, balanced accuracy, AUC and the recalls at an FPR are NaN; without ham, FPR
 * and all of these but recall are; F1 is NaN where nothing is spam and nothing was called spam.
 * Precision is 0 where nothing was called spam. The interval of a NaN is NaN.
 *
 * Bootstrap: Efron, Tibshirani 1993, "An introduction to the bootstrap", section 13.3; spam and ham
 * are drawn apart, so that each sample has as many of each as the data.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "eval/rank.h"

/* A float just below 1 is 2^-24 away from it; no score claims to be surer than that. */
#define PROB_MIN 0x1p-24

static bolter_status check_input(const float *spam, const int32_t *truth, size_t n,
                                 double threshold, bolter_error *err)
{
    if (n == 0)
        return bt_fail(err, BOLTER_E_ARG, "report: no example");
    if (isnan(threshold))
        return bt_fail(err, BOLTER_E_NUMERIC, "report: the threshold is not a number");
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(spam[i]))
            return bt_fail(err, BOLTER_E_NUMERIC, "report: score %zu is not finite", i);
        if (spam[i] < 0 || spam[i] > 1)
            return bt_fail(err, BOLTER_E_ARG, "report: score %zu is %g, expected 0 to 1", i,
                           (double)spam[i]);
        if (truth[i] != 0 && truth[i] != 1)
            return bt_fail(err, BOLTER_E_ARG, "report: truth %zu is %d, expected 0 or 1", i,
                           (int)truth[i]);
    }
    return BOLTER_OK;
}

static void losses(const float *spam, const int32_t *truth, size_t n, bolter_report *out)
{
    double loss = 0, brier = 0;
    for (size_t i = 0; i < n; i++) {
        double off = truth[i] ? 1.0 - (double)spam[i] : (double)spam[i];
        double right = 1.0 - off;
        loss -= log(right > PROB_MIN ? right : PROB_MIN);
        brier += off * off;
    }
    out->loss = loss / (double)n;
    out->brier = brier / (double)n;
}

static void draw(bt_side *side, size_t n_rank, bt_rng *rng)
{
    memset(side->count, 0, n_rank * sizeof *side->count);
    for (size_t i = 0; i < side->n; i++)
        side->count[side->rank[bt_rng_below(rng, side->n)]]++;
}

/* Measure n_boot samples into all (BT_N_MEASURE, n_boot). Sample b depends on seed and b alone. */
static void bootstrap(bt_ranks *r, size_t n_boot, uint64_t seed, double *all)
{
    for (size_t b = 0; b < n_boot; b++) {
        bt_rng rng = {.seed = seed, .stream = b};
        double one[BT_N_MEASURE];
        draw(&r->spam, r->n_rank, &rng);
        draw(&r->ham, r->n_rank, &rng);
        bt_ranks_measure(r, one);
        for (size_t m = 0; m < BT_N_MEASURE; m++)
            all[m * n_boot + b] = one[m];
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Percentile q in 0..1 of n sorted values, linear between neighbours. */
static double percentile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t low = (size_t)at;
    size_t high = low + 1 < n ? low + 1 : low;
    return sorted[low] + (sorted[high] - sorted[low]) * (at - (double)low);
}

static bolter_interval interval(double value, double *samples, size_t n)
{
    if (n == 0)
        return (bolter_interval){value, value, value};
    for (size_t i = 0; i < n; i++)
        if (isnan(samples[i]) || isnan(value))
            return (bolter_interval){value, NAN, NAN};
    qsort(samples, n, sizeof *samples, by_value);
    return (bolter_interval){value, percentile(samples, n, 0.025), percentile(samples, n, 0.975)};
}

static void counts(const bt_ranks *r, size_t n, bolter_report *out)
{
    out->n = n;
    out->n_spam = r->spam.n;
    out->n_ham = r->ham.n;
    bt_ranks_called_spam(r, &out->tp, &out->fp);
    out->fn = out->n_spam - out->tp;
    out->tn = out->n_ham - out->fp;
}

static void intervals(bt_ranks *r, double *samples, size_t n_boot, uint64_t seed,
                      bolter_report *out)
{
    bolter_interval *const places[BT_N_MEASURE] = {
        [BT_ACCURACY] = &out->accuracy,
        [BT_BALANCED_ACCURACY] = &out->balanced_accuracy,
        [BT_PRECISION] = &out->precision,
        [BT_RECALL] = &out->recall,
        [BT_F1] = &out->f1,
        [BT_FPR] = &out->fpr,
        [BT_AUC] = &out->auc,
        [BT_RECALL_FPR_01] = &out->recall_fpr_01,
        [BT_RECALL_FPR_1] = &out->recall_fpr_1,
    };
    double value[BT_N_MEASURE];
    bt_ranks_measure(r, value);
    bootstrap(r, n_boot, seed, samples);
    for (size_t m = 0; m < BT_N_MEASURE; m++)
        *places[m] = interval(value[m], samples + m * n_boot, n_boot);
}

bolter_status bolter_report_of(const float *spam, const int32_t *truth, size_t n, double threshold,
                               size_t n_boot, uint64_t seed, bolter_report *out, bolter_error *err)
{
    bolter_status rc = check_input(spam, truth, n, threshold, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_ranks ranks;
    rc = bt_ranks_init(&ranks, spam, truth, n, threshold, err);
    if (rc != BOLTER_OK)
        return rc;
    double *samples = bt_alloc_array(n_boot, BT_N_MEASURE * sizeof *samples);
    if (samples) {
        bolter_report found = {0};
        losses(spam, truth, n, &found);
        counts(&ranks, n, &found);
        intervals(&ranks, samples, n_boot, seed, &found);
        *out = found;
    } else {
        rc = bt_fail(err, BOLTER_E_NOMEM, "report: no memory for %zu bootstrap samples", n_boot);
    }
    bt_release(samples);
    bt_ranks_free(&ranks);
    return rc;
}
