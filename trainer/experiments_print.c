/* experiments_print.c - the table as Markdown, as CSV, or as a JSON line a row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "trainer/experiments.h"
#include "trainer/report.h"

/* ---- A row's figures over its seeds ---- */

struct spread {
    double mean, sd; /* sd of the sample, NaN for one */
};

struct figures {
    size_t n_seed; /* 0: nothing to show */
    bool timed;
    struct spread part[3]; /* accuracy, % */
    double low, high;      /* 95 % of the test part's, % */
    double minutes, tokens_per_second;
    uint64_t n_param, n_trainable;
    size_t context;
};

static double accuracy(const struct trial *t, int part)
{
    return 100 * (part == BOLTER_TRAIN ? t->train : part == BOLTER_VALID ? t->validation : t->test);
}

static struct spread spread_of(const struct trial *t, size_t n_all, size_t n, int part)
{
    struct spread s = {0, NAN};
    double squares = 0;
    for (size_t i = 0; i < n_all; i++)
        s.mean += t[i].there ? accuracy(&t[i], part) / (double)n : 0;
    for (size_t i = 0; i < n_all; i++)
        squares += t[i].there ? pow(accuracy(&t[i], part) - s.mean, 2) : 0;
    if (n > 1)
        s.sd = sqrt(squares / (double)(n - 1));
    return s;
}

/* Exact (Clopper and Pearson), for as many errors as the seeds made on average. */
static void interval(struct figures *f, size_t n_test)
{
    uint64_t n = n_test, right = (uint64_t)llround(f->part[BOLTER_TEST].mean / 100 * (double)n);
    f->low = 100 * (1 - bolter_rate_bound(n - right, n, 0.975));
    f->high = 100 * bolter_rate_bound(right, n, 0.975);
}

static struct figures figures_of(const struct experiments *x, size_t row)
{
    const struct trial *t = x->trial[row - 1];
    struct figures f = {.low = NAN, .high = NAN};
    for (size_t i = 0; i < x->n_seed; i++)
        f.n_seed += t[i].there;
    for (size_t i = 0; i < x->n_seed; i++) {
        if (!t[i].there)
            continue;
        f.timed = t[i].timed;
        f.minutes += t[i].seconds / 60 / (double)f.n_seed;
        f.tokens_per_second += t[i].tokens_per_second / (double)f.n_seed;
        f.n_param = t[i].n_param;
        f.n_trainable = t[i].n_trainable;
        f.context = t[i].context;
    }
    for (int p = 0; p < 3; p++)
        f.part[p] = spread_of(t, x->n_seed, f.n_seed, p);
    if (f.n_seed > 0 && !f.timed)
        interval(&f, x->part[BOLTER_TEST].n);
    return f;
}

/* ---- Words ---- */

static const char *weights(const struct experiments *x, size_t row)
{
    return experiment_of(row)->random || experiment_timed(x, row) ? "random" : "pretrained";
}

static void context(char out[64], const struct experiment *e, const struct figures *f)
{
    if (e->pad == PAD_NONE)
        snprintf(out, 64, "no padding");
    else
        snprintf(out, 64, "%zu", f->context);
}

static void model_name(char out[16], const struct experiments *x, size_t row)
{
    enum shape s = experiment_shape(x, row);
    if (s == SHAPE_BASE)
        snprintf(out, 16, "%.0fM", (double)bolter_model_info_of(x->m)->n_param / 1e6);
    else
        snprintf(out, 16, "%s", shape_name(s));
}

/* "" for what is not a number. */
static const char *number(char out[32], int decimals, double value)
{
    snprintf(out, 32, "%.*f", decimals, value);
    return isfinite(value) ? out : "";
}

/* ---- Markdown ---- */

static void markdown_head(FILE *to, const struct experiments *x)
{
    fprintf(to, "Training %zu texts, validation %zu, test %zu; %g epochs, learning rate %g; seeds",
            x->part[0].n, x->part[1].n, x->part[2].n, x->epochs, x->lr);
    for (size_t i = 0; i < x->n_seed; i++)
        fprintf(to, "%s %zu", i > 0 ? "," : "", x->seed[i]);
    fputs(".\n\n", to);
    fputs("| Row | Model | Weights | Position | Trained | Context | Training, % | Validation, % "
          "| Test, % | 95 % | Minutes | Parameters | Tokens/s | Book: training, % | validation, % "
          "| test, % | minutes |\n",
          to);
    for (int i = 0; i < 17; i++)
        fputs(i < 1 || i > 5 ? "| ---: " : "| --- ", to);
    fputs("|\n", to);
}

static void markdown_spread(FILE *to, struct spread s)
{
    fprintf(to, " %.2f", s.mean);
    if (isfinite(s.sd))
        fprintf(to, " ± %.2f", s.sd);
    fputs(" |", to);
}

static void markdown_figures(FILE *to, const struct figures *f, const char *skipped)
{
    for (int p = 0; p < 3; p++) {
        if (f->n_seed == 0)
            fprintf(to, " %s |", p == BOLTER_TEST ? skipped : "");
        else if (f->timed)
            fputs(p == BOLTER_TEST ? " timed |" : " |", to);
        else
            markdown_spread(to, f->part[p]);
    }
    if (f->n_seed == 0)
        fputs(" | | | |", to);
    else if (f->timed)
        fprintf(to, " | about %.1f* |", f->minutes);
    else
        fprintf(to, " %.2f to %.2f | %.1f |", f->low, f->high, f->minutes);
    if (f->n_seed > 0)
        fprintf(to, " %llu | %.0f |", (unsigned long long)f->n_trainable, f->tokens_per_second);
}

static void markdown_row(FILE *to, const struct experiments *x, size_t row,
                         const struct figures *f)
{
    const struct experiment *e = experiment_of(row);
    char where[64], model[16], cell[32];
    context(where, e, f);
    model_name(model, x, row);
    fprintf(to, "| %zu | %s | %s | %s | %s | %s%s%s |", row, model, weights(x, row), e->read,
            e->trained, where, e->note ? ", " : "", e->note ? e->note : "");
    markdown_figures(to, f, x->skipped[row - 1]);
    for (int i = 0; i < 4; i++)
        fprintf(to, " %s |", number(cell, 2, e->book[i]));
    fputc('\n', to);
}

/* ---- CSV ---- */

static void csv_head(FILE *to)
{
    fputs("row,model,weights,position,trained,context,note,seeds,epochs,lr,how,train,train_sd,"
          "validation,validation_sd,test,test_sd,test_low,test_high,minutes,parameters,"
          "tokens_per_second,book_train,book_validation,book_test,book_minutes\n",
          to);
}

static void csv_row(FILE *to, const struct experiments *x, size_t row, const struct figures *f)
{
    const struct experiment *e = experiment_of(row);
    char where[64], model[16], cell[32];
    context(where, e, f);
    model_name(model, x, row);
    fprintf(to, "%zu,%s,%s,%s,%s,%s,%s,%zu,%g,%g,%s", row, model, weights(x, row), e->read,
            e->trained, where, e->note ? e->note : "", f->n_seed, x->epochs, x->lr,
            f->n_seed == 0 ? "skipped" : f->timed ? "timed" : "trained");
    bool measured = f->n_seed > 0;
    for (int p = 0; p < 3; p++) {
        fprintf(to, ",%s", number(cell, 2, measured ? f->part[p].mean : NAN));
        fprintf(to, ",%s", number(cell, 2, measured ? f->part[p].sd : NAN));
    }
    fprintf(to, ",%s", number(cell, 2, f->low));
    fprintf(to, ",%s", number(cell, 2, f->high));
    fprintf(to, ",%s", number(cell, 2, measured ? f->minutes : NAN));
    fprintf(to, ",%s", number(cell, 0, measured ? (double)f->n_trainable : NAN));
    fprintf(to, ",%s", number(cell, 0, measured ? f->tokens_per_second : NAN));
    for (int i = 0; i < 4; i++)
        fprintf(to, ",%s", number(cell, 2, e->book[i]));
    fputc('\n', to);
}

/* ---- JSON ---- */

static json_t *spread_json(struct spread s, bool measured)
{
    return json_pack("{s:o, s:o}", "mean", json_number_or_null(measured ? s.mean : NAN), "sd",
                     json_number_or_null(s.sd));
}

static void json_row(FILE *to, const struct experiments *x, size_t row, const struct figures *f)
{
    const struct experiment *e = experiment_of(row);
    bool measured = f->n_seed > 0;
    char where[64], model[16];
    context(where, e, f);
    model_name(model, x, row);
    json_t *j = json_pack(
        "{s:i, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:f, s:f, s:b, s:s}", "v", 1, "row",
        (json_int_t)row, "model", model, "weights", weights(x, row), "position", e->read, "trained",
        e->trained, "context", where, "note", e->note ? e->note : "", "seeds",
        (json_int_t)f->n_seed, "epochs", x->epochs, "lr", x->lr, "timed", f->timed, "skipped",
        x->skipped[row - 1]);
    json_object_set_new(j, "train", spread_json(f->part[0], measured));
    json_object_set_new(j, "validation", spread_json(f->part[1], measured));
    json_object_set_new(j, "test", spread_json(f->part[2], measured));
    json_object_set_new(j, "test_interval",
                        json_pack("[o, o]", json_number_or_null(f->low),
                                  json_number_or_null(f->high)));
    json_object_set_new(j, "minutes", json_number_or_null(measured ? f->minutes : NAN));
    json_object_set_new(j, "parameters", json_integer((json_int_t)f->n_trainable));
    json_object_set_new(j, "tokens_per_second",
                        json_number_or_null(measured ? f->tokens_per_second : NAN));
    json_object_set_new(j, "book",
                        json_pack("[o, o, o, o]", json_number_or_null(e->book[0]),
                                  json_number_or_null(e->book[1]), json_number_or_null(e->book[2]),
                                  json_number_or_null(e->book[3])));
    json_dumpf(j, to, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', to);
    json_decref(j);
}

/* ---- All rows ---- */

char *experiments_table(const struct experiments *x, enum experiments_format format)
{
    char *text = NULL;
    size_t n;
    bool timed = false;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return NULL;
    if (format == EXPERIMENTS_MARKDOWN)
        markdown_head(to, x);
    else if (format == EXPERIMENTS_CSV)
        csv_head(to);
    for (size_t row = 1; row <= EXPERIMENTS; row++) {
        struct figures f = figures_of(x, row);
        if (!x->wanted[row - 1])
            continue;
        timed = timed || f.timed;
        (format == EXPERIMENTS_MARKDOWN ? markdown_row
         : format == EXPERIMENTS_CSV    ? csv_row
                                        : json_row)(to, x, row, &f);
    }
    if (timed && format == EXPERIMENTS_MARKDOWN)
        fputs("\n\\* Extrapolated from a few steps with random weights of this shape.\n", to);
    bool ok = !ferror(to);
    if (fclose(to) == 0 && ok)
        return text;
    free(text);
    return NULL;
}
