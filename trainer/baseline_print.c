/* baseline_print.c - what a baseline measured and learnt, as a table, as JSON, and as predictions.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "trainer/baseline.h"
#include "trainer/report.h"

static const char *const part_names[TEXT_PARTS] = {"train", "validation", "test"};

bool baseline_write_predictions(const struct baseline *b, const char *path)
{
    const struct text_part *p = &b->texts.part[BOLTER_TEST];
    FILE *f = fopen(path, "we");
    if (!f) {
        complain("%s: %s", path, strerror(errno));
        return false;
    }
    for (size_t i = 0; i < p->n; i++)
        fprintf(f, "%s\t%s\t%.17g\n", p->row[i].id, b->texts.label[p->row[i].label],
                baseline_score(b, BOLTER_TEST, i));
    bool ok = !ferror(f);
    if (fclose(f) != 0 || !ok) {
        complain("%s: write failed", path);
        return false;
    }
    return true;
}

/* ---- Facts ---- */

static double peak_mib(void)
{
    struct rusage r;
    return getrusage(RUSAGE_SELF, &r) == 0 ? (double)r.ru_maxrss / 1024 : 0;
}

/* Rows of a part whose most probable label is their own. */
static size_t n_right(const struct baseline *b, size_t part)
{
    const size_t K = b->texts.n_label;
    size_t n = 0;
    for (size_t i = 0; i < b->texts.part[part].n; i++) {
        const double *logits = b->logits[part] + i * K;
        size_t best = 0;
        for (size_t k = 1; k < K; k++)
            if (logits[k] > logits[best])
                best = k;
        n += b->labels[part][i] == (int32_t)best;
    }
    return n;
}

/* Rows of a part with this label. */
static size_t n_with(const struct baseline *b, size_t part, size_t label)
{
    size_t n = 0;
    for (size_t i = 0; i < b->texts.part[part].n; i++)
        n += b->labels[part][i] == (int32_t)label;
    return n;
}

static size_t commonest_label(const struct baseline *b)
{
    size_t best = 0;
    for (size_t k = 1; k < b->texts.n_label; k++)
        if (n_with(b, BOLTER_TRAIN, k) > n_with(b, BOLTER_TRAIN, best))
            best = k;
    return best;
}

static double share(size_t n, size_t of)
{
    return of > 0 ? (double)n / (double)of : 0;
}

static const char *parameter_name(const struct baseline *b)
{
    return strcmp(b->method, "nb") == 0 ? "alpha" : "c";
}

/* ---- Strongest words ---- */

struct strength {
    double weight;
    size_t column;
};

static int by_weight(const void *a, const void *b)
{
    const struct strength *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->column > y->column) - (x->column < y->column);
}

/* All columns by how much they speak for a label, to free(); NULL after a complaint. */
static struct strength *strongest(const struct baseline *b, size_t label)
{
    struct strength *s = calloc(b->n_columns, sizeof *s);
    if (!s) {
        complain("no memory for %zu columns", b->n_columns);
        return NULL;
    }
    for (size_t j = 0; j < b->n_columns; j++)
        s[j] = (struct strength){bolter_linear_weight(b->model, j, label), j};
    qsort(s, b->n_columns, sizeof *s, by_weight);
    return s;
}

static void print_quoted(const char *s, size_t n)
{
    json_t *j = json_stringn(s, n);
    if (!j || json_dumpf(j, stdout, JSON_ENCODE_ANY | JSON_COMPACT) != 0)
        fputs("\"\"", stdout);
    json_decref(j);
}

/* One label's words, each with the text before it, between gram and weight, and after it. */
static bool print_words(const struct baseline *b, size_t label, size_t n_top,
                        const char *const by[4])
{
    struct strength *s = strongest(b, label);
    for (size_t i = 0; s && i < n_top && i < b->n_columns; i++) {
        size_t n, set;
        const char *gram = bolter_words_gram(b->words, s[i].column, &n, &set);
        fputs(i ? by[3] : "", stdout);
        fputs(by[0], stdout);
        print_quoted(gram, n);
        printf("%s%.4f%s", by[1], s[i].weight, by[2]);
    }
    free(s);
    return s != NULL;
}

/* ---- Table ---- */

static void print_head(const struct baseline *b)
{
    const char *positive = b->texts.label[b->positive];
    printf("%s on %s, %s %g%s\n",
           strcmp(b->method, "nb") == 0 ? "naive Bayes" : "logistic regression", b->features,
           parameter_name(b), b->parameter, b->chosen ? " (chosen on the validation part)" : "");
    printf("%zu training texts, %zu columns, %.2f entries a text; %.1f s features, %.1f s fit, "
           "%.0f MiB\n",
           b->texts.part[BOLTER_TRAIN].n, b->n_columns,
           share(bolter_sparse_entries(b->x[BOLTER_TRAIN]), b->texts.part[BOLTER_TRAIN].n),
           b->features_s, b->fit_s, peak_mib());
    if (strcmp(positive, "spam") != 0)
        printf("\"%s\" counts as spam\n", positive);
    printf("training accuracy %.3f %%\n",
           100 * share(n_right(b, BOLTER_TRAIN), b->texts.part[BOLTER_TRAIN].n));
}

bool baseline_print_table(const struct baseline *b, size_t n_top)
{
    static const char *const by[4] = {"  ", "  ", "\n", ""};
    size_t common = commonest_label(b);
    print_head(b);
    for (size_t part = BOLTER_VALID; part < TEXT_PARTS; part++) {
        size_t n = b->texts.part[part].n;
        if (n == 0)
            continue;
        printf("\n%s part\n", part_names[part]);
        report_print(&b->report[part], 0);
        printf("%-24s %8.3f %%\n", "always the commonest", 100 * share(n_with(b, part, common), n));
        if (b->texts.n_label > 2)
            printf("%-24s %8.3f %%\n", "accuracy of all labels", 100 * share(n_right(b, part), n));
    }
    bool ok = true;
    for (size_t k = 0; ok && n_top > 0 && k < b->texts.n_label; k++) {
        printf("\nstrongest of %s\n", b->texts.label[k]);
        ok = print_words(b, k, n_top, by);
    }
    return ok;
}

/* ---- JSON ---- */

static const char *word_of(bool x)
{
    return x ? "true" : "false";
}

static void print_json_head(const struct baseline *b)
{
    printf("{\"v\":1,\"method\":\"%s\",\"features\":\"%s\",\"%s\":%g,\"chosen\":%s", b->method,
           b->features, parameter_name(b), b->parameter, word_of(b->chosen));
    printf(",\"steps\":%zu,\"converged\":%s,\"columns\":%zu,\"entries\":%zu", b->end.n_steps,
           word_of(b->end.converged), b->n_columns, bolter_sparse_entries(b->x[BOLTER_TRAIN]));
    printf(",\"features_s\":%.3f,\"fit_s\":%.3f,\"memory_mib\":%.0f,\"positive\":", b->features_s,
           b->fit_s, peak_mib());
    print_quoted(b->texts.label[b->positive], strlen(b->texts.label[b->positive]));
}

static void print_report(const bolter_report *r)
{
    json_t *j = json_object();
    report_add(j, r, 0);
    char *text = json_dumps(j, JSON_COMPACT);
    fputs(text ? text : "null", stdout);
    free(text);
    json_decref(j);
}

bool baseline_print_json(const struct baseline *b, size_t n_top)
{
    static const char *const by[4] = {"[", ",", "]", ","};
    size_t common = commonest_label(b);
    print_json_head(b);
    for (size_t part = 0; part < TEXT_PARTS; part++) {
        size_t n = b->texts.part[part].n;
        if (n == 0)
            continue;
        printf(",\"%s\":{\"label_accuracy\":%.6f,\"commonest\":%.6f,\"report\":", part_names[part],
               share(n_right(b, part), n), share(n_with(b, part, common), n));
        print_report(&b->report[part]);
        putchar('}');
    }
    bool ok = true;
    for (size_t k = 0; ok && n_top > 0 && k < b->texts.n_label; k++) {
        fputs(k ? "," : ",\"top\":{", stdout);
        print_quoted(b->texts.label[k], strlen(b->texts.label[k]));
        fputs(":[", stdout);
        ok = print_words(b, k, n_top, by);
        putchar(']');
    }
    puts(n_top > 0 ? "}}" : "}");
    return ok;
}
