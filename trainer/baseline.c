/* baseline.c - features and fit of the baselines, by the library's word counting. */
#include "trainer/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/progress.h"

/* From so many bytes of training texts on, n-grams of 2 and 5 characters are left out. */
#define MANY_BYTES 5000000

/* Of the intervals; as for evaluate. */
#define N_BOOT 1000
#define SEED   1

static bool failed(const bolter_error *err)
{
    complain("%s", err->code ? err->text : "no memory");
    return false;
}

/* ---- Features ---- */

static size_t training_bytes(const struct baseline *b)
{
    const struct text_part *p = &b->texts.part[BOLTER_TRAIN];
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->row[i].n;
    return n;
}

static bool open_words(struct baseline *b, bolter_error *err)
{
    bool many = training_bytes(b) >= MANY_BYTES;
    const bolter_grams counts = {
        .kind = BOLTER_GRAM_WORDS, .min_n = 1, .max_n = 1, .max_columns = b->max_features};
    const bolter_grams both[] = {
        {BOLTER_GRAM_TOKENS, 1, 2, 2, b->max_features, true},
        {BOLTER_GRAM_CHARS, many ? 3 : 2, many ? 4 : 5, 3, b->max_features, true},
    };
    bolter_status rc;
    if (strcmp(b->features, "words") == 0)
        rc = bolter_words_open(&b->words, &counts, 1, err);
    else
        rc = bolter_words_open(&b->words, both, strcmp(b->features, "words-chars") == 0 ? 2 : 1,
                               err);
    return rc == BOLTER_OK;
}

static bool count_words(struct baseline *b, bolter_error *err)
{
    const struct text_part *p = &b->texts.part[BOLTER_TRAIN];
    struct progress progress;
    progress_start(&progress, "counted");
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < p->n; i++) {
        rc = bolter_words_count(b->words, p->row[i].text, p->row[i].n, err);
        progress_show(&progress, i + 1, p->n, "");
    }
    progress_end(&progress);
    return rc == BOLTER_OK && bolter_words_fit(b->words, err) == BOLTER_OK;
}

static bool make_part(struct baseline *b, size_t part, bolter_error *err)
{
    const struct text_part *p = &b->texts.part[part];
    struct progress progress;
    progress_start(&progress, "rows");
    bolter_status rc = bolter_sparse_open(&b->x[part], b->n_columns, err);
    b->labels[part] = calloc(p->n + 1, sizeof *b->labels[part]);
    if (!b->labels[part])
        return false;
    for (size_t i = 0; rc == BOLTER_OK && i < p->n; i++) {
        b->labels[part][i] = p->row[i].label;
        rc = bolter_words_row(b->words, b->x[part], p->row[i].text, p->row[i].n, err);
        progress_show(&progress, i + 1, p->n, "");
    }
    progress_end(&progress);
    return rc == BOLTER_OK;
}

bool baseline_make_rows(struct baseline *b)
{
    bolter_error err = {0};
    double begin = seconds_now();
    bool ok = open_words(b, &err) && count_words(b, &err);
    b->n_columns = ok ? bolter_words_columns(b->words) : 0;
    for (size_t part = 0; ok && part < TEXT_PARTS; part++)
        ok = make_part(b, part, &err);
    texts_drop(&b->texts);
    b->features_s = seconds_now() - begin;
    return ok || failed(&err);
}

/* ---- Measures ---- */

static double log_odds(const struct baseline *b, bolter_part part, size_t row)
{
    size_t K = b->texts.n_label;
    return bolter_log_odds(b->logits[part] + row * K, K, b->positive);
}

double baseline_score(const struct baseline *b, bolter_part part, size_t row)
{
    return 0.5 + atan(log_odds(b, part, row)) / acos(-1);
}

static bool make_logits(struct baseline *b, bolter_part part, bolter_error *err)
{
    size_t n = bolter_sparse_rows(b->x[part]);
    free(b->logits[part]);
    b->logits[part] = calloc(n * b->texts.n_label + 1, sizeof *b->logits[part]);
    return b->logits[part] &&
           bolter_linear_logits(b->model, b->x[part], b->logits[part], err) == BOLTER_OK;
}

/* Measures of ranks by scores, which do not saturate; losses by probabilities. */
static bool report(struct baseline *b, bolter_part part, size_t n_boot, bolter_error *err)
{
    size_t n = bolter_sparse_rows(b->x[part]);
    double *odds = calloc(n + 1, sizeof *odds), *prob = calloc(n + 1, sizeof *prob);
    int32_t *truth = calloc(n + 1, sizeof *truth);
    bool ok = odds && prob && truth;
    for (size_t i = 0; ok && i < n; i++) {
        odds[i] = log_odds(b, part, i);
        prob[i] = 1 / (1 + exp(-odds[i]));
        truth[i] = b->labels[part][i] == (int32_t)b->positive;
    }
    /* Probabilities of 1 are ties, which log odds still tell apart; the losses need probabilities. */
    bolter_report *r = &b->report[part], losses;
    bolter_scores by_odds = {odds, truth, n, 0}, by_prob = {prob, truth, n, 0.5};
    ok = ok && bolter_report_of(&by_odds, n_boot, SEED, r, err) == BOLTER_OK &&
         bolter_report_of(&by_prob, 0, SEED, &losses, err) == BOLTER_OK;
    if (ok) {
        r->loss = losses.loss;
        r->brier = losses.brier;
    }
    free(odds);
    free(prob);
    free(truth);
    return ok;
}

bool baseline_measure(struct baseline *b)
{
    bolter_error err = {0};
    bool ok = true;
    for (size_t part = 0; ok && part < TEXT_PARTS; part++)
        if (b->texts.part[part].n > 0)
            ok = make_logits(b, (bolter_part)part, &err) &&
                 report(b, (bolter_part)part, part == BOLTER_TRAIN ? 0 : N_BOOT, &err);
    return ok || failed(&err);
}

/* ---- Fit ---- */

static void show_step(void *ud, size_t step, double gradient)
{
    (void)gradient;
    progress_show(ud, step, step, "steps");
}

static bool fit_one(struct baseline *b, double parameter, bolter_linear **out,
                    bolter_logistic_end *end)
{
    bolter_error err = {0};
    const bolter_sparse *x = b->x[BOLTER_TRAIN];
    const int32_t *labels = b->labels[BOLTER_TRAIN];
    struct progress progress;
    bolter_status rc;
    *end = (bolter_logistic_end){.converged = true};
    if (strcmp(b->method, "nb") == 0) {
        rc = bolter_linear_bayes(out, x, labels, b->texts.n_label, parameter, &err);
    } else {
        bolter_logistic_options o = {.c = parameter,
                                     .balanced = b->balanced,
                                     .threads = b->threads,
                                     .progress = show_step,
                                     .ud = &progress};
        progress_start(&progress, "fitting");
        rc = bolter_linear_logistic(out, x, labels, b->texts.n_label, &o, end, &err);
        progress_end(&progress);
    }
    return rc == BOLTER_OK || failed(&err);
}

/* Area under the validation part's ROC curve. */
static bool validate(struct baseline *b, double *auc)
{
    bolter_error err = {0};
    if (!make_logits(b, BOLTER_VALID, &err) || !report(b, BOLTER_VALID, 0, &err))
        return failed(&err);
    *auc = b->report[BOLTER_VALID].auc.value;
    if (isnan(*auc))
        complain("the validation part has not both \"%s\" and others to choose by",
                 b->texts.label[b->positive]);
    return !isnan(*auc);
}

/* Fit with each value, keep the model with the largest area. */
static bool choose(struct baseline *b, const double *values, size_t n)
{
    bolter_linear *best = NULL;
    double best_auc = -1;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        bolter_logistic_end end;
        double auc = NAN;
        ok = fit_one(b, values[i], &b->model, &end) && validate(b, &auc);
        bool better = ok && auc > best_auc;
        bolter_linear_free(better ? best : b->model);
        if (better) {
            best = b->model;
            best_auc = auc;
            b->parameter = values[i];
            b->end = end;
        }
        b->model = NULL;
    }
    b->model = best;
    b->chosen = true;
    return ok;
}

bool baseline_fit(struct baseline *b)
{
    static const double alphas[] = {1, 0.1, 0.01}, of_counts[] = {1, 0.1, 0.01},
                        of_tfidf[] = {1, 10, 100};
    double begin = seconds_now();
    bool ok;
    if (b->parameter > 0)
        ok = fit_one(b, b->parameter, &b->model, &b->end);
    else if (strcmp(b->method, "nb") == 0)
        ok = choose(b, alphas, 3);
    else
        ok = choose(b, strcmp(b->features, "words") == 0 ? of_counts : of_tfidf, 3);
    b->fit_s = seconds_now() - begin;
    return ok;
}

void baseline_free(struct baseline *b)
{
    for (size_t part = 0; part < TEXT_PARTS; part++) {
        bolter_sparse_free(b->x[part]);
        free(b->labels[part]);
        free(b->logits[part]);
    }
    bolter_linear_free(b->model);
    bolter_words_free(b->words);
    texts_free(&b->texts);
}
