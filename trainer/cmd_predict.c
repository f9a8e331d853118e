/* cmd_predict.c - bolter-train predict and evaluate: a model's scores on corpora, and their metrics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/commands.h"
#include "trainer/measures.h"
#include "trainer/options.h"
#include "trainer/score.h"
#include "trainer/sources.h"

struct scores {
    const char *model, *part_name;
    struct sources sources;
    size_t threads;
    bool json;
    double threshold;
    /* made of it */
    bolter_model *m;
    bolter_dataset *d;
    bolter_part part;
    size_t n, n_label, spam_label;
    float *logits;
};

static bool read_part(struct scores *s)
{
    static const char *const names[] = {"train", "validation", "test"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(names[i], s->part_name) == 0 || strcmp("all", s->part_name) == 0) {
            s->part = strcmp("all", s->part_name) == 0 ? BOLTER_TEST : (bolter_part)i;
            return true;
        }
    }
    complain("--part: \"%s\", expected train, validation, test or all", s->part_name);
    return false;
}

/* Everything up to the logits. */
static bool open_scores(struct scores *s)
{
    bolter_error err = {0};
    bolter_part all = strcmp("all", s->part_name) == 0 ? BOLTER_TEST : BOLTER_BY_SPLIT;
    bool ok = bolter_model_open(&s->m, s->model, &err) == BOLTER_OK &&
              bolter_model_need_spam_head(s->m, &err) == BOLTER_OK &&
              bolter_dataset_open(&s->d, s->m, &err) == BOLTER_OK &&
              sources_read(&s->sources, s->d, all, &err) == BOLTER_OK;
    if (ok) {
        s->n = bolter_dataset_count(s->d, s->part);
        s->n_label = bolter_dataset_n_label(s->d);
        s->spam_label = (size_t)bolter_model_info_of(s->m)->spam_label;
        s->logits = calloc(s->n * s->n_label + 1, sizeof *s->logits);
        ok = s->logits &&
             score_part(s->m, s->d, s->part, s->threads, s->logits, &err) == BOLTER_OK;
    }
    if (!ok)
        complain("%s", err.code ? err.text : "no memory");
    return ok;
}

static void close_scores(struct scores *s)
{
    free(s->logits);
    bolter_dataset_free(s->d);
    bolter_model_unref(s->m);
}

static double spam_score(const struct scores *s, size_t i)
{
    return softmax_at(s->logits + i * s->n_label, s->n_label, s->spam_label,
                      bolter_model_info_of(s->m)->temperature);
}

static int parse(struct scores *s, int argc, char **argv, const char *usage, bool evaluate)
{
    const struct option_row rows[] = {
        STRING("model", 'm', &s->model, "DIR", "the model"),
        STRING("part", 0, &s->part_name, "PART", "train, validation, test, or all of the corpora"),
        SIZE("threads", 'j', &s->threads, 0, 256, "N", "0: all processors"),
        SOURCE_ROWS(&s->sources),
        HEADING("Output:"),
        REAL("threshold", 't', &s->threshold, 0, 1, "X", "spam from this score on, 0: the model's"),
        FLAG("json", 0, &s->json, "one JSON object"),
    };
    size_t n = sizeof rows / sizeof *rows;
    int operand = options_parse(argc, argv, rows, evaluate ? n : n - 3, usage);
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (operand < argc || !s->model || s->sources.n == 0) {
        complain("%s needs -m DIR and corpora (see --help)", argv[0]);
        return EXIT_USAGE;
    }
    return read_part(s) ? -1 : EXIT_USAGE;
}

int cmd_predict(int argc, char **argv)
{
    struct scores s = {.part_name = "all"};
    int rc = parse(&s, argc, argv, "predict -m DIR [options] corpora", false);
    if (rc >= 0)
        return rc;
    bool ok = open_scores(&s);
    for (size_t i = 0; ok && i < s.n; i++) {
        const bolter_row *row = bolter_dataset_row(s.d, s.part, i);
        const char *label = row->label >= 0 ? bolter_dataset_label(s.d, (size_t)row->label) : "-";
        printf("%s\t%s\t%.9g\n", row->id, label, spam_score(&s, i));
    }
    close_scores(&s);
    return ok ? EXIT_DONE : EXIT_FAILED;
}

/* ---- evaluate ---- */

static bool report(const struct scores *s, bolter_report *r)
{
    bolter_error err = {0};
    float *spam = calloc(s->n + 1, sizeof *spam);
    int32_t *truth = calloc(s->n + 1, sizeof *truth);
    bool ok = spam && truth;
    for (size_t i = 0; ok && i < s->n; i++) {
        const bolter_row *row = bolter_dataset_row(s->d, s->part, i);
        spam[i] = (float)spam_score(s, i);
        truth[i] = row->label == (int32_t)s->spam_label;
        if (row->label < 0) {
            snprintf(err.text, sizeof err.text, "%.200s: no label to compare with", row->id);
            err.code = BOLTER_E_FORMAT;
            ok = false;
        }
    }
    ok = ok && bolter_report_of(spam, truth, s->n, s->threshold, 1000, 1, r, &err) == BOLTER_OK;
    if (!ok)
        complain("%s", err.code ? err.text : "no memory");
    free(spam);
    free(truth);
    return ok;
}

int cmd_evaluate(int argc, char **argv)
{
    struct scores s = {.part_name = "test"};
    int rc = parse(&s, argc, argv, "evaluate -m DIR [options] corpora", true);
    if (rc >= 0)
        return rc;
    bolter_report r;
    bool ok = open_scores(&s);
    if (ok && s.threshold <= 0)
        s.threshold = bolter_model_info_of(s.m)->spam_threshold;
    ok = ok && report(&s, &r);
    if (ok && s.json) {
        measures_print_json(&r, s.threshold);
        putchar('\n');
    } else if (ok) {
        measures_print_table(&r, s.threshold);
    }
    close_scores(&s);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
