/*
 * cmd_evaluate.c - bolter-train evaluate: how well a model, or another filter's file of scores,
 * tells spam from ham; which threshold keeps a promise; plots.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bolter_train.h"
#include "bolter_eval.h"
#include "trainer/commands.h"
#include "trainer/cutoffs.h"
#include "trainer/figures.h"
#include "trainer/options.h"
#include "trainer/promise.h"
#include "trainer/report.h"
#include "trainer/scored.h"
#include "trainer/wide.h"

#define DEFAULT_MAX_FPR 0.001

struct evaluate {
    /* asked for */
    struct scored model;
    const char *predictions, *compare, *cutoff_list, *plots;
    double threshold, compare_threshold, max_fpr, confidence;
    size_t n_boot, seed;
    bool json, table, set, parts;
    /* made of it */
    struct predictions mine;
    struct cutoffs cutoffs;
    bolter_threshold_proof proof;
    json_t *out; /* NULL: print tables */
};

static int parse(struct evaluate *e, int argc, char **argv)
{
    const struct option_row rows[] = {
        STRING("model", 'm', &e->model.model, "DIR", "the model"),
        STRING("predictions", 0, &e->predictions, "FILE",
               "no model: lines of id, label and score of any filter"),
        STRING("part", 0, &e->model.part_name, "PART",
               "train, validation, test, or all of the corpora"),
        WORD("precision", 0, &e->model.precision, "TYPE", "score packed, as bolter does", PRECISIONS),
        SIZE("windows", 0, &e->model.windows, 0, 64, "N",
             "read longer texts in up to so many windows, 0: as the model says"),
        FLAG("no-wide", 0, &e->model.no_wide, "the network alone, where there is a wide part"),
        SIZE("threads", 'j', &e->model.threads, 0, 256, "N", "0: all processors"),
        SOURCE_ROWS(&e->model.sources),
        HEADING("What is measured:"),
        REAL("threshold", 't', &e->threshold, 0, 1e9, "X",
             "spam from this score on, 0: the model's, or 0.5"),
        SIZE("boot", 0, &e->n_boot, 0, 1000000, "N", "bootstrap samples for the intervals"),
        SIZE("seed", 0, &e->seed, 0, 1e15, "N", "of the bootstrap"),
        STRING("compare", 0, &e->compare, "FILE",
               "difference to these scores of the same messages"),
        REAL("compare-threshold", 0, &e->compare_threshold, 0, 1e9, "X",
             "spam from there on in it"),
        FLAG("parts", 0, &e->parts, "also network and wide part alone"),
        HEADING("Thresholds:"),
        FLAG("threshold-table", 0, &e->table, "what each of a list of thresholds would do"),
        STRING("cutoffs", 0, &e->cutoff_list, "LIST", "that list, with commas"),
        SHARE("max-fpr", 0, &e->max_fpr, 0, 0.5, "SHARE",
              "find the threshold that keeps this share of ham; 0: don't"),
        SHARE("confidence", 0, &e->confidence, 0.5, 0.999999, "SHARE", "how sure that is to be"),
        FLAG("set-threshold", 0, &e->set, "write it into the model, for 0.1% if not said"),
        HEADING("Output:"),
        FLAG("json", 0, &e->json, "one JSON object"),
        STRING("plots", 0, &e->plots, "DIR", "write SVG plots there"),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "evaluate -m DIR | --predictions FILE [options] corpora");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    bool model = e->model.model && e->model.sources.n > 0 && !e->predictions;
    bool file = e->predictions && !e->model.model && e->model.sources.n == 0 && !e->set &&
                !e->parts;
    if (operand < argc || (!model && !file)) {
        complain(e->predictions ? "--predictions needs no model and no corpora (see --help)"
                                : "evaluate needs -m DIR and corpora (see --help)");
        return EXIT_USAGE;
    }
    return scored_check_part(&e->model) && cutoffs_parse(&e->cutoffs, e->cutoff_list) ? -1
                                                                                      : EXIT_USAGE;
}

static bool failed(const bolter_error *err)
{
    complain("%s", err->code ? err->text : "no memory");
    return false;
}

static void heading(const struct evaluate *e, const char *title)
{
    if (!e->out)
        printf("\n%s\n\n", title);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* What the scores are called in a legend. */
static const char *name_of(const struct evaluate *e)
{
    return last_part(e->predictions ? e->predictions : e->model.model);
}

/* ---- Sections, each printed or added to e->out. False after a complaint. ---- */

static bool whole(struct evaluate *e, const bolter_scores *s)
{
    bolter_report r;
    bolter_bin bins[BOLTER_N_BIN];
    bolter_error err = {0};
    double ece;
    if (bolter_report_of(s, e->n_boot, e->seed, &r, &err) != BOLTER_OK)
        return failed(&err);
    bool probabilities = bolter_reliability_of(s, bins, &ece, NULL) == BOLTER_OK;
    if (e->out) {
        report_add(e->out, &r, s->threshold);
        json_object_set_new(e->out, "reliability",
                            probabilities ? report_bins_json(bins) : json_null());
        return true;
    }
    report_print(&r, s->threshold);
    if (probabilities) {
        heading(e, "Calibration");
        report_print_bins(bins);
    }
    return true;
}

static bool difference(struct evaluate *e, const bolter_scores *a, const bolter_scores *b)
{
    bolter_report d;
    bolter_error err = {0};
    if (bolter_compare(a, b, e->n_boot, e->seed, &d, &err) != BOLTER_OK)
        return failed(&err);
    heading(e, "Difference");
    if (e->out)
        json_object_set_new(e->out, "difference", report_difference_json(&d));
    else
        report_print_difference(&d);
    return true;
}

/* The difference and the plots of both, on the messages that both have. */
static bool comparison(struct evaluate *e, double threshold)
{
    struct predictions other = {0}, of_mine = {0}, of_other = {0};
    bool ok = predictions_read(&other, e->compare) &&
              predictions_match(&e->mine, &other, &of_mine, &of_other);
    if (ok) {
        struct figure_source a = {name_of(e), predictions_scores(&of_mine, threshold)};
        struct figure_source b = {last_part(e->compare),
                                  predictions_scores(&of_other, e->compare_threshold)};
        ok = difference(e, &a.scores, &b.scores) && (!e->plots || figures_save(e->plots, &a, &b));
    }
    predictions_free(&other);
    predictions_free(&of_mine);
    predictions_free(&of_other);
    return ok;
}

static void thresholds(struct evaluate *e, const bolter_scores *s)
{
    heading(e, "Thresholds");
    if (e->out)
        json_object_set_new(e->out, "threshold_table", cutoffs_json(&e->cutoffs, s, e->confidence));
    else
        cutoffs_print(&e->cutoffs, s, e->confidence);
}

static bool promise(struct evaluate *e, const bolter_scores *s)
{
    bolter_error err = {0};
    if (bolter_threshold_for(s, e->max_fpr, e->confidence, &e->proof, &err) != BOLTER_OK)
        return failed(&err);
    heading(e, "The promise");
    if (e->out)
        json_object_set_new(e->out, "promise", promise_json(&e->proof));
    else
        promise_print(&e->proof);
    return true;
}

static bool spam_sections(struct evaluate *e, double threshold)
{
    bolter_scores s = predictions_scores(&e->mine, e->threshold > 0 ? e->threshold : threshold);
    if (!whole(e, &s) || (e->compare && !comparison(e, s.threshold)))
        return false;
    const struct figure_source mine = {name_of(e), s};
    if (e->plots && !e->compare && !figures_save(e->plots, &mine, NULL))
        return false;
    if (e->table)
        thresholds(e, &s);
    return e->max_fpr <= 0 || promise(e, &s);
}

static const char *label_name(const void *arg, size_t k)
{
    const struct scored *s = arg;
    return bolter_dataset_label(s->d, k);
}

/* What the network says alone, the wide part alone, and both. */
static bool parts_section(const struct evaluate *e)
{
    const struct scored *s = &e->model;
    struct wide_odds o;
    if (!bolter_model_wide(s->m)) {
        complain("--parts: %s has no wide part%s", s->model, s->no_wide ? " with --no-wide" : "");
        return false;
    }
    if (!wide_odds_of(&o, s->m, s->d, s->part, s->logits))
        return false;
    FILE *to = e->out ? stderr : stdout;
    heading(e, "Parts");
    bool ok = wide_print(to, "network", o.deep, e->mine.truth, s->n) &&
              wide_print(to, "wide", o.wide, e->mine.truth, s->n) &&
              wide_print(to, "both", o.both, e->mine.truth, s->n);
    free(o.deep);
    return ok;
}

static bool label_section(struct evaluate *e)
{
    const struct scored *s = &e->model;
    bolter_label_report r = {0};
    bolter_error err = {0};
    int32_t *answer = calloc(2 * s->n + 1, sizeof *answer), *truth = answer ? answer + s->n : NULL;
    for (size_t i = 0; answer && i < s->n; i++) {
        answer[i] = scored_label(s, i);
        truth[i] = scored_row(s, i)->label;
    }
    bool ok = answer && bolter_labels_of(answer, truth, s->n, s->n_label, e->n_boot, e->seed, &r,
                                         &err) == BOLTER_OK;
    free(answer);
    if (!ok)
        return failed(&err);
    heading(e, "Labels");
    if (e->out)
        json_object_set_new(e->out, "labels", report_labels_json(&r, label_name, s));
    else
        report_print_labels(&r, label_name, s);
    bolter_label_report_free(&r);
    return true;
}

/* ---- The command ---- */

static bool of_model(struct evaluate *e)
{
    if (!scored_open(&e->model, false))
        return false;
    const bolter_model_info *info = bolter_model_info_of(e->model.m);
    bolter_error err = {0};
    bool spam = info->spam_label >= 0, several = info->n_label > 2 || !spam;
    if (!spam && (e->compare || e->table || e->plots || e->max_fpr > 0) &&
        bolter_model_need_spam_head(e->model.m, &err) != BOLTER_OK)
        return failed(&err);
    if (spam &&
        (!scored_predictions(&e->model, &e->mine) || !spam_sections(e, info->spam_threshold)))
        return false;
    if (e->parts && !parts_section(e))
        return false;
    return !several || label_section(e);
}

int cmd_evaluate(int argc, char **argv)
{
    struct evaluate e = {.model = {.part_name = "test"},
                         .cutoff_list = "0.5,0.9,0.95,0.99,0.995,0.999,0.9999",
                         .compare_threshold = 0.5,
                         .confidence = 0.95,
                         .n_boot = 1000,
                         .seed = 1};
    int rc = parse(&e, argc, argv);
    if (rc >= 0)
        return rc;
    if (e.max_fpr > 0 && e.max_fpr < BOLTER_MIN_FPR) {
        complain("--max-fpr: %g, expected 0 or %g to 0.5", e.max_fpr, BOLTER_MIN_FPR);
        return EXIT_USAGE;
    }
    if (e.set && e.max_fpr <= 0)
        e.max_fpr = DEFAULT_MAX_FPR;
    e.out = e.json ? json_pack("{s:i}", "v", 1) : NULL;
    bool ok = e.predictions ? predictions_read(&e.mine, e.predictions) && spam_sections(&e, 0.5)
                            : of_model(&e);
    if (ok && e.out)
        ok = report_print_line(json_incref(e.out));
    ok = ok && (!e.set || promise_set(e.model.m, &e.proof));
    json_decref(e.out);
    predictions_free(&e.mine);
    scored_close(&e.model);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
