/*
 * test_linear.c - naive Bayes, logistic regression, and the minimiser under it.
 *
 * Numbers with nine digits were computed by scikit-learn 1.2.1 (MultinomialNB, LogisticRegression
 * with tol 1e-12) from the texts below.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tests/check.h"
#include "words/lbfgs.h"
#include "words/logistic.h"
#include "words/sparse.h"

static const char *const texts[] = {
    "Win a FREE prize now! Call £5 now",   "Tea at five? Bring the cake, please",
    "free entry: win cash $$$, call now",  "the meeting is at five, see the agenda",
    "Grüße aus KÖLN, see you at five",     "Prize! Prize! free cash, WIN cash",
    "agenda for the meeting: cash report", "the cake was free, thank you"};
static const int32_t two[] = {1, 0, 1, 0, 0, 1, 0, 0}, three[] = {2, 0, 2, 1, 0, 2, 1, 0};
static const char *const unseen[] = {"free tea at the meeting, call five", "Win cash at KÖLN! %",
                                     ""};
enum { N_TEXTS = 8, N_UNSEEN = 3 };

static const bolter_grams counts[] = {{BOLTER_GRAM_WORDS, 1, 1, 0, 0, false}};
static const bolter_grams tfidf[] = {{BOLTER_GRAM_TOKENS, 1, 2, 2, 0, true},
                                     {BOLTER_GRAM_CHARS, 2, 5, 3, 0, true}};

/* ---- Matrices ---- */

struct data {
    bolter_sparse *train, *test;
};

static bolter_sparse *rows_of(bolter_words *w, const char *const *from, size_t n)
{
    bolter_sparse *x;
    if (bolter_sparse_open(&x, bolter_words_columns(w), NULL) != BOLTER_OK)
        exit(99);
    for (size_t i = 0; i < n; i++)
        bolter_words_row(w, x, from[i], strlen(from[i]), NULL);
    return x;
}

static struct data data_of(const bolter_grams *sets, size_t n_sets)
{
    bolter_words *w;
    if (bolter_words_open(&w, sets, n_sets, NULL) != BOLTER_OK)
        exit(99);
    for (size_t i = 0; i < N_TEXTS; i++)
        bolter_words_count(w, texts[i], strlen(texts[i]), NULL);
    if (bolter_words_fit(w, NULL) != BOLTER_OK)
        exit(99);
    struct data d = {rows_of(w, texts, N_TEXTS), rows_of(w, unseen, N_UNSEEN)};
    bolter_words_free(w);
    return d;
}

static void free_data(struct data *d)
{
    bolter_sparse_free(d->train);
    bolter_sparse_free(d->test);
}

/* n_row rows of about n_entry random values each. */
static bolter_sparse *random_matrix(size_t n_row, size_t n_col, size_t n_entry)
{
    bolter_sparse *x;
    bt_rng rng = {.seed = 7};
    if (bolter_sparse_open(&x, n_col, NULL) != BOLTER_OK)
        exit(99);
    for (size_t i = 0; i < n_row; i++) {
        size_t step = n_col / n_entry;
        for (size_t col = bt_rng_below(&rng, step); col < n_col;
             col += 1 + bt_rng_below(&rng, 2 * step))
            bt_sparse_push(x, (uint32_t)col, (float)bt_rng_uniform(&rng), NULL);
        bt_sparse_end_row(x, NULL);
    }
    return x;
}

static int32_t *random_labels(size_t n, size_t n_label)
{
    int32_t *labels = bt_alloc_array(n, sizeof *labels);
    bt_rng rng = {.seed = 8};
    for (size_t i = 0; labels && i < n; i++)
        labels[i] = i < n_label ? (int32_t)i : (int32_t)bt_rng_below(&rng, n_label);
    return labels;
}

/* ---- Naive Bayes ---- */

static void logits_are(struct check *c, const bolter_linear *l, const bolter_sparse *x,
                       const double *want, double within)
{
    double got[9];
    bolter_error err = {0};
    CHECK(c, l && bolter_linear_logits(l, x, got, &err) == BOLTER_OK, "%s", err.text);
    size_t n = x->n_row * 3;
    for (size_t i = 0; l && i < n; i++)
        CHECK(c, fabs(got[i] - want[i]) < within, "logit %zu: got %.9f, want %.9f", i, got[i],
              want[i]);
}

static void bayes_by_hand(struct check *c)
{
    /* Rows (1 0), (2 1), (0 3): label 0 has the sums 3 1, label 1 has 0 3. */
    bolter_sparse *x;
    bolter_linear *l;
    const int32_t labels[] = {0, 0, 1};
    CHECK(c, bolter_sparse_open(&x, 2, NULL) == BOLTER_OK, "open");
    bt_sparse_push(x, 0, 1, NULL);
    bt_sparse_end_row(x, NULL);
    bt_sparse_push(x, 0, 2, NULL);
    bt_sparse_push(x, 1, 1, NULL);
    bt_sparse_end_row(x, NULL);
    bt_sparse_push(x, 1, 3, NULL);
    bt_sparse_end_row(x, NULL);
    CHECK(c, bolter_linear_bayes(&l, x, labels, 2, 1, NULL) == BOLTER_OK, "bayes");
    double got[6], want[] = {log(2 / 3.) + log(4 / 6.), log(1 / 3.) + log(1 / 5.)};
    CHECK(c, bolter_linear_logits(l, x, got, NULL) == BOLTER_OK, "logits");
    for (size_t k = 0; k < 2; k++)
        CHECK(c, fabs(got[k] - want[k]) < 1e-12, "label %zu: got %g, want %g", k, got[k], want[k]);
    double weight = log(4 / 5.) - log(2 / 6.);
    CHECK(c, fabs(bolter_linear_weight(l, 1, 1) - weight) < 1e-12, "weight of column 1");
    CHECK(c, fabs(bolter_linear_weight(l, 1, 0) + weight) < 1e-12, "and for the other label");
    bolter_linear_free(l);
    bolter_sparse_free(x);
}

static void bayes_is_scikit_learns(struct check *c)
{
    static const double want[] = {-23.282874133, -23.556610048, -26.315421887,
                                  -15.03139802,  -15.14500597,  -13.597546495,
                                  -0.980829253,  -1.386294361,  -0.980829253};
    struct data d = data_of(counts, 1);
    bolter_linear *l;
    CHECK(c, bolter_linear_bayes(&l, d.train, three, 3, 0.5, NULL) == BOLTER_OK, "bayes");
    logits_are(c, l, d.test, want, 1e-7);
    bolter_linear_free(l);
    free_data(&d);
}

static void bayes_of_tfidf_is_scikit_learns(struct check *c)
{
    static const double want[] = {-41.927686519, -49.329051001, -40.76069502,
                                  -34.274696611, -0.470003629,  -0.980829253};
    struct data d = data_of(tfidf, 2);
    bolter_linear *l;
    double got[6];
    CHECK(c, bolter_linear_bayes(&l, d.train, two, 2, 0.1, NULL) == BOLTER_OK, "bayes");
    CHECK(c, bolter_linear_logits(l, d.test, got, NULL) == BOLTER_OK, "logits");
    for (size_t i = 0; i < 6; i++)
        CHECK(c, fabs(got[i] - want[i]) < 1e-5, "%zu: got %.9f, want %.9f", i, got[i], want[i]);
    bolter_linear_free(l);
    free_data(&d);
}

/* ---- Logistic regression ---- */

static void logistic_of_two_is(struct check *c, const struct data *d,
                               const bolter_logistic_options *o, const double *want)
{
    bolter_linear *l;
    bolter_logistic_end end;
    bolter_error err = {0};
    double got[2 * N_UNSEEN];
    CHECK(c, bolter_linear_logistic(&l, d->train, two, 2, o, &end, &err) == BOLTER_OK, "%s",
          err.text);
    CHECK(c, end.converged && end.gradient <= 1e-4, "gradient %g", end.gradient);
    CHECK(c, l && bolter_linear_logits(l, d->test, got, NULL) == BOLTER_OK, "logits");
    for (size_t i = 0; l && i < N_UNSEEN; i++)
        CHECK(c, fabs(got[2 * i + 1] - got[2 * i] - want[i]) < 2e-4,
              "text %zu: got %.9f, want %.9f", i, got[2 * i + 1] - got[2 * i], want[i]);
    bolter_linear_free(l);
}

static void logistic_of_two_labels_is_scikit_learns(struct check *c)
{
    static const double on_counts[] = {-1.757318512, -0.446949197, -1.197181563};
    static const double balanced[] = {-1.492127739, -0.166426043, -0.925416834};
    static const double on_tfidf[] = {-2.200448186, 1.075227458, -1.00240835};
    struct data d = data_of(counts, 1), e = data_of(tfidf, 2);
    bolter_logistic_options o = {.c = 2}, b = {.c = 2, .balanced = true}, ten = {.c = 10};
    logistic_of_two_is(c, &d, &o, on_counts);
    logistic_of_two_is(c, &d, &b, balanced);
    logistic_of_two_is(c, &e, &ten, on_tfidf);
    free_data(&d);
    free_data(&e);
}

static void logistic_of_three_labels_is_scikit_learns(struct check *c)
{
    static const double one[] = {0.211442713, 0.093317074, -0.304759786, -0.25846468, -0.455361608,
                                 0.713826289, 0.207323839, -0.2976064,   0.09028256};
    static const double ten[] = {0.134494053, 0.631308716, -0.765802769, -0.590923281, -0.872567079,
                                 1.46349036,  0.421971065, -0.485698033, 0.063726968};
    struct data d = data_of(tfidf, 2);
    bolter_logistic_options o = {.c = 10};
    bolter_linear *l;
    CHECK(c, bolter_linear_logistic(&l, d.train, three, 3, NULL, NULL, NULL) == BOLTER_OK, "c 1");
    logits_are(c, l, d.test, one, 2e-4);
    bolter_linear_free(l);
    CHECK(c, bolter_linear_logistic(&l, d.train, three, 3, &o, NULL, NULL) == BOLTER_OK, "c 10");
    logits_are(c, l, d.test, ten, 2e-4);
    bolter_linear_free(l);
    free_data(&d);
}

static void the_bias_alone_learns_the_share_of_each_label(struct check *c)
{
    bolter_sparse *x;
    bolter_linear *l;
    CHECK(c, bolter_sparse_open(&x, 1, NULL) == BOLTER_OK, "open");
    for (size_t i = 0; i < N_TEXTS; i++)
        bt_sparse_end_row(x, NULL);
    CHECK(c, bolter_linear_logistic(&l, x, two, 2, NULL, NULL, NULL) == BOLTER_OK, "fit");
    double got[2 * N_TEXTS];
    CHECK(c, bolter_linear_logits(l, x, got, NULL) == BOLTER_OK, "logits");
    CHECK(c, fabs(got[1] - got[0] - log(3 / 5.)) < 1e-4, "log odds %g, want %g", got[1] - got[0],
          log(3 / 5.));
    bolter_linear_free(l);
    bolter_sparse_free(x);
}

/* Compare the gradient at random weights with central differences. */
static void gradient_is_right(struct check *c, size_t n_label, bool balanced)
{
    enum { ROWS = 30, COLS = 12 };
    bolter_sparse *x = random_matrix(ROWS, COLS, 6);
    int32_t *labels = random_labels(ROWS, n_label);
    bolter_logistic_options o = {.c = 0.7, .balanced = balanced, .threads = 1};
    bt_logistic m;
    CHECK(c, bt_logistic_open(&m, x, labels, n_label, &o, NULL) == BOLTER_OK, "open");
    double w[(COLS + 1) * 4], g[(COLS + 1) * 4], unused[(COLS + 1) * 4];
    size_t n = (COLS + 1) * m.n_out;
    bt_rng rng = {.seed = 9};
    for (size_t i = 0; i < n; i++)
        w[i] = bt_rng_normal(&rng);
    bt_logistic_loss(&m, w, g);
    for (size_t i = 0; i < n; i++) {
        const double h = 1e-5, at = w[i];
        w[i] = at + h;
        double up = bt_logistic_loss(&m, w, unused);
        w[i] = at - h;
        double down = bt_logistic_loss(&m, w, unused);
        w[i] = at;
        CHECK(c, fabs((up - down) / (2 * h) - g[i]) < 1e-6 * (1 + fabs(g[i])),
              "%zu labels, weight %zu: got %.9f, want %.9f", n_label, i, g[i],
              (up - down) / (2 * h));
    }
    bt_logistic_free(&m);
    bt_release(labels);
    bolter_sparse_free(x);
}

static void the_gradient_agrees_with_differences(struct check *c)
{
    gradient_is_right(c, 2, false);
    gradient_is_right(c, 2, true);
    gradient_is_right(c, 4, false);
    gradient_is_right(c, 3, true);
}

static void the_loss_of_far_logits_is_finite(struct check *c)
{
    for (size_t n_label = 2; n_label < 4; n_label++) {
        bolter_sparse *x = random_matrix(3, 2, 1);
        int32_t *labels = random_labels(3, n_label);
        bolter_logistic_options o = {.threads = 1};
        bt_logistic m;
        CHECK(c, bt_logistic_open(&m, x, labels, n_label < 3 ? 2 : 3, &o, NULL) == BOLTER_OK,
              "open");
        double w[9], g[9];
        for (size_t i = 0; i < 9; i++)
            w[i] = i % 2 ? 1e6 : -1e6;
        double loss = bt_logistic_loss(&m, w, g);
        CHECK(c, isfinite(loss) && isfinite(g[0]), "%zu labels: loss %g", n_label, loss);
        bt_logistic_free(&m);
        bt_release(labels);
        bolter_sparse_free(x);
    }
}

static void any_number_of_threads_gives_the_same_bits(struct check *c)
{
    enum { ROWS = 600, COLS = 5000 };
    bolter_sparse *x = random_matrix(ROWS, COLS, 500);
    CHECK(c, x->n_entry > 250000, "%zu entries are too few for three threads", x->n_entry);
    for (size_t n_label = 2; n_label < 4; n_label++) {
        int32_t *labels = random_labels(ROWS, n_label);
        bolter_linear *l[2];
        for (size_t i = 0; i < 2; i++) {
            bolter_logistic_options o = {.threads = i ? 3 : 1, .max_steps = 5};
            CHECK(c, bolter_linear_logistic(&l[i], x, labels, n_label, &o, NULL, NULL) == BOLTER_OK,
                  "fit");
        }
        size_t differ = 0;
        for (size_t j = 0; j < COLS; j++)
            differ += bolter_linear_weight(l[0], j, 1) != bolter_linear_weight(l[1], j, 1);
        CHECK(c, differ == 0, "%zu labels: %zu of %d weights differ", n_label, differ, COLS);
        bolter_linear_free(l[0]);
        bolter_linear_free(l[1]);
        bt_release(labels);
    }
    bolter_sparse_free(x);
}

static void steps_run_out_without_convergence(struct check *c)
{
    struct data d = data_of(counts, 1);
    bolter_logistic_options o = {.c = 1000, .max_steps = 2};
    bolter_logistic_end end;
    bolter_linear *l;
    CHECK(c, bolter_linear_logistic(&l, d.train, two, 2, &o, &end, NULL) == BOLTER_OK, "fit");
    CHECK(c, end.n_steps == 2 && !end.converged, "%zu steps", end.n_steps);
    bolter_linear_free(l);
    free_data(&d);
}

static void wrong_arguments_are_refused(struct check *c)
{
    static const int32_t high[] = {0, 1, 2, 0, 0, 0, 0, 0}, low[] = {0, 1, -1, 0, 0, 0, 0, 0},
                         alone[] = {0, 0, 0, 0, 0, 0, 0, 0};
    static const int32_t *const bad[] = {high, low, alone};
    struct data d = data_of(counts, 1), other = data_of(tfidf, 2);
    bolter_linear *l;
    double logits[9];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(c, bolter_linear_bayes(&l, d.train, bad[i], 2, 1, NULL) == BOLTER_E_ARG && !l, "%zu",
              i);
        CHECK(c,
              bolter_linear_logistic(&l, d.train, bad[i], 2, NULL, NULL, NULL) == BOLTER_E_ARG &&
                  !l,
              "labels %zu", i);
    }
    CHECK(c, bolter_linear_bayes(&l, d.train, alone, 1, 1, NULL) == BOLTER_E_ARG && !l,
          "one label");
    const double no_alpha[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < 4; i++) {
        bolter_logistic_options o = {.c = i ? no_alpha[i] : -2};
        CHECK(c, bolter_linear_bayes(&l, d.train, two, 2, no_alpha[i], NULL) == BOLTER_E_ARG && !l,
              "alpha %g", no_alpha[i]);
        CHECK(c, bolter_linear_logistic(&l, d.train, two, 2, &o, NULL, NULL) == BOLTER_E_ARG && !l,
              "c %g", o.c);
    }
    CHECK(c, bolter_linear_bayes(&l, d.train, two, 2, 1, NULL) == BOLTER_OK, "fit");
    CHECK(c, bolter_linear_logits(l, other.test, logits, NULL) == BOLTER_E_MISMATCH,
          "other columns");
    bolter_linear_free(l);
    d.train->val[3] = -1;
    CHECK(c, bolter_linear_bayes(&l, d.train, two, 2, 1, NULL) == BOLTER_E_ARG && !l,
          "a negative value");
    d.train->val[3] = NAN;
    CHECK(c,
          bolter_linear_logistic(&l, d.train, two, 2, NULL, NULL, NULL) == BOLTER_E_NUMERIC && !l,
          "a value that is no number");
    free_data(&d);
    free_data(&other);
}

static void log_odds_do_not_saturate(struct check *c)
{
    const double near[] = {log(0.2), log(0.3), log(0.5)}, far[] = {-1000, 0, 1},
                 high[] = {2000, 3000};
    CHECK(c, fabs(bolter_log_odds(near, 3, 0) - log(0.25)) < 1e-12, "of 0.2");
    CHECK(c, fabs(bolter_log_odds(near, 3, 2)) < 1e-12, "of a half");
    CHECK(c, fabs(bolter_log_odds(far, 3, 0) - (-1000 - log(1 + exp(1)))) < 1e-9, "of nearly 0");
    CHECK(c, bolter_log_odds(high, 2, 1) == 1000, "of nearly 1");
}

/* ---- The minimiser ---- */

static double rosenbrock(void *arg, const double *x, double *g)
{
    ++*(size_t *)arg;
    double a = 1 - x[0], b = x[1] - x[0] * x[0];
    g[0] = -2 * a - 400 * x[0] * b;
    g[1] = 200 * b;
    return a * a + 100 * b * b;
}

static void a_curved_valley_is_followed_to_its_end(struct check *c)
{
    static const double starts[][2] = {{-1.2, 1}, {3, -4}, {0, 0}, {1, 1}};
    const bt_lbfgs_options o = {.max_steps = 200, .tolerance = 1e-9};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        double x[2] = {starts[i][0], starts[i][1]};
        size_t calls = 0;
        bolter_logistic_end end;
        CHECK(c, bt_lbfgs(x, 2, rosenbrock, &calls, &o, &end, NULL) == BOLTER_OK, "start %zu", i);
        CHECK(c, end.converged && fabs(x[0] - 1) < 1e-6 && fabs(x[1] - 1) < 1e-6,
              "start %zu: (%g, %g) after %zu steps", i, x[0], x[1], end.n_steps);
        CHECK(c, calls < 200, "start %zu: %zu calls", i, calls);
    }
}

/* Falls for ever. */
static double slope(void *arg, const double *x, double *g)
{
    (void)arg;
    g[0] = 1;
    return x[0];
}

static double nowhere(void *arg, const double *x, double *g)
{
    (void)arg;
    g[0] = x[0];
    return NAN;
}

static void functions_without_a_minimum_end(struct check *c)
{
    const bt_lbfgs_options o = {.max_steps = 10, .tolerance = 1e-4};
    double x[1] = {0};
    bolter_logistic_end end;
    CHECK(c, bt_lbfgs(x, 1, slope, NULL, &o, &end, NULL) == BOLTER_OK, "a slope");
    CHECK(c, end.n_steps <= 10 && isfinite(x[0]), "%zu steps to %g", end.n_steps, x[0]);
    CHECK(c, bt_lbfgs(x, 1, nowhere, NULL, &o, &end, NULL) == BOLTER_E_NUMERIC, "no value");
}

/* ---- Memory ---- */

static void failed_allocations_are_NOMEM(struct check *c)
{
    struct data d = data_of(counts, 1);
    for (int logistic = 0; logistic < 2; logistic++) {
        bolter_status rc = BOLTER_E_NOMEM;
        unsigned long nth = 0;
        while (rc == BOLTER_E_NOMEM && nth < 100) {
            bolter_error err = {0};
            bolter_linear *l = NULL;
            bolter_logistic_options o = {.threads = 1};
            bt_mem_fail_from(++nth);
            rc = logistic ? bolter_linear_logistic(&l, d.train, two, 2, &o, NULL, &err)
                          : bolter_linear_bayes(&l, d.train, two, 2, 1, &err);
            bt_mem_fail_from(0);
            CHECK(c, rc == err.code && (rc == BOLTER_OK) == (l != NULL), "%lu: %s", nth, err.text);
            bolter_linear_free(l);
        }
        CHECK(c, rc == BOLTER_OK && nth > 3, "allocation %lu: %s", nth, bolter_status_name(rc));
    }
    free_data(&d);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(bayes_by_hand),
        CASE(bayes_is_scikit_learns),
        CASE(bayes_of_tfidf_is_scikit_learns),
        CASE(logistic_of_two_labels_is_scikit_learns),
        CASE(logistic_of_three_labels_is_scikit_learns),
        CASE(the_bias_alone_learns_the_share_of_each_label),
        CASE(the_gradient_agrees_with_differences),
        CASE(the_loss_of_far_logits_is_finite),
        CASE(any_number_of_threads_gives_the_same_bits),
        CASE(steps_run_out_without_convergence),
        CASE(wrong_arguments_are_refused),
        CASE(log_odds_do_not_saturate),
        CASE(a_curved_valley_is_followed_to_its_end),
        CASE(functions_without_a_minimum_end),
        CASE(failed_allocations_are_NOMEM),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
