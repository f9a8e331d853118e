/* report.c - tables and JSON of what was measured. */
#include "trainer/report.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "trainer/options.h"

enum unit { PER_CENT, PLAIN };

static const struct measure {
    const char *name, *title;
    enum unit unit;
    size_t offset;
} measures[] = {
    {"accuracy", "accuracy", PER_CENT, offsetof(bolter_report, accuracy)},
    {"balanced_accuracy", "balanced accuracy", PER_CENT,
     offsetof(bolter_report, balanced_accuracy)},
    {"precision", "precision", PER_CENT, offsetof(bolter_report, precision)},
    {"recall", "recall", PER_CENT, offsetof(bolter_report, recall)},
    {"f1", "F1", PER_CENT, offsetof(bolter_report, f1)},
    {"fpr", "ham called spam (hm%)", PER_CENT, offsetof(bolter_report, fpr)},
    {"miss", "spam called ham (sm%)", PER_CENT, offsetof(bolter_report, miss)},
    {"lam", "logistic mean (lam%)", PER_CENT, offsetof(bolter_report, lam)},
    {"recall_fpr_01", "recall at FPR <= 0.1 %", PER_CENT, offsetof(bolter_report, recall_fpr_01)},
    {"recall_fpr_05", "recall at FPR <= 0.5 %", PER_CENT, offsetof(bolter_report, recall_fpr_05)},
    {"recall_fpr_1", "recall at FPR <= 1 %", PER_CENT, offsetof(bolter_report, recall_fpr_1)},
    {"auc", "ROC AUC", PER_CENT, offsetof(bolter_report, auc)},
    {"loss", "loss (nats)", PLAIN, offsetof(bolter_report, loss)},
    {"brier", "Brier score", PLAIN, offsetof(bolter_report, brier)},
};
#define N_MEASURE (sizeof measures / sizeof *measures)

static const bolter_interval *measured(const bolter_report *r, size_t i)
{
    return (const bolter_interval *)(const void *)((const char *)r + measures[i].offset);
}

/* ---- Tables ---- */

static void print_number(const char *before, double x, int decimals, const char *after)
{
    if (isfinite(x))
        printf("%s%.*f%s", before, decimals, x, after);
    else
        printf("%s-%s", before, after);
}

const char *report_cell(char text[32], double x, int decimals)
{
    if (isfinite(x))
        snprintf(text, 32, "%.*f", decimals, x);
    else
        snprintf(text, 32, "-");
    return text;
}

static void print_interval(const char *title, bolter_interval x, enum unit unit)
{
    double by = unit == PER_CENT ? 100 : 1;
    int decimals = unit == PER_CENT ? 3 : 4;
    char value[32];
    printf("%-24s %9s%s", title, report_cell(value, by * x.value, decimals), unit == PER_CENT ? " %" : "  ");
    print_number("  [", by * x.low, decimals, ", ");
    print_number("", by * x.high, decimals, "]\n");
}

/* The area above the ROC curve, from the area below it. */
static bolter_interval area_above(bolter_interval auc)
{
    return (bolter_interval){1 - auc.value, 1 - auc.high, 1 - auc.low};
}

void report_print(const bolter_report *r, double threshold)
{
    printf("%llu messages, %llu spam, %llu ham; spam from %.6g on\n", (unsigned long long)r->n,
           (unsigned long long)r->n_spam, (unsigned long long)r->n_ham, threshold);
    printf("%llu spam found, %llu missed; %llu ham called spam, %llu passed\n\n",
           (unsigned long long)r->tp, (unsigned long long)r->fn, (unsigned long long)r->fp,
           (unsigned long long)r->tn);
    for (size_t i = 0; i < N_MEASURE; i++)
        print_interval(measures[i].title, *measured(r, i), measures[i].unit);
    print_interval("(1-ROCA)%", area_above(r->auc), PER_CENT);
    if (isfinite(r->ece))
        printf("%-24s %9.3f %%\n", "calibration error (ECE)", 100 * r->ece);
}

void report_print_difference(const bolter_report *d)
{
    printf("The second less the first, on the %llu messages of both:\n\n",
           (unsigned long long)d->n);
    for (size_t i = 0; i < N_MEASURE; i++) {
        const bolter_interval *x = measured(d, i);
        double by = measures[i].unit == PER_CENT ? 100 : 1;
        printf("%-24s ", measures[i].title);
        print_number("", by * x->value, 4, "  [");
        print_number("", by * x->low, 4, ", ");
        print_number("", by * x->high, 4, x->low > 0 || x->high < 0 ? "]  differs\n" : "]\n");
    }
}

void report_print_bins(const bolter_bin bins[BOLTER_N_BIN])
{
    printf("%-12s %8s %8s %12s %12s   95 %%\n", "score", "messages", "spam", "mean score",
           "share of spam");
    for (size_t b = 0; b < BOLTER_N_BIN; b++) {
        printf("%.1f to %.1f   %8llu %8llu", bins[b].low, bins[b].low + 1.0 / BOLTER_N_BIN,
               (unsigned long long)bins[b].n, (unsigned long long)bins[b].n_spam);
        if (bins[b].n > 0)
            printf(" %12.4f %12.4f   [%.4f, %.4f]", bins[b].mean_score, bins[b].spam.value,
                   bins[b].spam.low, bins[b].spam.high);
        putchar('\n');
    }
}

void report_print_labels(const bolter_label_report *r, const char *(*name)(const void *, size_t),
                         const void *arg)
{
    printf("%llu texts, %zu labels\n\n", (unsigned long long)r->n, r->n_label);
    print_interval("accuracy", r->accuracy, PER_CENT);
    print_interval("macro F1", r->macro_f1, PER_CENT);
    for (size_t k = 0; k < r->n_label; k++) {
        const bolter_label_measures *m = &r->label[k];
        printf("\n%s: %llu texts, given to %llu\n", name(arg, k), (unsigned long long)m->n,
               (unsigned long long)m->n_answers);
        print_interval("  precision", m->precision, PER_CENT);
        print_interval("  recall", m->recall, PER_CENT);
        print_interval("  F1", m->f1, PER_CENT);
    }
    puts("\nWhat they are (lines) and what was answered (columns, in the same order):");
    for (size_t k = 0; k < r->n_label; k++) {
        printf("%-20.20s", name(arg, k));
        for (size_t i = 0; i < r->n_label; i++)
            printf(" %7llu", (unsigned long long)r->confusion[k * r->n_label + i]);
        putchar('\n');
    }
}

/* ---- JSON ---- */

json_t *json_number_or_null(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

bool report_print_line(json_t *object)
{
    char *text = object ? json_dumps(object, JSON_REAL_PRECISION(9) | JSON_COMPACT) : NULL;
    if (text)
        puts(text);
    else
        complain("no memory");
    fflush(stdout);
    free(text);
    json_decref(object);
    return text != NULL;
}

static json_t *interval_json(bolter_interval x)
{
    return json_pack("[o, o, o]", json_number_or_null(x.value), json_number_or_null(x.low),
                     json_number_or_null(x.high));
}

static void add_measures(json_t *to, const bolter_report *r)
{
    for (size_t i = 0; i < N_MEASURE; i++)
        json_object_set_new(to, measures[i].name, interval_json(*measured(r, i)));
}

void report_add(json_t *to, const bolter_report *r, double threshold)
{
    json_t *head =
        json_pack("{s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I}", "n", (json_int_t)r->n, "spam",
                  (json_int_t)r->n_spam, "ham", (json_int_t)r->n_ham, "threshold",
                  json_number_or_null(threshold), "tp", (json_int_t)r->tp, "fp", (json_int_t)r->fp,
                  "tn", (json_int_t)r->tn, "fn", (json_int_t)r->fn);
    json_object_update(to, head);
    json_decref(head);
    add_measures(to, r);
    json_object_set_new(to, "ece", json_number_or_null(r->ece));
}

json_t *report_difference_json(const bolter_report *d)
{
    json_t *out = json_pack("{s:I}", "n", (json_int_t)d->n);
    add_measures(out, d);
    return out;
}

json_t *report_bins_json(const bolter_bin bins[BOLTER_N_BIN])
{
    json_t *out = json_array();
    for (size_t b = 0; b < BOLTER_N_BIN; b++)
        json_array_append_new(out,
                              json_pack("{s:f, s:I, s:I, s:o, s:o}", "low", bins[b].low, "n",
                                        (json_int_t)bins[b].n, "spam", (json_int_t)bins[b].n_spam,
                                        "mean_score", json_number_or_null(bins[b].mean_score),
                                        "share", interval_json(bins[b].spam)));
    return out;
}

json_t *report_labels_json(const bolter_label_report *r, const char *(*name)(const void *, size_t),
                           const void *arg)
{
    json_t *labels = json_array(), *confusion = json_array();
    for (size_t k = 0; k < r->n_label; k++) {
        const bolter_label_measures *m = &r->label[k];
        json_t *row = json_array();
        for (size_t i = 0; i < r->n_label; i++)
            json_array_append_new(row, json_integer((json_int_t)r->confusion[k * r->n_label + i]));
        json_array_append_new(confusion, row);
        json_array_append_new(labels,
                              json_pack("{s:s, s:I, s:I, s:o, s:o, s:o}", "label", name(arg, k),
                                        "n", (json_int_t)m->n, "answers", (json_int_t)m->n_answers,
                                        "precision", interval_json(m->precision), "recall",
                                        interval_json(m->recall), "f1", interval_json(m->f1)));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "accuracy", interval_json(r->accuracy), "macro_f1",
                     interval_json(r->macro_f1), "labels", labels, "confusion", confusion);
}
