/* cmd_experiments.c - bolter-train experiments: its options. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/commands.h"
#include "trainer/experiments.h"
#include "trainer/files.h"
#include "trainer/options.h"

#define LARGEST_SEED 1000000000000000

struct given {
    struct experiments *x;
    const char *rows, *seeds;
    char prepared[3][4096]; /* files of --prepared */
    bool markdown, csv, json;
};

/* ---- Lists: numbers and ranges with commas ---- */

/* A number of digits at *at, which moves behind it. */
static bool take_number(const char **at, size_t *out)
{
    char *end;
    errno = 0;
    *out = (size_t)strtoull(*at, &end, 10);
    if (**at < '0' || **at > '9' || errno)
        return false;
    *at = end;
    return true;
}

/* "A" or "A-B" at *at, which moves behind it and a comma. */
static bool take_range(const char **at, size_t *first, size_t *last)
{
    if (!take_number(at, first))
        return false;
    *last = *first;
    if (**at == '-') {
        ++*at;
        if (!take_number(at, last))
            return false;
    }
    if (**at && (**at != ',' || !(*at)[1]))
        return false;
    *at += **at == ',';
    return *first <= *last;
}

/* "more": the rows beyond the book. */
static bool take_rows(struct experiments *x, const char *list)
{
    const char *at = list;
    do {
        size_t first = EXPERIMENTS_BOOK + 1, last = EXPERIMENTS, n = strcspn(at, ",");
        bool more = n == strlen("more") && strncmp(at, "more", n) == 0;
        if (more)
            at += n + (at[n] == ',' && at[n + 1]);
        if ((!more && !take_range(&at, &first, &last)) || *at == ',' || first < 1 ||
            last > EXPERIMENTS) {
            complain("--rows: \"%s\", expected rows of 1-%d with commas, or more", list, EXPERIMENTS);
            return false;
        }
        for (size_t i = first; i <= last; i++)
            x->wanted[i - 1] = true;
    } while (*at);
    return true;
}

static bool add_seed(struct experiments *x, size_t seed)
{
    for (size_t i = 0; i < x->n_seed; i++)
        if (x->seed[i] == seed)
            return false;
    if (seed > LARGEST_SEED || x->n_seed == EXPERIMENTS_MAX_SEEDS)
        return false;
    x->seed[x->n_seed++] = seed;
    return true;
}

static bool take_seeds(struct experiments *x, const char *list)
{
    const char *at = list;
    do {
        size_t first = 1, last = 0;
        bool ok = take_range(&at, &first, &last);
        while (ok && first <= last)
            ok = add_seed(x, first++);
        if (!ok) {
            complain("--seeds: \"%s\", expected up to %d different seeds with commas", list,
                     EXPERIMENTS_MAX_SEEDS);
            return false;
        }
    } while (*at);
    return true;
}

/* ---- Options ---- */

/* The directory's train.csv, validation.csv and test.csv. */
static bool take_prepared(void *to, const char *name, const char *value)
{
    static const char *const part[3] = {"train", "validation", "test"};
    struct given *g = to;
    for (int i = 0; i < 3; i++) {
        int n = snprintf(g->prepared[i], sizeof g->prepared[i], "%s/%s.csv", value, part[i]);
        if (n < 0 || (size_t)n >= sizeof g->prepared[i]) {
            complain("--%s: the name is too long", name);
            return false;
        }
        if (!sources_take(&g->x->sources, part[i], g->prepared[i]))
            return false;
    }
    return true;
}

static int parse(struct given *g, int argc, char **argv)
{
    struct experiments *x = g->x;
    const struct option_row rows[] = {
        STRING("model", 'm', &x->model, "DIR", "base model, from which each row starts"),
        STRING("rows", 0, &g->rows, "LIST", "rows by number, such as 1-5,10; more: beyond the book"),
        STRING("seeds", 0, &g->seeds, "LIST", "seeds of each row, such as 1,2,3 or 1-5"),
        STRING("out", 'o', &x->out, "DIR", "keep finished rows and the table there"),
        CALL("prepared", 0, take_prepared, g, "DIR", "train.csv, validation.csv, test.csv of it"),
        SOURCE_ROWS(&x->sources),
        LABELS_ROW(&x->sources, "of the model that is made, with commas"),
        HEADING("What each row does:"),
        REAL("epochs", 'e', &x->epochs, 0.001, 1e4, "X", "passes over the training texts"),
        REAL("lr", 0, &x->lr, 0, 1, "X", "learning rate of all rows"),
        SIZE("threads", 'j', &x->threads, 0, 256, "N", "0: all processors"),
        FLAG("random-124m", 0, &x->random_124m, "row 10 in the shape of GPT-2 124M, not the base's"),
        STRING("model-355m", 0, &x->given[SHAPE_355M], "DIR", "GPT-2 355M; without, it is timed"),
        STRING("model-774m", 0, &x->given[SHAPE_774M], "DIR", "GPT-2 774M"),
        STRING("model-1558m", 0, &x->given[SHAPE_1558M], "DIR", "GPT-2 1558M"),
        HEADING("The table:"),
        FLAG("markdown", 0, &g->markdown, "print it as Markdown, as without any of these"),
        FLAG("csv", 0, &g->csv, "print it as CSV"),
        FLAG("json", 0, &g->json, "print it as JSON lines"),
    };
    return options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                         "experiments -m BASE [options] corpora");
}

/* ---- The command ---- */

static bool save(const struct experiments *x, enum experiments_format format, const char *name)
{
    char *text = experiments_table(x, format);
    bool ok = text && save_text(x->out, name, text);
    if (!text)
        complain("no memory");
    free(text);
    return ok;
}

/* The table as far as it is: also in the directory, after every row. */
static bool save_all(const struct experiments *x)
{
    return !x->out || (save(x, EXPERIMENTS_MARKDOWN, "experiments.md") &&
                       save(x, EXPERIMENTS_CSV, "experiments.csv"));
}

static bool print(const struct given *g)
{
    char *text = experiments_table(g->x, g->csv    ? EXPERIMENTS_CSV
                                         : g->json ? EXPERIMENTS_JSON
                                                   : EXPERIMENTS_MARKDOWN);
    if (text)
        fputs(text, stdout);
    else
        complain("no memory");
    free(text);
    return text != NULL;
}

static bool run(const struct given *g)
{
    struct experiments *x = g->x;
    if (!experiments_open(x) || !experiments_load(x))
        return false;
    for (size_t row = 1; row <= EXPERIMENTS; row++)
        if (x->wanted[row - 1] && !(experiment_run(x, row) && save_all(x)))
            return false;
    return print(g);
}

int cmd_experiments(int argc, char **argv)
{
    static struct experiments x = {.epochs = 5, .lr = 5e-5};
    static struct given g = {.x = &x, .rows = "1-19", .seeds = "123"};
    int operand = parse(&g, argc, argv);
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (operand != argc || !x.model || x.sources.n == 0) {
        complain("experiments needs -m BASE and corpora (see --help)");
        return EXIT_USAGE;
    }
    if (g.markdown + g.csv + g.json > 1) {
        complain("one of --markdown, --csv and --json");
        return EXIT_USAGE;
    }
    if (!take_rows(&x, g.rows) || !take_seeds(&x, g.seeds))
        return EXIT_USAGE;
    bool ok = run(&g);
    experiments_close(&x);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
