/*
 * cutoffs.c - recall and false positive rate at a list of thresholds. The bound of a rate is exact
 * for a threshold that was not chosen by these scores; for one that is, see promise.h.
 */
#include "trainer/cutoffs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "trainer/options.h"
#include "trainer/report.h"

bool cutoffs_parse(struct cutoffs *c, const char *list)
{
    const char *at = list;
    for (c->n = 0; c->n < MAX_CUTOFFS; at++) {
        char *end;
        double x = strtod(at, &end);
        if (end == at || !isfinite(x) || (*end != ',' && *end != 0))
            break;
        c->at[c->n++] = x;
        at = end;
        if (*end == 0)
            return true;
    }
    complain("--cutoffs: \"%s\", expected at most %d numbers with commas between them", list,
             MAX_CUTOFFS);
    return false;
}

struct outcome {
    uint64_t n_spam, n_ham, tp, fp;
    double recall, fpr, bound;
};

static struct outcome outcome_at(const bolter_scores *s, double threshold, double confidence)
{
    struct outcome o = {0};
    for (size_t i = 0; i < s->n; i++) {
        bool called = s->score[i] >= threshold;
        o.n_spam += s->truth[i] == 1;
        o.n_ham += s->truth[i] == 0;
        o.tp += called && s->truth[i] == 1;
        o.fp += called && s->truth[i] == 0;
    }
    o.recall = (double)o.tp / (double)o.n_spam;
    o.fpr = (double)o.fp / (double)o.n_ham;
    o.bound = bolter_rate_bound(o.fp, o.n_ham, confidence);
    return o;
}

static void print_rate(double x)
{
    if (isfinite(x))
        printf(" %9.4f %%", 100 * x);
    else
        printf(" %11s", "-");
}

void cutoffs_print(const struct cutoffs *c, const bolter_scores *s, double confidence)
{
    printf("%-12s %11s %11s    ham lost of 1,000 (at most, with %.6g %% confidence)\n", "spam from",
           "spam found", "ham lost", 100 * confidence);
    for (size_t i = 0; i < c->n; i++) {
        struct outcome o = outcome_at(s, c->at[i], confidence);
        printf("%-12.7g", c->at[i]);
        print_rate(o.recall);
        print_rate(o.fpr);
        if (o.n_ham > 0)
            printf(" %9.2f (%.2f)", 1000 * o.fpr, 1000 * o.bound);
        putchar('\n');
    }
}

json_t *cutoffs_json(const struct cutoffs *c, const bolter_scores *s, double confidence)
{
    json_t *out = json_array();
    for (size_t i = 0; i < c->n; i++) {
        struct outcome o = outcome_at(s, c->at[i], confidence);
        json_array_append_new(
            out, json_pack("{s:f, s:I, s:I, s:o, s:o, s:f, s:f}", "threshold", c->at[i], "tp",
                           (json_int_t)o.tp, "fp", (json_int_t)o.fp, "recall",
                           json_number_or_null(o.recall), "fpr", json_number_or_null(o.fpr),
                           "fpr_at_most", o.bound, "confidence", confidence));
    }
    return out;
}
