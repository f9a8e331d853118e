/*
 * cmd_baseline.c - bolter-train baseline: what counting words reaches on the parts that a model is
 * trained and tested on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/baseline.h"
#include "trainer/commands.h"

struct command {
    struct baseline b;
    struct sources sources;
    const char *alpha, *c, *positive, *predictions;
    size_t top;
    bool json;
};

/* ---- Options ---- */

/* A positive number, or 0 for "auto". */
static bool take_parameter(const char *option, const char *value, double *to)
{
    char *end;
    *to = 0;
    if (strcmp(value, "auto") == 0)
        return true;
    errno = 0;
    *to = strtod(value, &end);
    if (!errno && end != value && *end == 0 && *to >= 1e-10 && *to <= 1e10)
        return true;
    complain("--%s: \"%s\", expected auto or a number from 1e-10 to 1e10", option, value);
    return false;
}

static bool check(struct command *m)
{
    bool bayes = strcmp(m->b.method, "nb") == 0;
    double unused;
    if (m->sources.n == 0) {
        complain("baseline needs corpora (see --help)");
        return false;
    }
    return take_parameter("alpha", m->alpha, bayes ? &m->b.parameter : &unused) &&
           take_parameter("c", m->c, bayes ? &unused : &m->b.parameter);
}

static int parse(struct command *m, int argc, char **argv)
{
    const struct option_row rows[] = {
        WORD("method", 0, &m->b.method, "NAME", "naive Bayes or logistic regression", "nb, lr"),
        WORD("features", 0, &m->b.features, "NAME", "what is counted",
             "words, word-pairs, words-chars"),
        STRING("alpha", 0, &m->alpha, "X", "of nb: added to each count; auto: by validation"),
        STRING("c", 0, &m->c, "X", "of lr: 1 / penalty of large weights; auto: by validation"),
        FLAG("balanced", 0, &m->b.balanced, "of lr: each label weighs the same"),
        SIZE("max-chars", 0, &m->b.texts.max_chars, 0, 1e9, "N", "of a text that are read, 0: all"),
        SIZE("max-features", 0, &m->b.max_features, 0, 1e9, "N", "of words, and of chars; 0: all"),
        STRING("positive", 0, &m->positive, "NAME", "label that counts as spam, else the last"),
        SIZE("threads", 'j', &m->b.threads, 0, 256, "N", "0: all processors"),
        SOURCE_ROWS(&m->sources),
        HEADING("Output:"),
        STRING("predictions", 0, &m->predictions, "FILE", "id, label, score of the test part"),
        SIZE("top", 0, &m->top, 0, 1e6, "N", "the strongest words of each label"),
        FLAG("json", 0, &m->json, "one JSON object"),
    };
    int operand =
        options_parse(argc, argv, rows, sizeof rows / sizeof *rows, "baseline [options] corpora");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (operand < argc) {
        complain("baseline: unexpected \"%s\"", argv[operand]);
        return EXIT_USAGE;
    }
    return check(m) ? -1 : EXIT_USAGE;
}

/* ---- Work ---- */

static bool find_positive(struct command *m)
{
    const struct texts *t = &m->b.texts;
    m->b.positive = t->n_label - 1;
    for (size_t i = 0; m->positive && i < t->n_label; i++)
        if (strcmp(m->positive, t->label[i]) == 0) {
            m->b.positive = i;
            return true;
        }
    if (m->positive)
        complain("--positive: no text has the label \"%s\"", m->positive);
    return !m->positive;
}

static bool check_texts(struct command *m)
{
    const struct texts *t = &m->b.texts;
    size_t count[MAX_TEXT_LABELS] = {0};
    for (size_t i = 0; i < t->part[BOLTER_TRAIN].n; i++)
        count[t->part[BOLTER_TRAIN].row[i].label]++;
    for (size_t k = 0; k < t->n_label; k++)
        if (count[k] == 0) {
            complain("label \"%s\": no text to train on", t->label[k]);
            return false;
        }
    if (t->n_label < 2)
        complain("%zu labels to train on, expected at least 2", t->n_label);
    else if (m->b.parameter <= 0 && t->part[BOLTER_VALID].n == 0)
        complain("no validation part to choose by: give --alpha or --c a number");
    else
        return find_positive(m);
    return false;
}

static bool read_texts(struct command *m)
{
    bolter_error err = {0};
    if (texts_read(&m->b.texts, &m->sources, &err) == BOLTER_OK)
        return check_texts(m);
    complain("%s", err.text);
    return false;
}

int cmd_baseline(int argc, char **argv)
{
    struct command m = {.b = {.method = "lr",
                              .features = "words",
                              .max_features = 300000,
                              .texts.max_chars = 20000},
                        .alpha = "auto",
                        .c = "auto"};
    int rc = parse(&m, argc, argv);
    if (rc >= 0)
        return rc;
    bool ok = read_texts(&m) && baseline_make_rows(&m.b) && baseline_fit(&m.b) &&
              baseline_measure(&m.b) &&
              (!m.predictions || baseline_write_predictions(&m.b, m.predictions)) &&
              (m.json ? baseline_print_json(&m.b, m.top) : baseline_print_table(&m.b, m.top));
    if (ok && !m.b.end.converged)
        complain("after %zu steps the fit had not converged", m.b.end.n_steps);
    baseline_free(&m.b);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
