/* measures.c - a report as a table, or as JSON. */
#include "trainer/measures.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

static const struct {
    const char *name, *title;
    size_t offset;
} measures[] = {
    {"accuracy", "accuracy", offsetof(bolter_report, accuracy)},
    {"balanced_accuracy", "balanced accuracy", offsetof(bolter_report, balanced_accuracy)},
    {"precision", "precision", offsetof(bolter_report, precision)},
    {"recall", "recall", offsetof(bolter_report, recall)},
    {"f1", "F1", offsetof(bolter_report, f1)},
    {"fpr", "false positive rate", offsetof(bolter_report, fpr)},
    {"recall_fpr_01", "recall at FPR <= 0.1 %", offsetof(bolter_report, recall_fpr_01)},
    {"recall_fpr_1", "recall at FPR <= 1 %", offsetof(bolter_report, recall_fpr_1)},
    {"auc", "ROC AUC", offsetof(bolter_report, auc)},
};

static const bolter_interval *measure(const bolter_report *r, size_t i)
{
    return (const bolter_interval *)(const void *)((const char *)r + measures[i].offset);
}

static void print_number(const char *before, double x)
{
    if (isfinite(x))
        printf("%s%.6f", before, x);
    else
        printf("%snull", before);
}

void measures_print_json(const bolter_report *r, double threshold)
{
    printf("{\"v\":1,\"n\":%llu,\"spam\":%llu,\"ham\":%llu,\"threshold\":%.6f,\"tp\":%llu,\"fp\":%llu,"
           "\"tn\":%llu,\"fn\":%llu", (unsigned long long)r->n, (unsigned long long)r->n_spam,
           (unsigned long long)r->n_ham, threshold, (unsigned long long)r->tp,
           (unsigned long long)r->fp, (unsigned long long)r->tn, (unsigned long long)r->fn);
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        const bolter_interval *x = measure(r, i);
        printf(",\"%s\":", measures[i].name);
        print_number("[", x->value);
        print_number(",", x->low);
        print_number(",", x->high);
        putchar(']');
    }
    print_number(",\"loss\":", r->loss);
    print_number(",\"brier\":", r->brier);
    putchar('}');
}

void measures_print_table(const bolter_report *r, double threshold)
{
    printf("%llu messages, %llu spam, %llu ham; spam from %.4f on\n", (unsigned long long)r->n,
           (unsigned long long)r->n_spam, (unsigned long long)r->n_ham, threshold);
    printf("%llu spam found, %llu missed; %llu ham called spam, %llu passed\n\n",
           (unsigned long long)r->tp, (unsigned long long)r->fn, (unsigned long long)r->fp,
           (unsigned long long)r->tn);
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        const bolter_interval *x = measure(r, i);
        printf("%-24s %8.3f %%  [%.2f, %.2f]\n", measures[i].title, 100 * x->value, 100 * x->low,
               100 * x->high);
    }
    printf("%-24s %8.4f\n%-24s %8.4f\n%-24s %8.4f\n", "(1-ROCA)%", 100 * (1 - r->auc.value), "loss",
           r->loss, "Brier score", r->brier);
}
