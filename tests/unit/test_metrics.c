/*
 * test_metrics.c - the report against values worked out by hand and by a NumPy program of the same
 * definitions; temperature fitting.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "bolter_eval.h"
#include "tests/check.h"

#define N_LARGE 3000

/* 7 spam and 7 ham with ties across the classes, in multiples of 1/32. */
static const double small_score[] = {0.90625f, 0.5f,    0.75f, 0.25f,  0.5f,  0.125f,   0.625f,
                                     0.96875f, 0.0625f, 0.5f,  0.375f, 0.75f, 0.03125f, 0.875f};
static const int32_t small_truth[] = {1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1};
#define N_SMALL (sizeof small_truth / sizeof *small_truth)

static bool near(double got, double want, double tolerance)
{
    return fabs(got - want) <= tolerance;
}

static bolter_status report(const double *score, const int32_t *truth, size_t n, double threshold,
                            size_t n_boot, uint64_t seed, bolter_report *out, bolter_error *err)
{
    const bolter_scores s = {score, truth, n, threshold};
    return bolter_report_of(&s, n_boot, seed, out, err);
}

static void check_value(struct check *c, const char *name, bolter_interval got, double want)
{
    CHECK(c, near(got.value, want, 1e-12), "%s: got %.17g, want %.17g", name, got.value, want);
}

static bool no_interval(bolter_interval v)
{
    return isnan(v.low) && isnan(v.high);
}

static bool reaches(bolter_interval v, double low, double high)
{
    return near(v.low, low, 1e-6) && near(v.high, high, 1e-6);
}

static void small_case_is_as_worked_out_by_hand(struct check *c)
{
    bolter_report r;
    bolter_error err = {0};
    bolter_status rc = report(small_score, small_truth, N_SMALL, 0.5, 0, 1, &r, &err);
    CHECK(c, rc == BOLTER_OK, "%s", err.text);
    CHECK(c, r.n == 14 && r.n_spam == 7 && r.n_ham == 7, "counts");
    /* Spam below 0.5: 0.375. Ham at or above: 0.5, 0.5, 0.625. */
    CHECK(c, r.tp == 6 && r.fn == 1 && r.fp == 3 && r.tn == 4, "got %d %d %d %d", (int)r.tp,
          (int)r.fn, (int)r.fp, (int)r.tn);
    check_value(c, "accuracy", r.accuracy, 10.0 / 14);
    check_value(c, "balanced accuracy", r.balanced_accuracy, (6.0 / 7 + 4.0 / 7) / 2);
    check_value(c, "precision", r.precision, 6.0 / 9);
    check_value(c, "recall", r.recall, 6.0 / 7);
    check_value(c, "f1", r.f1, 12.0 / 16);
    check_value(c, "fpr", r.fpr, 3.0 / 7);
    /* Five spam win 7 pairs each; 0.5 wins 4 and ties 2; 0.375 wins 4: 44 of 49. */
    check_value(c, "auc", r.auc, 44.0 / 49);
    check_value(c, "recall at 0.1 %", r.recall_fpr_01, 5.0 / 7);
    check_value(c, "recall at 1 %", r.recall_fpr_1, 5.0 / 7);
    check_value(c, "recall at 0.5 %", r.recall_fpr_05, 5.0 / 7);
    check_value(c, "miss", r.miss, 1.0 / 7);
    /* sqrt(3/7 1/7) / (sqrt(3/7 1/7) + sqrt(4/7 6/7)) */
    check_value(c, "lam", r.lam, 1 / (1 + sqrt(8)));
    check_value(c, "loss", r.loss, 0.38554893149197572);
    check_value(c, "Brier score", r.brier, 0.12604631696428573);
    CHECK(c, no_interval(r.auc) && no_interval(r.f1) && no_interval(r.recall_fpr_1),
          "an interval without samples");
}

/* 1,000 spam and 2,000 ham, by a rule that the NumPy program followed too. */
static void make_large(double *score, int32_t *truth)
{
    for (int i = 0; i < N_LARGE; i++) {
        int k = i * 7919 % 1021;
        truth[i] = i % 3 == 0;
        k = truth[i] ? k + 500 : k * k / 1021;
        score[i] = (k < 1023 ? k : 1023) / 1024.0;
    }
}

static void large_case_is_as_numpy_has_it(struct check *c)
{
    static double score[N_LARGE];
    static int32_t truth[N_LARGE];
    make_large(score, truth);
    bolter_report r;
    bolter_error err = {0};
    bolter_status rc = report(score, truth, N_LARGE, 0.75, 2000, 7, &r, &err);
    CHECK(c, rc == BOLTER_OK, "%s", err.text);
    const struct {
        const char *name;
        bolter_interval got;
        double value, low, high; /* the intervals come from another random generator */
    } rows[] = {
        {"accuracy", r.accuracy, 0.825, 0.8113, 0.8387},
        {"balanced accuracy", r.balanced_accuracy, 0.803, 0.7877, 0.8188},
        {"recall", r.recall, 0.737, 0.710, 0.764},
        {"f1", r.f1, 0.73736868434217107, 0.7174, 0.7581},
        {"fpr", r.fpr, 0.131, 0.116, 0.146},
        {"auc", r.auc, 0.92819325, 0.9192, 0.9367},
        {"recall at 0.1 %", r.recall_fpr_01, 0.492, 0.462, 0.524},
        {"recall at 1 %", r.recall_fpr_1, 0.510, 0.478, 0.542},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_value(c, rows[i].name, rows[i].got, rows[i].value);
        bool close = near(rows[i].got.low, rows[i].low, 0.004) &&
                     near(rows[i].got.high, rows[i].high, 0.004);
        CHECK(c, close, "%s: got %g..%g, want about %g..%g", rows[i].name, rows[i].got.low,
              rows[i].got.high, rows[i].low, rows[i].high);
    }
    check_value(c, "precision", r.precision, 0.7377377377377378);
    check_value(c, "loss", r.loss, 0.4534240093788523);
    check_value(c, "Brier score", r.brier, 0.1467561985651652);
    CHECK(c, r.loss.low < r.loss.value && r.loss.high > r.loss.value && r.brier.low < r.brier.high,
          "loss from %g to %g", r.loss.low, r.loss.high);
}

static void equal_scores_are_a_coin_toss(struct check *c)
{
    const double score[] = {0.5f, 0.5f, 0.5f};
    const int32_t truth[] = {1, 0, 0};
    bolter_report r;
    report(score, truth, 3, 0.5, 0, 1, &r, NULL);
    check_value(c, "auc", r.auc, 0.5);
    check_value(c, "recall at 1 %", r.recall_fpr_1, 0);
    CHECK(c, r.tp == 1 && r.fp == 2, "a score at the threshold is not called spam");
}

static void recall_at_an_fpr_lets_that_many_ham_pass(struct check *c)
{
    /* 100 ham from 0 to 0.99, so that 1 % lets the highest pass: spam counts above 0.98. */
    double score[103];
    int32_t truth[103] = {0};
    for (int i = 0; i < 100; i++)
        score[i] = i / 100.0;
    score[100] = 0.985f;
    score[101] = score[98];
    score[102] = 1;
    truth[100] = truth[101] = truth[102] = 1;
    bolter_report r;
    report(score, truth, 103, 0.5, 0, 1, &r, NULL);
    check_value(c, "recall at 1 %", r.recall_fpr_1, 2.0 / 3);
    check_value(c, "recall at 0.1 %", r.recall_fpr_01, 1.0 / 3);
}

static bool all_nan(bolter_interval v)
{
    return isnan(v.value) && isnan(v.low) && isnan(v.high);
}

static void one_class_leaves_the_rest_undefined(struct check *c)
{
    const double score[] = {0.1f, 0.6f, 0.2f, 0.3f};
    const int32_t ham[] = {0, 0, 0, 0}, spam[] = {1, 1, 1, 1};
    bolter_report r;
    CHECK(c, report(score, ham, 4, 0.5, 200, 1, &r, NULL) == BOLTER_OK, "ham only");
    check_value(c, "fpr", r.fpr, 0.25);
    CHECK(c, near(r.fpr.low, 0.0063, 1e-4) && near(r.fpr.high, 0.8059, 1e-4), "fpr from %g to %g",
          r.fpr.low, r.fpr.high);
    CHECK(c, all_nan(r.recall) && all_nan(r.balanced_accuracy) && all_nan(r.auc), "spam measures");
    CHECK(c, all_nan(r.recall_fpr_01) && all_nan(r.recall_fpr_1), "recalls at an FPR");
    CHECK(c, report(score, ham, 4, 0.7, 10, 1, &r, NULL) == BOLTER_OK, "none called");
    CHECK(c, all_nan(r.f1) && all_nan(r.precision), "f1 %g, precision %g", r.f1.value,
          r.precision.value);
    CHECK(c, report(score, spam, 4, 0.5, 200, 1, &r, NULL) == BOLTER_OK, "spam only");
    check_value(c, "recall", r.recall, 0.25);
    check_value(c, "f1", r.f1, 0.4);
    CHECK(c, all_nan(r.fpr) && all_nan(r.auc) && all_nan(r.recall_fpr_1), "ham measures");
}

static void a_sure_mistake_has_a_finite_loss(struct check *c)
{
    const double score[] = {0};
    const int32_t truth[] = {1};
    bolter_report r;
    report(score, truth, 1, 0.5, 0, 1, &r, NULL);
    check_value(c, "loss", r.loss, 24 * log(2));
    check_value(c, "Brier score", r.brier, 1);
}

static void bootstrap_depends_on_its_seed_alone(struct check *c)
{
    bolter_report a, b, other;
    report(small_score, small_truth, N_SMALL, 0.5, 101, 5, &a, NULL);
    report(small_score, small_truth, N_SMALL, 0.5, 101, 5, &b, NULL);
    report(small_score, small_truth, N_SMALL, 0.5, 101, 6, &other, NULL);
    CHECK(c, memcmp(&a, &b, sizeof a) == 0, "two runs differ");
    CHECK(c, memcmp(&a, &other, sizeof a) != 0, "two seeds agree");
}

static void faulty_input_is_refused(struct check *c)
{
    const double fine[] = {0.5f}, nan[] = {NAN};
    const int32_t one[] = {1}, two[] = {2};
    bolter_report r = {.n = 77};
    bolter_error err = {0};
    CHECK(c, report(fine, one, 0, 0.5, 0, 1, &r, &err) == BOLTER_E_ARG, "no example");
    CHECK(c, report(nan, one, 1, 0.5, 0, 1, &r, NULL) == BOLTER_E_NUMERIC, "NaN");
    CHECK(c, report(fine, two, 1, 0.5, 0, 1, &r, NULL) == BOLTER_E_ARG, "truth 2");
    CHECK(c, report(fine, one, 1, NAN, 0, 1, &r, NULL) == BOLTER_E_NUMERIC, "threshold");
    CHECK(c, report(fine, one, 1, 0.5, SIZE_MAX / 8, 1, &r, NULL) == BOLTER_E_NOMEM,
          "samples past all memory");
    CHECK(c, r.n == 77, "a failure wrote the report");
}

static void report_survives_each_failed_allocation(struct check *c)
{
    bolter_report r;
    bolter_status rc;
    unsigned long nth = 0;
    do {
        bt_mem_fail_from(++nth);
        rc = report(small_score, small_truth, N_SMALL, 0.5, 3, 1, &r, NULL);
        bt_mem_fail_from(0);
    } while (rc == BOLTER_E_NOMEM);
    CHECK(c, rc == BOLTER_OK && nth > 5, "allocation %lu: %s", nth, bolter_status_name(rc));
}

static void no_error_in_the_sample_is_not_a_rate_of_zero(struct check *c)
{
    double score[900] = {0};
    int32_t truth[900] = {0};
    bolter_report r;
    report(score, truth, 900, 0.5, 100, 1, &r, NULL);
    /* 1 - 0.025^(1/900) */
    CHECK(c, r.fpr.low == 0 && near(r.fpr.high, 0.0040904, 1e-7), "fpr up to %.9g", r.fpr.high);
}

static void rates_are_as_sure_as_their_number_of_messages(struct check *c)
{
    bolter_report r;
    report(small_score, small_truth, N_SMALL, 0.5, 0, 1, &r, NULL);
    /* 10 of 14 right, 6 of 9 called spam: the bounds that R's binom.test() gives. */
    CHECK(c, reaches(r.accuracy, 0.4189647, 0.9161107), "accuracy from %.7f to %.7f",
          r.accuracy.low, r.accuracy.high);
    CHECK(c, reaches(r.precision, 0.2992951, 0.9251454), "precision from %.7f to %.7f",
          r.precision.low, r.precision.high);
}

static void a_sample_without_an_error_claims_no_certainty(struct check *c)
{
    double score[20];
    int32_t truth[20];
    for (int i = 0; i < 20; i++) {
        truth[i] = i % 2;
        score[i] = truth[i] ? 0.9 : 0.1;
    }
    bolter_report r;
    report(score, truth, 20, 0.5, 200, 1, &r, NULL);
    const double low20 = pow(0.025, 1 / 20.0), low10 = pow(0.025, 1 / 10.0);
    CHECK(c, reaches(r.accuracy, low20, 1), "accuracy from %g", r.accuracy.low);
    CHECK(c, reaches(r.precision, low10, 1), "precision from %g", r.precision.low);
    CHECK(c, reaches(r.recall_fpr_01, low10, 1) && reaches(r.recall_fpr_1, low10, 1),
          "recall at an FPR from %g", r.recall_fpr_1.low);
    CHECK(c, r.auc.value == 1 && no_interval(r.auc), "AUC from %g to %g", r.auc.low, r.auc.high);
    CHECK(c, r.f1.value == 1 && no_interval(r.f1), "F1 from %g to %g", r.f1.low, r.f1.high);
    CHECK(c, r.balanced_accuracy.value == 1 && no_interval(r.balanced_accuracy),
          "balanced accuracy from %g", r.balanced_accuracy.low);
    CHECK(c, r.lam.value == 0 && no_interval(r.lam), "lam%% up to %g", r.lam.high);
}

static void recall_at_an_fpr_is_no_surer_than_recall_is(struct check *c)
{
    /* All spam above all ham but one below: whatever ham is drawn, the limit hardly moves. */
    double score[40];
    int32_t truth[40];
    for (int i = 0; i < 40; i++) {
        truth[i] = i < 20;
        score[i] = i == 0 ? 0.1 : truth[i] ? 0.9 : 0.2;
    }
    bolter_report r;
    report(score, truth, 40, 0.5, 500, 1, &r, NULL);
    check_value(c, "recall at 1 %", r.recall_fpr_1, 0.95);
    CHECK(c, r.recall_fpr_1.low <= r.recall.low && r.recall_fpr_1.high >= r.recall.high,
          "from %g to %g, recall from %g to %g", r.recall_fpr_1.low, r.recall_fpr_1.high,
          r.recall.low, r.recall.high);
}

static void scores_of_any_scale_have_all_but_losses(struct check *c)
{
    double points[N_SMALL];
    for (size_t i = 0; i < N_SMALL; i++)
        points[i] = 20 * small_score[i] - 5;
    bolter_report r;
    CHECK(c, report(points, small_truth, N_SMALL, 5, 0, 1, &r, NULL) == BOLTER_OK, "refused");
    check_value(c, "accuracy", r.accuracy, 10.0 / 14);
    check_value(c, "auc", r.auc, 44.0 / 49);
    CHECK(c, all_nan(r.loss) && all_nan(r.brier) && isnan(r.ece), "losses of no probabilities");
}

/* ---- Two filters ---- */

static void a_difference_is_that_of_the_reports(struct check *c)
{
    static double a_score[N_LARGE], b_score[N_LARGE];
    static int32_t truth[N_LARGE];
    make_large(a_score, truth);
    for (int i = 0; i < N_LARGE; i++)
        b_score[i] = sqrt(a_score[i]);
    const bolter_scores a = {a_score, truth, N_LARGE, 0.5}, b = {b_score, truth, N_LARGE, 0.5};
    bolter_report of_a, of_b, d;
    bolter_report_of(&a, 0, 1, &of_a, NULL);
    bolter_report_of(&b, 0, 1, &of_b, NULL);
    CHECK(c, bolter_compare(&a, &b, 500, 1, &d, NULL) == BOLTER_OK, "refused");
    check_value(c, "accuracy", d.accuracy, of_b.accuracy.value - of_a.accuracy.value);
    check_value(c, "fpr", d.fpr, of_b.fpr.value - of_a.fpr.value);
    check_value(c, "brier", d.brier, of_b.brier.value - of_a.brier.value);
    CHECK(c, d.n == N_LARGE && d.n_spam == 1000 && d.n_ham == 2000, "counts");
    CHECK(c, d.fpr.low > 0 && d.fpr.low < d.fpr.value && d.fpr.value < d.fpr.high,
          "a lower threshold lets no more ham be called spam: %g to %g", d.fpr.low, d.fpr.high);
    CHECK(c, d.auc.value == 0 && no_interval(d.auc), "the same order has another AUC");
}

static void a_filter_does_not_differ_from_itself(struct check *c)
{
    const bolter_scores s = {small_score, small_truth, N_SMALL, 0.5};
    bolter_report d;
    CHECK(c, bolter_compare(&s, &s, 50, 1, &d, NULL) == BOLTER_OK, "refused");
    CHECK(c, d.accuracy.value == 0 && d.auc.value == 0, "it does");
    CHECK(c, no_interval(d.accuracy) && no_interval(d.auc), "%zu messages show that for sure",
          N_SMALL);
}

static void filters_of_other_examples_are_refused(struct check *c)
{
    const int32_t other[N_SMALL] = {0};
    const bolter_scores a = {small_score, small_truth, N_SMALL, 0.5};
    const bolter_scores b = {small_score, small_truth, N_SMALL - 1, 0.5};
    const bolter_scores x = {small_score, other, N_SMALL, 0.5};
    bolter_report d = {.n = 77};
    CHECK(c, bolter_compare(&a, &b, 5, 1, &d, NULL) == BOLTER_E_ARG, "fewer examples");
    CHECK(c, bolter_compare(&a, &x, 5, 1, &d, NULL) == BOLTER_E_ARG, "other truths");
    CHECK(c, d.n == 77, "a failure wrote the difference");
}

static void comparison_survives_each_failed_allocation(struct check *c)
{
    const bolter_scores s = {small_score, small_truth, N_SMALL, 0.5};
    bolter_report d;
    bolter_status rc;
    unsigned long nth = 0;
    do {
        bt_mem_fail_from(++nth);
        rc = bolter_compare(&s, &s, 3, 1, &d, NULL);
        bt_mem_fail_from(0);
    } while (rc == BOLTER_E_NOMEM);
    CHECK(c, rc == BOLTER_OK && nth > 10, "allocation %lu: %s", nth, bolter_status_name(rc));
}

/* ---- Curves ---- */

static void roc_curve_has_a_point_for_each_score(struct check *c)
{
    const double score[] = {0.9, 0.5, 0.5, 0.1};
    const int32_t truth[] = {1, 1, 0, 0};
    const bolter_scores s = {score, truth, 4, 0.5};
    const bolter_roc_point want[] = {{INFINITY, 0, 0}, {0.9, 1, 0}, {0.5, 2, 1}, {0.1, 2, 2}};
    bolter_roc_point p[5];
    size_t n = 0;
    CHECK(c, bolter_roc_of(&s, p, &n, NULL) == BOLTER_OK && n == 4, "%zu points", n);
    for (size_t i = 0; i < n && i < 4; i++)
        CHECK(c,
              p[i].threshold == want[i].threshold && p[i].tp == want[i].tp && p[i].fp == want[i].fp,
              "point %zu: got %g %d %d", i, p[i].threshold, (int)p[i].tp, (int)p[i].fp);
}

static void reliability_is_as_worked_out_by_hand(struct check *c)
{
    const double score[] = {0.05, 0.0, 0.65, 0.6, 0.625, 1.0, 0.95, 0.9};
    const int32_t truth[] = {0, 1, 1, 0, 1, 1, 1, 1};
    const bolter_scores s = {score, truth, 8, 0.5};
    bolter_bin b[BOLTER_N_BIN];
    double ece = -1;
    CHECK(c, bolter_reliability_of(&s, b, &ece, NULL) == BOLTER_OK, "refused");
    CHECK(c, b[0].n == 2 && b[6].n == 3 && b[9].n == 3 && b[5].n == 0, "%d %d %d", (int)b[0].n,
          (int)b[6].n, (int)b[9].n);
    CHECK(c, near(b[6].mean_score, 0.625, 1e-12) && near(b[6].spam.value, 2.0 / 3, 1e-12),
          "got %g %g", b[6].mean_score, b[6].spam.value);
    CHECK(c, isnan(b[5].mean_score) && isnan(b[5].spam.high), "an empty bin has a mean");
    /* (|0.05 - 1| + |1.875 - 2| + |2.85 - 3|) / 8 */
    CHECK(c, near(ece, 1.225 / 8, 1e-12), "got %g", ece);
    const double points[] = {0, 2};
    const bolter_scores bad = {points, truth, 2, 0.5};
    CHECK(c, bolter_reliability_of(&bad, b, &ece, NULL) == BOLTER_E_ARG, "a score of 2");
}

/* ---- Several labels ---- */

static const int32_t label_truth[] = {0, 0, 0, 0, 1, 1, 1, 2, 2, 2};
static const int32_t label_answer[] = {0, 0, 0, 1, 1, 1, 2, 2, 2, 0};

static void labels_are_as_worked_out_by_hand(struct check *c)
{
    const uint64_t want[16] = {3, 1, 0, 0, 0, 2, 1, 0, 1, 0, 2, 0, 0, 0, 0, 0};
    bolter_label_report r;
    CHECK(c, bolter_labels_of(label_answer, label_truth, 10, 4, 200, 1, &r, NULL) == BOLTER_OK,
          "refused");
    for (size_t i = 0; i < 16; i++)
        CHECK(c, r.confusion[i] == want[i], "cell %zu: got %d", i, (int)r.confusion[i]);
    check_value(c, "accuracy", r.accuracy, 0.7);
    check_value(c, "precision of 0", r.label[0].precision, 0.75);
    check_value(c, "recall of 0", r.label[0].recall, 0.75);
    check_value(c, "precision of 1", r.label[1].precision, 2.0 / 3);
    check_value(c, "F1 of 2", r.label[2].f1, 2.0 / 3);
    /* Nothing is of label 3. */
    check_value(c, "macro F1", r.macro_f1, (0.75 + 2.0 / 3 + 2.0 / 3) / 3);
    CHECK(c,
          all_nan(r.label[3].precision) && isnan(r.label[3].recall.value) &&
              isnan(r.label[3].f1.value),
          "label 3 has measures");
    /* 7 of 10 and 3 of 4. */
    CHECK(c, reaches(r.accuracy, 0.3475471, 0.9332605), "accuracy from %.7f to %.7f",
          r.accuracy.low, r.accuracy.high);
    CHECK(c, reaches(r.label[0].precision, 0.1941204, 0.9936905), "precision from %.7f to %.7f",
          r.label[0].precision.low, r.label[0].precision.high);
    bolter_label_report_free(&r);
}

static void labels_all_right_claim_no_certainty(struct check *c)
{
    bolter_label_report r;
    CHECK(c, bolter_labels_of(label_truth, label_truth, 10, 3, 200, 1, &r, NULL) == BOLTER_OK,
          "refused");
    CHECK(c, reaches(r.accuracy, pow(0.025, 1 / 10.0), 1), "accuracy from %g", r.accuracy.low);
    CHECK(c, reaches(r.label[1].precision, pow(0.025, 1 / 3.0), 1), "precision from %g",
          r.label[1].precision.low);
    CHECK(c, r.macro_f1.value == 1 && no_interval(r.macro_f1) && no_interval(r.label[1].f1),
          "macro F1 from %g", r.macro_f1.low);
    bolter_label_report_free(&r);
}

static void labels_outside_the_list_are_refused(struct check *c)
{
    const int32_t bad[] = {0, 4};
    bolter_label_report r;
    CHECK(c, bolter_labels_of(bad, label_truth, 2, 4, 0, 1, &r, NULL) == BOLTER_E_ARG, "answer 4");
    CHECK(c, bolter_labels_of(label_truth, bad, 2, 4, 0, 1, &r, NULL) == BOLTER_E_ARG, "truth 4");
    CHECK(c, bolter_labels_of(bad, bad, 0, 4, 0, 1, &r, NULL) == BOLTER_E_ARG, "no example");
}

static void labels_survive_each_failed_allocation(struct check *c)
{
    bolter_label_report r;
    bolter_status rc;
    unsigned long nth = 0;
    do {
        bt_mem_fail_from(++nth);
        rc = bolter_labels_of(label_answer, label_truth, 10, 4, 2, 1, &r, NULL);
        bt_mem_fail_from(0);
    } while (rc == BOLTER_E_NOMEM);
    CHECK(c, rc == BOLTER_OK && nth > 4, "allocation %lu: %s", nth, bolter_status_name(rc));
    bolter_label_report_free(&r);
}

/* ---- temperature ---- */

static const float logits[] = {2, -1, 0, 0.5f, 1.5f, -0.5f, -1, 0,     3,
                               1, 2,  0, 3,    0,    -2,    0,  0.25f, 0.5f};
static const int32_t labels[] = {0, 1, 2, 0, 0, 1};

static void temperature_is_as_a_fine_search_has_it(struct check *c)
{
    double t = 0;
    CHECK(c, bolter_fit_temperature(logits, labels, 6, 3, &t, NULL) == BOLTER_OK, "failed");
    CHECK(c, near(t, 0.8027984, 1e-6), "got %.9g", t);
}

static void temperature_grows_with_the_logits(struct check *c)
{
    float scaled[18];
    double t = 0;
    for (size_t i = 0; i < 18; i++)
        scaled[i] = logits[i] * 8;
    bolter_fit_temperature(scaled, labels, 6, 3, &t, NULL);
    CHECK(c, near(t, 8 * 0.8027984, 1e-5), "got %.9g", t);
}

static void temperature_stays_within_its_bounds(struct check *c)
{
    const float right[] = {1, 0, 0, 1}, wrong[] = {0, 50, 50, 0}, flat[] = {3, 3, -1, -1};
    const int32_t truth[] = {0, 1};
    double t = 0;
    bolter_fit_temperature(right, truth, 2, 2, &t, NULL);
    CHECK(c, near(t, 0.05, 1e-6), "always right: got %.9g", t);
    bolter_fit_temperature(wrong, truth, 2, 2, &t, NULL);
    CHECK(c, near(t, 20, 1e-4), "always wrong: got %.9g", t);
    bolter_fit_temperature(flat, truth, 2, 2, &t, NULL);
    CHECK(c, t == 1, "no matter: got %.9g", t);
}

static void temperature_refuses_faulty_input(struct check *c)
{
    const float fine[] = {0, 1}, bad[] = {0, INFINITY};
    const int32_t zero[] = {0}, two[] = {2}, minus[] = {-1};
    double t = 77;
    CHECK(c, bolter_fit_temperature(fine, zero, 0, 2, &t, NULL) == BOLTER_E_ARG, "no example");
    CHECK(c, bolter_fit_temperature(fine, zero, 1, 0, &t, NULL) == BOLTER_E_ARG, "no label");
    CHECK(c, bolter_fit_temperature(fine, two, 1, 2, &t, NULL) == BOLTER_E_ARG, "label 2 of 2");
    CHECK(c, bolter_fit_temperature(fine, minus, 1, 2, &t, NULL) == BOLTER_E_ARG, "label -1");
    CHECK(c, bolter_fit_temperature(bad, zero, 1, 2, &t, NULL) == BOLTER_E_NUMERIC, "infinity");
    CHECK(c, t == 77, "a failure wrote the temperature");
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(small_case_is_as_worked_out_by_hand),
        CASE(large_case_is_as_numpy_has_it),
        CASE(equal_scores_are_a_coin_toss),
        CASE(recall_at_an_fpr_lets_that_many_ham_pass),
        CASE(one_class_leaves_the_rest_undefined),
        CASE(a_sure_mistake_has_a_finite_loss),
        CASE(bootstrap_depends_on_its_seed_alone),
        CASE(faulty_input_is_refused),
        CASE(report_survives_each_failed_allocation),
        CASE(no_error_in_the_sample_is_not_a_rate_of_zero),
        CASE(rates_are_as_sure_as_their_number_of_messages),
        CASE(a_sample_without_an_error_claims_no_certainty),
        CASE(recall_at_an_fpr_is_no_surer_than_recall_is),
        CASE(scores_of_any_scale_have_all_but_losses),
        CASE(a_difference_is_that_of_the_reports),
        CASE(a_filter_does_not_differ_from_itself),
        CASE(filters_of_other_examples_are_refused),
        CASE(comparison_survives_each_failed_allocation),
        CASE(roc_curve_has_a_point_for_each_score),
        CASE(reliability_is_as_worked_out_by_hand),
        CASE(labels_are_as_worked_out_by_hand),
        CASE(labels_all_right_claim_no_certainty),
        CASE(labels_outside_the_list_are_refused),
        CASE(labels_survive_each_failed_allocation),
        CASE(temperature_is_as_a_fine_search_has_it),
        CASE(temperature_grows_with_the_logits),
        CASE(temperature_stays_within_its_bounds),
        CASE(temperature_refuses_faulty_input),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
