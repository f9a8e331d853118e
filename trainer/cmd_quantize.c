/*
 * cmd_quantize.c - bolter-train quantize: int8 weights, and what that did to the scores of a corpus.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bolter_train.h"
#include "bolter_eval.h"
#include "trainer/cardsection.h"
#include "trainer/commands.h"
#include "trainer/files.h"
#include "trainer/options.h"
#include "trainer/report.h"
#include "trainer/scored.h"

#define BOOT 1000

/* How the scores of one model differ from another's. */
struct change {
    size_t n, flips, flips_half; /* other side of the model's threshold, and of 0.5 */
    double threshold, mean, largest;
    bolter_report before, after;
};

struct quantize {
    /* asked for */
    struct scored before, after; /* the model in float32, and the new directory */
    const char *out;
    bool plain, json;
    /* made of it */
    struct predictions p, q;
    struct change change;
};

static int parse(struct quantize *z, int argc, char **argv)
{
    const struct option_row rows[] = {
        STRING("model", 'm', &z->before.model, "DIR", "the model"),
        STRING("out", 'o', &z->out, "DIR", "the new directory"),
        FLAG("no-smooth", 0, &z->plain, "leave the layer norms as they are"),
        STRING("part", 0, &z->before.part_name, "PART",
               "measure on train, validation, test, or all of the corpora"),
        SIZE("threads", 'j', &z->before.threads, 0, 256, "N", "0: all processors"),
        FLAG("json", 0, &z->json, "print one JSON object"),
        SOURCE_ROWS(&z->before.sources),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "quantize -m DIR -o DIR [options] [corpora]");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (operand < argc || !z->before.model || !z->out) {
        complain("quantize needs -m DIR and -o DIR");
        return EXIT_USAGE;
    }
    return scored_check_part(&z->before) ? -1 : EXIT_USAGE;
}

static bool failed(const bolter_error *err)
{
    complain("%s", err->code ? err->text : "no memory");
    return false;
}

static bool save(const struct quantize *z)
{
    bolter_error err = {0};
    bolter_model *m = NULL;
    const bolter_save_options o = {.dtype = "int8", .plain = z->plain};
    bool ok = bolter_model_open(&m, z->before.model, &err) == BOLTER_OK &&
              bolter_model_save(m, z->out, &o, &err) == BOLTER_OK;
    bolter_model_unref(m);
    return ok || failed(&err);
}

/* ---- What changed ------------------------------------------------------------------------- */

static bool compare(struct quantize *z)
{
    struct change *c = &z->change;
    c->threshold = bolter_model_info_of(z->before.m)->spam_threshold;
    c->n = z->p.n;
    for (size_t i = 0; i < c->n; i++) {
        double a = z->p.score[i], b = z->q.score[i];
        c->flips += (a >= c->threshold) != (b >= c->threshold);
        c->flips_half += (a >= 0.5) != (b >= 0.5);
        c->mean += fabs(b - a) / (double)c->n;
        c->largest = fmax(c->largest, fabs(b - a));
    }
    bolter_error err = {0};
    const bolter_scores before = predictions_scores(&z->p, c->threshold);
    const bolter_scores after = predictions_scores(&z->q, c->threshold);
    return (bolter_report_of(&before, BOOT, 1, &c->before, &err) == BOLTER_OK &&
            bolter_report_of(&after, BOOT, 1, &c->after, &err) == BOLTER_OK) ||
           failed(&err);
}

/* Before anything is written, as the corpora may be no good. */
static bool measure_before(struct quantize *z)
{
    z->after = z->before;
    z->before.precision = "float32";
    z->after.model = z->out;
    z->after.precision = "int8";
    if (!scored_open(&z->before, true))
        return false;
    if (z->before.n == 0) {
        complain("the %s part is empty: nothing to measure", z->before.part_name);
        return false;
    }
    return scored_predictions(&z->before, &z->p);
}

static bool measure_after(struct quantize *z)
{
    return scored_open(&z->after, true) && scored_predictions(&z->after, &z->q) && compare(z);
}

/* ---- Where it is written ------------------------------------------------------------------ */

/* Weights that are int8 already are kept. */
static bool smoothed(const struct quantize *z)
{
    return !z->plain && strcmp(bolter_model_info_of(z->before.m)->precision, "int8") != 0;
}

static json_t *summary(const struct quantize *z)
{
    const struct change *c = &z->change;
    json_t *before = json_object(), *after = json_object();
    report_add(before, &c->before, c->threshold);
    report_add(after, &c->after, c->threshold);
    return json_pack("{s:i, s:s, s:b, s:s, s:I, s:f, s:I, s:I, s:f, s:f, s:o, s:o}", "v", 1, "from",
                     bolter_model_info_of(z->before.m)->id, "smoothed", smoothed(z), "part",
                     z->before.part_name, "n", (json_int_t)c->n, "threshold", c->threshold, "flips",
                     (json_int_t)c->flips, "flips_at_half", (json_int_t)c->flips_half,
                     "mean_change", c->mean, "largest_change", c->largest, "before", before, "after",
                     after);
}

/* What bolter.json said of the model's origin, and this besides; new. */
static json_t *provenance(const struct quantize *z)
{
    const struct change *c = &z->change;
    char path[4096];
    snprintf(path, sizeof path, "%s/bolter.json", z->out);
    json_t *card = json_load_file(path, 0, NULL);
    json_t *old = json_object_get(card, "provenance");
    json_t *j = json_is_object(old) ? json_copy(old) : json_object();
    json_object_set_new(
        j, "quantized",
        json_pack("{s:s, s:b, s:s, s:I, s:I, s:I, s:f, s:f}", "from",
                  bolter_model_info_of(z->before.m)->id, "smoothed", smoothed(z), "part",
                  z->before.part_name, "n", (json_int_t)c->n, "flips", (json_int_t)c->flips,
                  "flips_at_half", (json_int_t)c->flips_half, "mean_change", c->mean,
                  "largest_change", c->largest));
    json_decref(card);
    return j;
}

static bool write_provenance(const struct quantize *z)
{
    bolter_error err = {0};
    json_t *j = provenance(z);
    char *text = json_dumps(j, 0);
    const bolter_save_options o = {.provenance = text};
    bool ok = text && bolter_model_save_card(z->after.m, &o, &err) == BOLTER_OK;
    free(text);
    json_decref(j);
    return ok || failed(&err);
}

static void print_row(FILE *out, const char *name, double before, double after, double by)
{
    if (isfinite(before) && isfinite(after))
        fprintf(out, "| %s | %.4f | %.4f |\n", name, by * before, by * after);
}

static void print_change(FILE *out, const struct quantize *z)
{
    const struct change *c = &z->change;
    const bolter_report *a = &c->before, *b = &c->after;
    fprintf(out, "Int8 weights%s, made of %s, against these in float32. On %zu texts (%s):\n\n",
            smoothed(z) ? ", smoothed" : "", bolter_model_info_of(z->before.m)->id, c->n,
            z->before.part_name);
    fprintf(out, "- verdicts that changed: %zu at the threshold of %.4f, %zu at 0.5\n", c->flips,
            c->threshold, c->flips_half);
    fprintf(out, "- change of the score: %.6f in the mean, %.6f at most\n\n", c->mean, c->largest);
    fputs("| measure | float32 | int8 |\n| --- | --- | --- |\n", out);
    print_row(out, "accuracy, %", a->accuracy.value, b->accuracy.value, 100);
    print_row(out, "recall, %", a->recall.value, b->recall.value, 100);
    print_row(out, "ham called spam, %", a->fpr.value, b->fpr.value, 100);
    print_row(out, "area under the ROC curve, %", a->auc.value, b->auc.value, 100);
    print_row(out, "cross-entropy, nats", a->loss.value, b->loss.value, 1);
}

/* The model's card, and a section on this. */
static bool write_modelcard(const struct quantize *z)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return failed(&(bolter_error){0});
    cardsection_begin(out, z->before.model, "## Quantised");
    print_change(out, z);
    bool ok = fclose(out) == 0 ? save_text(z->out, "MODEL.md", text) : failed(&(bolter_error){0});
    free(text);
    return ok;
}

int cmd_quantize(int argc, char **argv)
{
    struct quantize z = {.before = {.part_name = "validation"}};
    int rc = parse(&z, argc, argv);
    if (rc >= 0)
        return rc;
    bool measured = z.before.sources.n > 0, ok = (!measured || measure_before(&z)) && save(&z);
    if (ok && measured) {
        ok = measure_after(&z) && write_provenance(&z) && write_modelcard(&z);
        if (ok && z.json)
            ok = report_print_line(summary(&z));
        else if (ok)
            print_change(stdout, &z);
    }
    predictions_free(&z.p);
    predictions_free(&z.q);
    scored_close(&z.before);
    if (measured)
        scored_close(&z.after);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
