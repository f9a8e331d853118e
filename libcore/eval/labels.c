/*
 * labels.c - bolter_labels_of: how well a model tells several labels apart.
 *
 * Precision is NaN for a label that was never given, recall and F1 are for one that is not in the data
 * and are left out of the macro mean. Intervals as in metrics.c: exact ones of accuracy, precision and
 * recall; for F1 each label's examples are drawn apart.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "eval/binomial.h"
#include "eval/percentile.h"

/* Places in a row of what the bootstrap measures: macro-F1, then F1 of each label. */
enum { MACRO_F1, FIRST };
#define F1(k)        (FIRST + (k))
#define N_MEASURE(K) (FIRST + (K))

struct table {
    uint64_t *cell; /* (K, K), by truth and answer */
    size_t K;
};

static uint64_t row_sum(const struct table *t, size_t k)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < t->K; i++)
        sum += t->cell[k * t->K + i];
    return sum;
}

static uint64_t column_sum(const struct table *t, size_t k)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < t->K; i++)
        sum += t->cell[i * t->K + k];
    return sum;
}

static void measure(const struct table *t, double *out)
{
    double f1_sum = 0, n_f1 = 0;
    for (size_t k = 0; k < t->K; k++) {
        double hit = (double)t->cell[k * t->K + k];
        double there = (double)row_sum(t, k), given = (double)column_sum(t, k);
        out[F1(k)] = there > 0 ? 2 * hit / (there + given) : NAN;
        f1_sum += there > 0 ? out[F1(k)] : 0;
        n_f1 += there > 0;
    }
    out[MACRO_F1] = f1_sum / n_f1;
}

/* A sample of each label's answers, drawn from those that the data has. */
static void draw(const struct table *data, struct table *sample, bt_rng *rng)
{
    size_t K = data->K;
    memset(sample->cell, 0, K * K * sizeof *sample->cell);
    for (size_t k = 0; k < K; k++) {
        const uint64_t *row = data->cell + k * K;
        uint64_t n = row_sum(data, k);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t at = bt_rng_below(rng, n);
            size_t answer = 0;
            while (at >= row[answer])
                at -= row[answer++];
            sample->cell[k * K + answer]++;
        }
    }
}

static bolter_status check_input(const int32_t *answer, const int32_t *truth, size_t n, size_t K,
                                 bolter_error *err)
{
    if (n == 0 || K == 0)
        return bt_fail(err, BOLTER_E_ARG, "labels: %zu examples of %zu labels, expected some", n,
                       K);
    for (size_t i = 0; i < n; i++)
        if (answer[i] < 0 || (size_t)answer[i] >= K || truth[i] < 0 || (size_t)truth[i] >= K)
            return bt_fail(err, BOLTER_E_ARG,
                           "labels: example %zu has %d for %d, expected 0 to %zu", i,
                           (int)answer[i], (int)truth[i], K - 1);
    return BOLTER_OK;
}

static void fill(bolter_label_report *r, const double *value, double *samples, size_t n_boot)
{
    const struct table data = {r->confusion, r->n_label};
    uint64_t right = 0;
    r->macro_f1 = bt_interval_of(value[MACRO_F1], samples + MACRO_F1 * n_boot, n_boot);
    for (size_t k = 0; k < r->n_label; k++) {
        bolter_label_measures *m = &r->label[k];
        uint64_t hit = r->confusion[k * r->n_label + k];
        right += hit;
        m->n = row_sum(&data, k);
        m->n_answers = column_sum(&data, k);
        m->precision = bt_rate_interval(hit, m->n_answers, 0.95);
        m->recall = bt_rate_interval(hit, m->n, 0.95);
        m->f1 = bt_interval_of(value[F1(k)], samples + F1(k) * n_boot, n_boot);
    }
    r->accuracy = bt_rate_interval(right, r->n, 0.95);
}

/* samples (N_MEASURE, n_boot) and value (N_MEASURE) of the report's table. */
static void bootstrap(const bolter_label_report *r, struct table *sample, size_t n_boot,
                      uint64_t seed, double *value, double *samples)
{
    const struct table data = {r->confusion, r->n_label};
    for (size_t b = 0; b < n_boot; b++) {
        bt_rng rng = {.seed = seed, .stream = b};
        draw(&data, sample, &rng);
        measure(sample, value);
        for (size_t m = 0; m < N_MEASURE(r->n_label); m++)
            samples[m * n_boot + b] = value[m];
    }
    measure(&data, value);
}

bolter_status bolter_labels_of(const int32_t *answer, const int32_t *truth, size_t n,
                               size_t n_label, size_t n_boot, uint64_t seed,
                               bolter_label_report *out, bolter_error *err)
{
    bolter_status rc = check_input(answer, truth, n, n_label, err);
    if (rc != BOLTER_OK)
        return rc;
    size_t n_cell = 0, n_sample = 0;
    bool fits = bt_mul_size(n_label, n_label, &n_cell) &&
                bt_mul_size(N_MEASURE(n_label), n_boot, &n_sample);
    bolter_label_report r = {.n = n, .n_label = n_label};
    r.label = fits ? bt_alloc_array(n_label, sizeof *r.label) : NULL;
    r.confusion = fits ? bt_alloc_array(n_cell, sizeof *r.confusion) : NULL;
    struct table sample = {fits ? bt_alloc_array(n_cell, sizeof *sample.cell) : NULL, n_label};
    double *value = bt_alloc_array(N_MEASURE(n_label), sizeof *value);
    double *samples = fits ? bt_alloc_array(n_sample, sizeof *samples) : NULL;
    if (r.label && r.confusion && sample.cell && value && samples) {
        for (size_t i = 0; i < n; i++)
            r.confusion[(size_t)truth[i] * n_label + (size_t)answer[i]]++;
        bootstrap(&r, &sample, n_boot, seed, value, samples);
        fill(&r, value, samples, n_boot);
        *out = r;
    } else {
        bolter_label_report_free(&r);
        rc = bt_fail(err, BOLTER_E_NOMEM, "labels: no memory for %zu labels, %zu samples", n_label,
                     n_boot);
    }
    bt_release(sample.cell);
    bt_release(value);
    bt_release(samples);
    return rc;
}

void bolter_label_report_free(bolter_label_report *r)
{
    bt_release(r->label);
    bt_release(r->confusion);
    *r = (bolter_label_report){0};
}
