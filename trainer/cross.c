/*
 * cross.c - protocol cross: train on each corpus, test on all of them. What a filter learned of one
 * collection rather than of spam shows off the diagonal.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "trainer/options.h"
#include "trainer/protocol.h"
#include "trainer/report.h"

/* All test rows, one corpus after the other. */
static bool all_tests(const struct protocol *p, struct fit_rows *all)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_corpus; i++)
        n += p->corpus[i].test.n;
    *all = (struct fit_rows){calloc(n + 1, sizeof *all->row), 0};
    for (size_t i = 0; all->row && i < p->n_corpus; i++)
        for (size_t k = 0; k < p->corpus[i].test.n; k++)
            all->row[all->n++] = p->corpus[i].test.row[k];
    if (!all->row)
        complain("no memory");
    return all->row != NULL;
}

static void print_rate(double x)
{
    if (isfinite(x))
        printf(" %8.2f", 100 * x);
    else
        printf(" %8s", "-");
}

static bool print_cell(const struct protocol *p, const char *train, const char *test,
                       const bolter_report *r, double seconds)
{
    if (p->json)
        return report_print_line(
            json_pack("{s:i, s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:f}", "v", 1, "protocol",
                      "cross", "train", train, "test", test, "n", (json_int_t)r->n, "accuracy",
                      json_number_or_null(r->accuracy.value), "f1",
                      json_number_or_null(r->f1.value), "fpr", json_number_or_null(r->fpr.value),
                      "recall_fpr_1", json_number_or_null(r->recall_fpr_1.value), "auc",
                      json_number_or_null(r->auc.value), "seconds", seconds));
    printf("%-16s %-16s %7llu", train, test, (unsigned long long)r->n);
    print_rate(r->accuracy.value);
    print_rate(r->f1.value);
    print_rate(r->fpr.value);
    print_rate(r->recall_fpr_1.value);
    print_rate(r->auc.value);
    putchar('\n');
    return fflush(stdout) == 0;
}

/* Train on corpus a; scores (all->n) is scratch. */
static bool row(const struct protocol *p, size_t a, const struct fit_rows *all, double *scores,
                int32_t *truth)
{
    const struct protocol_corpus *from = &p->corpus[a];
    double seconds = 0;
    if (!protocol_fit(p, from, &from->train, &from->validation, all, p->seed, scores, &seconds))
        return false;
    size_t at = 0;
    for (size_t b = 0; b < p->n_corpus; b++) {
        const struct protocol_corpus *to = &p->corpus[b];
        bolter_error err = {0};
        bolter_report r;
        protocol_truth(to, &to->test, truth);
        const bolter_scores s = {scores + at, truth, to->test.n, 0.5};
        if (bolter_report_of(&s, 0, 1, &r, &err) != BOLTER_OK) {
            complain("%s: %s", to->name, err.text);
            return false;
        }
        if (!print_cell(p, from->name, to->name, &r, seconds))
            return false;
        at += to->test.n;
    }
    return true;
}

bool protocol_cross(struct protocol *p)
{
    struct fit_rows all = {NULL, 0};
    if (!all_tests(p, &all))
        return false;
    double *scores = calloc(all.n + 1, sizeof *scores);
    int32_t *truth = calloc(all.n + 1, sizeof *truth);
    bool ok = scores && truth;
    if (!ok)
        complain("no memory");
    if (ok && !p->json)
        printf("%-16s %-16s %7s %8s %8s %8s %8s %8s   (per cent)\n", "trained on", "tested on",
               "texts", "accuracy", "F1", "FPR", "rec@1%", "AUC");
    for (size_t a = 0; ok && a < p->n_corpus; a++)
        ok = row(p, a, &all, scores, truth);
    free(scores);
    free(truth);
    free(all.row);
    return ok;
}
