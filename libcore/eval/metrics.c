/*
 * metrics.c - bolter_report_of and bolter_compare: how well scores tell spam from ham.
 *
 * Without spam, recall, miss, balanced accuracy, AUC and the recalls at an FPR are NaN; without
 * ham, FPR and all of these but recall and miss are; F1 is NaN where nothing is spam and nothing
 * was called spam, precision where nothing was called spam. The interval of a NaN is NaN.
 *
 * Bootstrap: Efron, Tibshirani 1993, "An introduction to the bootstrap", section 13.3; spam and ham
 * are drawn apart, so that each sample has as many of each as the data. A bootstrap of 0 errors
 * knows no other number, so shares of messages have exact intervals instead (binomial.c), the recalls
 * at an FPR, whose threshold varies with the ham, at least as wide ones, and the rest then has none.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "eval/binomial.h"
#include "eval/percentile.h"
#include "eval/rank.h"
#include "eval/scores.h"

bolter_status bt_scores_check(const bolter_scores *s, const char *what, bolter_error *err)
{
    if (s->n == 0)
        return bt_fail(err, BOLTER_E_ARG, "%s: no example", what);
    if (isnan(s->threshold))
        return bt_fail(err, BOLTER_E_NUMERIC, "%s: the threshold is not a number", what);
    for (size_t i = 0; i < s->n; i++) {
        if (!isfinite(s->score[i]))
            return bt_fail(err, BOLTER_E_NUMERIC, "%s: score %zu is not finite", what, i);
        if (s->truth[i] != 0 && s->truth[i] != 1)
            return bt_fail(err, BOLTER_E_ARG, "%s: truth %zu is %d, expected 0 or 1", what, i,
                           (int)s->truth[i]);
    }
    return BOLTER_OK;
}

/* Draw a sample of one class; of both ranks the same examples. b may be NULL. */
static void draw(bt_side *a, size_t a_ranks, bt_side *b, size_t b_ranks, bt_rng *rng)
{
    memset(a->count, 0, a_ranks * sizeof *a->count);
    if (b)
        memset(b->count, 0, b_ranks * sizeof *b->count);
    for (size_t i = 0; i < a->n; i++) {
        size_t at = (size_t)bt_rng_below(rng, a->n);
        a->count[a->rank[at]]++;
        if (b)
            b->count[b->rank[at]]++;
    }
}

/*
 * Measure n_boot samples into all (BT_N_MEASURE, n_boot): a, or where b is not NULL b less a.
 * Sample i depends on seed and i alone.
 */
static void bootstrap(bt_ranks *a, bt_ranks *b, size_t n_boot, uint64_t seed, double *all)
{
    for (size_t i = 0; i < n_boot; i++) {
        bt_rng rng = {.seed = seed, .stream = i};
        double of_a[BT_N_MEASURE], of_b[BT_N_MEASURE];
        draw(&a->spam, a->n_rank, b ? &b->spam : NULL, b ? b->n_rank : 0, &rng);
        draw(&a->ham, a->n_rank, b ? &b->ham : NULL, b ? b->n_rank : 0, &rng);
        bt_ranks_measure(a, of_a);
        if (b)
            bt_ranks_measure(b, of_b);
        for (size_t m = 0; m < BT_N_MEASURE; m++)
            all[m * n_boot + i] = b ? of_b[m] - of_a[m] : of_a[m];
    }
}

static void set_intervals(const double value[BT_N_MEASURE], double *samples, size_t n_boot,
                          bolter_report *out)
{
    bolter_interval *const places[BT_N_MEASURE] = {
        [BT_ACCURACY] = &out->accuracy,
        [BT_BALANCED_ACCURACY] = &out->balanced_accuracy,
        [BT_PRECISION] = &out->precision,
        [BT_RECALL] = &out->recall,
        [BT_F1] = &out->f1,
        [BT_FPR] = &out->fpr,
        [BT_MISS] = &out->miss,
        [BT_LAM] = &out->lam,
        [BT_AUC] = &out->auc,
        [BT_RECALL_FPR_01] = &out->recall_fpr_01,
        [BT_RECALL_FPR_05] = &out->recall_fpr_05,
        [BT_RECALL_FPR_1] = &out->recall_fpr_1,
        [BT_LOSS] = &out->loss,
        [BT_BRIER] = &out->brier,
    };
    for (size_t m = 0; m < BT_N_MEASURE; m++)
        *places[m] = bt_interval_of(value[m], samples + m * n_boot, n_boot);
}

static void set_counts(const bt_ranks *r, bolter_report *out)
{
    out->n = r->spam.n + r->ham.n;
    out->n_spam = r->spam.n;
    out->n_ham = r->ham.n;
    bt_ranks_called_spam(r, &out->tp, &out->fp);
    out->fn = out->n_spam - out->tp;
    out->tn = out->n_ham - out->fp;
}

/* That of the bootstrap, where there is one, and of as many of n spam at a threshold that is fixed. */
static bolter_interval widened(bolter_interval boot, uint64_t n)
{
    if (isnan(boot.value))
        return boot;
    bolter_interval fixed = bt_rate_interval((uint64_t)llround(boot.value * (double)n), n, 0.95);
    return (bolter_interval){boot.value, fmin(boot.low, fixed.low), fmax(boot.high, fixed.high)};
}

/* Replace intervals of the bootstrap where there are better ones. */
static void set_exact(bolter_report *r, bool sampled)
{
    r->accuracy = bt_rate_interval(r->tp + r->tn, r->n, 0.95);
    r->precision = bt_rate_interval(r->tp, r->tp + r->fp, 0.95);
    r->recall = bt_rate_interval(r->tp, r->n_spam, 0.95);
    r->miss = bt_rate_interval(r->fn, r->n_spam, 0.95);
    r->fpr = bt_rate_interval(r->fp, r->n_ham, 0.95);
    if (!sampled) /* the exact interval alone would leave out the ham's part */
        return;
    r->recall_fpr_01 = widened(r->recall_fpr_01, r->n_spam);
    r->recall_fpr_05 = widened(r->recall_fpr_05, r->n_spam);
    r->recall_fpr_1 = widened(r->recall_fpr_1, r->n_spam);
}

static bolter_status samples_for(size_t n_boot, double **samples, bolter_error *err)
{
    *samples = bt_alloc_array(n_boot, BT_N_MEASURE * sizeof **samples);
    if (*samples)
        return BOLTER_OK;
    return bt_fail(err, BOLTER_E_NOMEM, "report: no memory for %zu bootstrap samples", n_boot);
}

bolter_status bolter_report_of(const bolter_scores *s, size_t n_boot, uint64_t seed,
                               bolter_report *out, bolter_error *err)
{
    bt_ranks ranks = {0};
    double *samples = NULL, value[BT_N_MEASURE];
    bolter_status rc = bt_scores_check(s, "report", err);
    if (rc == BOLTER_OK)
        rc = bt_ranks_init(&ranks, s, err);
    if (rc == BOLTER_OK)
        rc = samples_for(n_boot, &samples, err);
    if (rc == BOLTER_OK) {
        bolter_report found = {.ece = NAN};
        bolter_bin bins[BOLTER_N_BIN];
        set_counts(&ranks, &found);
        bt_ranks_measure(&ranks, value);
        bootstrap(&ranks, NULL, n_boot, seed, samples);
        set_intervals(value, samples, n_boot, &found);
        set_exact(&found, n_boot > 0);
        if (ranks.probability)
            rc = bolter_reliability_of(s, bins, &found.ece, err);
        *out = found;
    }
    bt_release(samples);
    bt_ranks_free(&ranks);
    return rc;
}

static bolter_status same_truth(const bolter_scores *a, const bolter_scores *b, bolter_error *err)
{
    if (a->n != b->n)
        return bt_fail(err, BOLTER_E_ARG, "compare: %zu and %zu examples", a->n, b->n);
    for (size_t i = 0; i < a->n; i++)
        if (a->truth[i] != b->truth[i])
            return bt_fail(err, BOLTER_E_ARG, "compare: example %zu has two truths", i);
    return BOLTER_OK;
}

bolter_status bolter_compare(const bolter_scores *a, const bolter_scores *b, size_t n_boot,
                             uint64_t seed, bolter_report *out, bolter_error *err)
{
    bt_ranks ra = {0}, rb = {0};
    double *samples = NULL, of_a[BT_N_MEASURE], of_b[BT_N_MEASURE];
    bolter_status rc = bt_scores_check(a, "compare", err);
    if (rc == BOLTER_OK)
        rc = bt_scores_check(b, "compare", err);
    if (rc == BOLTER_OK)
        rc = same_truth(a, b, err);
    if (rc == BOLTER_OK)
        rc = bt_ranks_init(&ra, a, err);
    if (rc == BOLTER_OK)
        rc = bt_ranks_init(&rb, b, err);
    if (rc == BOLTER_OK)
        rc = samples_for(n_boot, &samples, err);
    if (rc == BOLTER_OK) {
        bolter_report found = {.n = a->n, .n_spam = ra.spam.n, .n_ham = ra.ham.n, .ece = NAN};
        bt_ranks_measure(&ra, of_a);
        bt_ranks_measure(&rb, of_b);
        bootstrap(&ra, &rb, n_boot, seed, samples);
        for (size_t m = 0; m < BT_N_MEASURE; m++)
            of_b[m] -= of_a[m];
        set_intervals(of_b, samples, n_boot, &found);
        *out = found;
    }
    bt_release(samples);
    bt_ranks_free(&ra);
    bt_ranks_free(&rb);
    return rc;
}
