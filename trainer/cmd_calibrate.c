/*
 * cmd_calibrate.c - bolter-train calibrate: in how many windows a model reads long texts, and the temperature
 * and the thresholds that fit what it then says to a corpus. The weights stay, and the card has a section on
 * this.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bolter_train.h"
#include "trainer/calibrate.h"
#include "trainer/cardsection.h"
#include "trainer/commands.h"
#include "trainer/files.h"
#include "trainer/options.h"
#include "trainer/report.h"
#include "trainer/scored.h"

struct adjust {
    struct scored scored;
    struct wanted_threshold want;
    struct calibration found;
    bool json;
};

static int parse(struct adjust *a, int argc, char **argv)
{
    const struct option_row rows[] = {
        STRING("model", 'm', &a->scored.model, "DIR", "the model"),
        SIZE("windows", 'w', &a->scored.windows, 0, 64, "N",
             "read longer texts in up to so many windows, 0: as before"),
        STRING("part", 0, &a->scored.part_name, "PART",
               "fit to train, validation, test, or all of the corpora"),
        WORD("precision", 0, &a->scored.precision, "TYPE", "score packed, as bolter does", PRECISIONS),
        SIZE("threads", 'j', &a->scored.threads, 0, 256, "N", "0: all processors"),
        FLAG("json", 0, &a->json, "print one JSON object"),
        SOURCE_ROWS(&a->scored.sources),
        HEADING("The threshold:"),
        SHARE("max-fpr", 0, &a->want.max_fpr, BOLTER_MIN_FPR, MAX_FPR, "SHARE",
              "of the ham that may reach it"),
        SHARE("confidence", 0, &a->want.confidence, 0.5, 0.999999, "SHARE", "of what that proves"),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "calibrate -m DIR [options] corpora");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (operand < argc || !a->scored.model || a->scored.sources.n == 0) {
        complain("calibrate needs -m DIR and corpora (see --help)");
        return EXIT_USAGE;
    }
    return scored_check_part(&a->scored) ? -1 : EXIT_USAGE;
}

/* Every text has a label, and there are both of spam and of others. */
static bool check_labels(const struct scored *s)
{
    int32_t spam = bolter_model_info_of(s->m)->spam_label;
    size_t n_spam = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (scored_row(s, i)->label < 0) {
            complain("%s: no label to fit to", scored_row(s, i)->id);
            return false;
        }
        n_spam += scored_row(s, i)->label == spam;
    }
    if (n_spam > 0 && n_spam < s->n)
        return true;
    complain("%zu texts, %zu of them spam: expected spam and others", s->n, n_spam);
    return false;
}

/* Both parts of a model were mixed at its temperature, which stays. */
static bool fit(struct adjust *a)
{
    const struct scored *s = &a->scored;
    const bolter_model_info *info = bolter_model_info_of(s->m);
    bolter_error err = {0};
    a->want.temperature = bolter_model_wide(s->m) ? info->temperature : 0;
    if (calibrate(s->d, s->part, info->spam_label, s->logits, &a->want, &a->found, &err) == BOLTER_OK)
        return true;
    complain("%s", err.text);
    return false;
}

static void print_section(FILE *out, const struct adjust *a)
{
    const bolter_model_info *info = bolter_model_info_of(a->scored.m);
    const struct calibration *c = &a->found;
    const struct threshold *t = &c->threshold;
    const bolter_report *r = &c->report;
    if (info->windows > 1)
        fprintf(out, "Longer texts are read in up to %d windows; the most suspicious one counts for half.\n",
                (int)info->windows);
    fprintf(out, "Temperature %.4g and threshold %.4f were fitted to %zu texts (%s), and take the place of\n"
            "what is said of them above: %zu of %zu ham reach the threshold.\n\n", c->temperature,
            t->value, a->scored.n, a->scored.part_name, t->n_above, t->n_ham);
    fprintf(out, "- accuracy at the threshold: %.2f %%\n- recall (spam found): %.2f %%\n"
            "- area under the ROC curve: %.3f %%\n", 100 * r->accuracy.value, 100 * r->recall.value,
            100 * r->auc.value);
}

static bool write_section(const struct adjust *a)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool ok = out != NULL;
    if (out) {
        cardsection_begin(out, a->scored.model, "## Calibrated");
        print_section(out, a);
        ok = fclose(out) == 0;
    }
    if (!ok)
        complain("no memory");
    ok = ok && save_text(a->scored.model, "MODEL.md", text);
    free(text);
    return ok;
}

static bool save(const struct adjust *a)
{
    bolter_error err = {0};
    const double spam = a->found.threshold.value;
    const bolter_save_options o = {.temperature = a->found.temperature,
                                   .spam_threshold = spam,
                                   .unsure_threshold = fmin(0.5, spam)};
    if (bolter_model_save_card(a->scored.m, &o, &err) == BOLTER_OK)
        return write_section(a);
    complain("%s", err.text);
    return false;
}

static bool print(const struct adjust *a)
{
    const bolter_model_info *was = bolter_model_info_of(a->scored.m);
    const struct calibration *c = &a->found;
    const struct threshold *t = &c->threshold;
    if (a->json) {
        json_t *j = json_pack("{s:i, s:s, s:i, s:f, s:f, s:I, s:I, s:f}", "v", 1, "model", was->id,
                              "windows", (int)was->windows, "temperature", c->temperature,
                              "spam_threshold", t->value, "ham", (json_int_t)t->n_ham, "ham_above",
                              (json_int_t)t->n_above, "max_fpr_proved", t->bound_fpr);
        report_add(j, &c->report, t->value);
        return report_print_line(j);
    }
    printf("windows       %d\ntemperature   %.4g, was %.4g\n", (int)was->windows, c->temperature,
           was->temperature);
    printf("spam from     %.9g, was %.9g; reached by %zu of %zu ham, which proves a false positive\n"
           "              rate of at most %.4g %% with %.6g %% confidence\n\n",
           t->value, was->spam_threshold, t->n_above, t->n_ham, 100 * t->bound_fpr,
           100 * a->want.confidence);
    report_print(&c->report, t->value);
    return true;
}

int cmd_calibrate(int argc, char **argv)
{
    struct adjust a = {.scored = {.part_name = "all", .precision = "auto"},
                       .want = {.max_fpr = 0.001, .confidence = 0.95}};
    int rc = parse(&a, argc, argv);
    if (rc >= 0)
        return rc;
    bool ok = scored_open(&a.scored, true) && check_labels(&a.scored) && fit(&a) && save(&a) && print(&a);
    scored_close(&a.scored);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
