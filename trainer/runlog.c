/* runlog.c - the record of a training run. */
#include "trainer/runlog.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/options.h"

/* ---- One line ---- */

/* What is not known is null. */
static void print_known(FILE *out, const char *name, double x)
{
    if (isfinite(x))
        fprintf(out, "\"%s\":%.6f,", name, x);
    else
        fprintf(out, "\"%s\":null,", name);
}

static void print_json(FILE *out, const struct runlog_line *l)
{
    fprintf(out, "{\"v\":1,\"step\":%llu,\"epoch\":%.4f,\"examples\":%llu,",
            (unsigned long long)l->step, l->epoch, (unsigned long long)l->examples);
    print_known(out, "train_loss", l->train_loss);
    print_known(out, "train_accuracy", l->train_accuracy);
    print_known(out, "validation_loss", l->validation.loss);
    print_known(out, "validation_accuracy", l->validation.accuracy);
    print_known(out, "validation_auc", l->validation.auc);
    fprintf(out, "\"lr\":%.6g,\"grad_norm\":%.6g,\"best\":%s,\"seconds\":%.1f,"
            "\"tokens_per_second\":%.0f}\n", l->lr, l->grad_norm, l->best ? "true" : "false",
            l->seconds, l->tokens_per_second);
}

/* Columns that depend on the clock come last. */
static const char csv_header[] =
    "step,epoch,examples,train_loss,train_accuracy,validation_loss,validation_accuracy,"
    "validation_auc,lr,grad_norm,best,seconds,tokens_per_second\n";

static void print_csv(FILE *out, const struct runlog_line *l)
{
    fprintf(out, "%llu,%.4f,%llu,%.6f,%.6f,%.6f,%.6f,", (unsigned long long)l->step, l->epoch,
            (unsigned long long)l->examples, l->train_loss, l->train_accuracy, l->validation.loss,
            l->validation.accuracy);
    if (isfinite(l->validation.auc))
        fprintf(out, "%.6f", l->validation.auc);
    fprintf(out, ",%.6g,%.6g,%d,%.1f,%.0f\n", l->lr, l->grad_norm, l->best, l->seconds,
            l->tokens_per_second);
}

/* ---- The log ---- */

static bool live_failed(const char *path)
{
    complain("%s: %s", path, strerror(errno));
    return false;
}

bool runlog_start(struct runlog *log, const char *live)
{
    log->live = live;
    if (!live)
        return true;
    FILE *f = fopen(live, "w");
    if (!f)
        return live_failed(live);
    for (size_t i = 0; i < log->n; i++)
        print_json(f, &log->line[i]);
    return fclose(f) == 0 || live_failed(live);
}

static bool grow(struct runlog *log, const struct runlog_line *line)
{
    struct runlog_line *grown = realloc(log->line, (log->n + 1) * sizeof *grown);
    if (!grown)
        return false;
    log->line = grown;
    log->line[log->n++] = *line;
    return true;
}

bool runlog_add(struct runlog *log, const struct runlog_line *line)
{
    if (!grow(log, line)) {
        complain("no memory for the log");
        return false;
    }
    if (!log->live)
        return true;
    FILE *f = fopen(log->live, "a");
    if (!f)
        return live_failed(log->live);
    print_json(f, line);
    return fclose(f) == 0 || live_failed(log->live);
}

void runlog_free(struct runlog *log)
{
    free(log->line);
    *log = (struct runlog){0};
}

/* ---- As text ---- */

static char *printed(const struct runlog *log, const char *header,
                     void (*print)(FILE *, const struct runlog_line *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fputs(header, out);
    for (size_t i = 0; i < log->n; i++)
        print(out, &log->line[i]);
    bool bad = ferror(out) != 0;
    if (fclose(out) == 0 && !bad)
        return text;
    free(text);
    return NULL;
}

char *runlog_jsonl(const struct runlog *log)
{
    return printed(log, "", print_json);
}

char *runlog_csv(const struct runlog *log)
{
    return printed(log, csv_header, print_csv);
}

/* ---- In a checkpoint ---- */

/* A line as numbers in this order; what is not finite is null. */
enum { N_NUMBERS = 13 };

static void numbers_of(const struct runlog_line *l, double x[N_NUMBERS])
{
    const double in_order[N_NUMBERS] = {
        (double)l->step, l->epoch, (double)l->examples, l->train_loss, l->train_accuracy,
        l->validation.loss, l->validation.accuracy, l->validation.auc, l->lr, l->grad_norm,
        l->best, l->seconds, l->tokens_per_second};
    memcpy(x, in_order, sizeof in_order);
}

static struct runlog_line line_of(const double x[N_NUMBERS])
{
    return (struct runlog_line){.step = (uint64_t)x[0],
                                .epoch = x[1],
                                .examples = (uint64_t)x[2],
                                .train_loss = x[3],
                                .train_accuracy = x[4],
                                .validation = {x[5], x[6], x[7]},
                                .lr = x[8],
                                .grad_norm = x[9],
                                .best = x[10] != 0,
                                .seconds = x[11],
                                .tokens_per_second = x[12]};
}

json_t *runlog_json(const struct runlog *log)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < log->n; i++) {
        double x[N_NUMBERS];
        json_t *line = json_array();
        numbers_of(&log->line[i], x);
        for (size_t k = 0; k < N_NUMBERS; k++)
            json_array_append_new(line, isfinite(x[k]) ? json_real(x[k]) : json_null());
        json_array_append_new(lines, line);
    }
    return lines;
}

bool runlog_take(struct runlog *log, const json_t *array)
{
    size_t i;
    json_t *line;
    log->n = 0;
    json_array_foreach(array, i, line) {
        double x[N_NUMBERS];
        if (json_array_size(line) != N_NUMBERS)
            return false;
        for (size_t k = 0; k < N_NUMBERS; k++) {
            const json_t *number = json_array_get(line, k);
            x[k] = json_is_number(number) ? json_number_value(number) : NAN;
        }
        /* step and examples become whole numbers */
        if (!(x[0] >= 0 && x[0] < 1e18) || !(x[2] >= 0 && x[2] < 1e18))
            return false;
        struct runlog_line l = line_of(x);
        if (!grow(log, &l))
            return false;
    }
    return json_is_array(array);
}
