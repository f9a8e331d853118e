/*
 * experiments_record.c - finished trials, a JSON line each, in OUT/rows.jsonl. A line names all that
 * decides its figures; a rerun takes over the lines with the same, and the others stay where they are.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trainer/experiments.h"
#include "trainer/report.h"

#define MAX_LINE (1 << 16)

static bool path_of(const struct experiments *x, char path[4096])
{
    if (snprintf(path, 4096, "%s/rows.jsonl", x->out) < 4096)
        return true;
    complain("%s: the name is too long", x->out);
    return false;
}

static bool failed(const char *path)
{
    complain("%s: %s", path, strerror(errno));
    return false;
}

/* What has to be the same, new. */
static json_t *options_of(const struct experiments *x, size_t row, size_t seed)
{
    enum shape shape = experiment_shape(x, row);
    const char *model = x->given[shape] ? x->given[shape] : shape_name(shape);
    return json_pack("{s:I, s:I, s:s, s:s, s:[s, s, s], s:f, s:f, s:I, s:s}", "row", (json_int_t)row,
                     "seed", (json_int_t)x->seed[seed], "base", bolter_model_info_of(x->m)->id,
                     "model", model, "data", x->sha256[0], x->sha256[1], x->sha256[2], "epochs",
                     x->epochs, "lr", x->lr, "threads", (json_int_t)x->threads, "version",
                     bolter_version());
}

static json_t *trial_json(const struct trial *t)
{
    return json_pack("{s:b, s:o, s:o, s:o, s:f, s:f, s:I, s:I, s:I}", "timed", t->timed, "train",
                     json_number_or_null(t->train), "validation",
                     json_number_or_null(t->validation), "test", json_number_or_null(t->test),
                     "seconds", t->seconds, "tokens_per_second", t->tokens_per_second,
                     "parameters", (json_int_t)t->n_param, "trained", (json_int_t)t->n_trainable,
                     "context", (json_int_t)t->context);
}

bool experiments_append(const struct experiments *x, size_t row, size_t seed)
{
    char path[4096];
    if (!x->out)
        return true;
    if (!path_of(x, path))
        return false;
    json_t *j = json_pack("{s:i, s:o, s:o}", "v", 1, "options", options_of(x, row, seed), "result",
                          trial_json(&x->trial[row - 1][seed]));
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    FILE *f = text ? fopen(path, "a") : NULL;
    bool ok = f && fprintf(f, "%s\n", text) > 0 && fflush(f) == 0 && fsync(fileno(f)) == 0;
    int e = text ? errno : ENOMEM;
    if (f && fclose(f) != 0 && ok) {
        ok = false;
        e = errno;
    }
    free(text);
    json_decref(j);
    errno = e;
    return ok || failed(path);
}

/* ---- Reading ---- */

static double share(const json_t *j, const char *name)
{
    const json_t *v = json_object_get(j, name);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static uint64_t count(const json_t *j, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(j, name));
    return n > 0 ? (uint64_t)n : 0;
}

static struct trial trial_of(const json_t *j)
{
    return (struct trial){.there = true,
                          .timed = json_is_true(json_object_get(j, "timed")),
                          .train = share(j, "train"),
                          .validation = share(j, "validation"),
                          .test = share(j, "test"),
                          .seconds = share(j, "seconds"),
                          .tokens_per_second = share(j, "tokens_per_second"),
                          .n_param = count(j, "parameters"),
                          .n_trainable = count(j, "trained"),
                          .context = (size_t)count(j, "context")};
}

static void take_line(struct experiments *x, const json_t *line)
{
    const json_t *options = json_object_get(line, "options");
    const json_t *result = json_object_get(line, "result");
    uint64_t row = count(options, "row");
    if (row < 1 || row > EXPERIMENTS || !json_is_object(result))
        return;
    for (size_t i = 0; i < x->n_seed; i++) {
        json_t *ours = options_of(x, row, i);
        if (json_equal(ours, options))
            x->trial[row - 1][i] = trial_of(result);
        json_decref(ours);
    }
}

static bool read_lines(struct experiments *x, FILE *f, const char *path)
{
    char line[MAX_LINE];
    off_t whole = 0;
    for (size_t n = 1; fgets(line, sizeof line, f); n++) {
        size_t length = strlen(line);
        bool ends = length > 0 && line[length - 1] == '\n';
        if (!ends && feof(f)) /* its writer was stopped */
            return truncate(path, whole) == 0 || failed(path);
        json_t *j = ends ? json_loads(line, 0, NULL) : NULL;
        if (!json_is_object(j)) {
            complain("%s:%zu: no JSON object", path, n);
            json_decref(j);
            return false;
        }
        take_line(x, j);
        json_decref(j);
        whole += (off_t)length;
    }
    return !ferror(f) || failed(path);
}

bool experiments_load(struct experiments *x)
{
    char path[4096];
    if (!x->out)
        return true;
    if (mkdir(x->out, 0777) != 0 && errno != EEXIST)
        return failed(x->out);
    if (!path_of(x, path) || !lock_take(&x->lock, path))
        return false;
    FILE *f = fopen(path, "r");
    if (!f)
        return errno == ENOENT || failed(path);
    bool ok = read_lines(x, f, path);
    fclose(f);
    return ok;
}
