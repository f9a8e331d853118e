/*
 * fewshot.c - protocol few-shot: how well a recipe does with a handful of labelled texts. So many
 * texts in all, not of each label, in the proportions of the training part: of four texts of a
 * corpus with little spam none may be spam. F1 of spam at 0.5. Source: Labonne, Moran 2023,
 * "Spam-T5", section 4.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/options.h"
#include "trainer/order.h"
#include "trainer/protocol.h"
#include "trainer/report.h"

#define MAX_LABELS 256
#define TEST_ROUND 1000000 /* the draw of the test texts is another than those of any size */

/* How many of n each label gets: its share rounded down, the rest to the largest remainders. */
static void quotas(const struct protocol_corpus *c, size_t n, size_t quota[MAX_LABELS])
{
    size_t K = bolter_dataset_n_label(c->d), count[MAX_LABELS] = {0}, given = 0;
    double rest[MAX_LABELS];
    for (size_t i = 0; i < c->train.n; i++)
        count[c->train.row[i]->label]++;
    for (size_t k = 0; k < K; k++) {
        double share = (double)n * (double)count[k] / (double)c->train.n;
        quota[k] = (size_t)share;
        rest[k] = share - floor(share);
        given += quota[k];
    }
    for (; given < n; given++) {
        size_t most = 0;
        for (size_t k = 1; k < K; k++)
            most = rest[k] > rest[most] ? k : most;
        quota[most]++;
        rest[most] = -1;
    }
}

/* n rows of the training part in a seeded order; rows has room for n. */
static bool draw(const struct protocol_corpus *c, size_t n, size_t seed, struct fit_rows *rows)
{
    size_t quota[MAX_LABELS] = {0}, *order = calloc(c->train.n + 1, sizeof *order);
    if (!order) {
        complain("no memory");
        return false;
    }
    quotas(c, n, quota);
    order_shuffle(order, c->train.n, seed, n);
    rows->n = 0;
    for (size_t i = 0; i < c->train.n && rows->n < n; i++) {
        const bolter_row *row = c->train.row[order[i]];
        if (quota[row->label] > 0) {
            quota[row->label]--;
            rows->row[rows->n++] = row;
        }
    }
    free(order);
    return true;
}

struct figures {
    double f1, f1_squares, auc, seconds;
};

static bool print_run(size_t n, size_t seed, size_t n_spam, const bolter_report *r, double seconds)
{
    return report_print_line(json_pack(
        "{s:i, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:f}", "v", 1, "protocol", "few-shot", "texts",
        (json_int_t)n, "seed", (json_int_t)seed, "spam_trained", (json_int_t)n_spam, "f1",
        json_number_or_null(r->f1.value), "auc", json_number_or_null(r->auc.value), "accuracy",
        json_number_or_null(r->accuracy.value), "seconds", seconds));
}

/* One run of n texts, added to the sums. scores (test->n) is scratch. */
static bool run(const struct protocol *p, size_t n, size_t seed, const struct fit_rows *test,
                const bolter_scores *s, double *scores, struct figures *sums)
{
    const struct protocol_corpus *c = &p->corpus[0];
    const struct fit_rows none = {NULL, 0};
    struct fit_rows rows = {calloc(n + 1, sizeof *rows.row), 0};
    bolter_report r;
    bolter_error err = {0};
    double seconds = 0;
    size_t n_spam = 0;
    bool ok = rows.row && draw(c, n, seed, &rows) &&
              protocol_fit(p, c, &rows, &none, test, seed, scores, &seconds);
    for (size_t i = 0; ok && i < rows.n; i++)
        n_spam += rows.row[i]->label == protocol_spam(c);
    free(rows.row);
    if (ok && bolter_report_of(s, 0, 1, &r, &err) != BOLTER_OK) {
        complain("%s", err.text);
        ok = false;
    }
    if (!ok)
        return false;
    sums->f1 += r.f1.value;
    sums->f1_squares += r.f1.value * r.f1.value;
    sums->auc += r.auc.value;
    sums->seconds += seconds;
    return !p->json || print_run(n, seed, n_spam, &r, seconds);
}

static bool runs_of_size(const struct protocol *p, size_t n, const struct fit_rows *test,
                         const bolter_scores *s, double *scores)
{
    struct figures sums = {0};
    double runs = (double)p->n_seed;
    for (size_t i = 0; i < p->n_seed; i++)
        if (!run(p, n, p->seed + i, test, s, scores, &sums))
            return false;
    char f1[32], sd[32], auc[32];
    double mean = sums.f1 / runs, variance = sums.f1_squares / runs - mean * mean;
    if (!p->json)
        printf("%7zu   %5s +- %5s   %6s   %9.1f\n", n, report_cell(f1, mean, 3),
               report_cell(sd, sqrt(variance < 0 ? 0 : variance), 3),
               report_cell(auc, sums.auc / runs, 4), sums.seconds / runs);
    return fflush(stdout) == 0;
}

/* The next number of a list; 0 at its end or for what is none. */
static size_t next_size(const char **list)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(*list, &end, 10);
    bool number = end > *list && **list >= '0' && **list <= '9' && !errno && n > 0;
    if (!number || (*end != ',' && *end != 0))
        return 0;
    *list = *end ? end + 1 : end;
    return (size_t)n;
}

static bool check_sizes(const struct protocol *p)
{
    const char *list = p->sizes;
    size_t n, most = 0;
    while (*list && (n = next_size(&list)) > 0)
        most = n > most ? n : most;
    if (*list || most == 0)
        complain("--sizes: \"%s\", expected whole numbers with commas between them", p->sizes);
    else if (most > p->corpus[0].train.n)
        complain("--sizes: %zu, the training part has %zu texts", most, p->corpus[0].train.n);
    return !*list && most > 0 && most <= p->corpus[0].train.n;
}

/* At most max_test rows of the test part, the same for every run. */
static bool draw_test(const struct protocol *p, struct fit_rows *test)
{
    const struct fit_rows *all = &p->corpus[0].test;
    size_t n = p->max_test > 0 && p->max_test < all->n ? p->max_test : all->n;
    size_t *order = calloc(all->n + 1, sizeof *order);
    *test = (struct fit_rows){calloc(n + 1, sizeof *test->row), n};
    bool ok = order && test->row;
    if (ok)
        order_shuffle(order, all->n, p->seed, TEST_ROUND);
    for (size_t i = 0; ok && i < n; i++)
        test->row[i] = all->row[order[i]];
    free(order);
    if (!ok)
        complain("no memory");
    return ok;
}

bool protocol_few_shot(struct protocol *p)
{
    struct fit_rows test = {NULL, 0};
    if (!check_sizes(p) || !draw_test(p, &test)) {
        free(test.row);
        return false;
    }
    double *scores = calloc(test.n + 1, sizeof *scores);
    int32_t *truth = calloc(test.n + 1, sizeof *truth);
    bool ok = scores && truth;
    if (ok)
        protocol_truth(&p->corpus[0], &test, truth);
    else
        complain("no memory");
    const bolter_scores s = {scores, truth, test.n, 0.5};
    if (ok && !p->json)
        printf("%zu test texts, %zu runs of each size\n\n  texts   F1 (sd)           AUC      "
               "seconds a run\n",
               test.n, p->n_seed);
    const char *list = p->sizes;
    while (ok && *list)
        ok = runs_of_size(p, next_size(&list), &test, &s, scores);
    free(scores);
    free(truth);
    free(test.row);
    return ok;
}
