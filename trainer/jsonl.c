/* jsonl.c - JSON lines in, JSON lines out. */
#include "trainer/jsonl.h"

#include <stdio.h>
#include <stdlib.h>

#include "trainer/options.h"

static bool one_line(const char *line, size_t n, size_t number,
                     json_t *(*each)(void *arg, const json_t *in), void *arg)
{
    json_error_t je;
    json_t *in = json_loadb(line, n, JSON_ALLOW_NUL, &je);
    if (!json_is_object(in)) {
        complain("standard input:%zu: %s", number, in ? "not an object" : je.text);
        json_decref(in);
        return false;
    }
    json_t *out = each(arg, in);
    json_decref(in);
    if (!out)
        return false;
    if (!json_is_null(out)) {
        json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
        putchar('\n');
    }
    json_decref(out);
    return true;
}

bool jsonl_each(json_t *(*each)(void *arg, const json_t *in), void *arg)
{
    char *line = NULL;
    size_t cap = 0, number = 0;
    bool ok = true;
    for (ssize_t n; ok && (n = getline(&line, &cap, stdin)) >= 0;)
        ok = one_line(line, (size_t)n, ++number, each, arg);
    free(line);
    if (ok && ferror(stdin)) {
        complain("standard input: read failed");
        return false;
    }
    return ok;
}

bool jsonl_int32(const json_t *j, int32_t *out)
{
    json_int_t n = json_integer_value(j);
    if (!json_is_integer(j) || n < INT32_MIN || n > INT32_MAX)
        return false;
    *out = (int32_t)n;
    return true;
}

bolter_seq jsonl_ids(const json_t *in)
{
    const json_t *ids = json_object_get(in, "ids");
    size_t n = json_array_size(ids);
    int32_t *copy = calloc(n + 1, sizeof *copy);
    bool good = json_is_array(ids);
    for (size_t i = 0; copy && i < n; i++)
        good = jsonl_int32(json_array_get(ids, i), &copy[i]) && good;
    if (!copy || !good) {
        complain("%s", copy ? "an object without \"ids\", an array of whole numbers" : "no memory");
        free(copy);
        return (bolter_seq){.ids = NULL, .n = 0};
    }
    return (bolter_seq){.ids = copy, .n = n};
}

json_t *jsonl_of_floats(const float *x, size_t n)
{
    json_t *a = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, json_real((double)x[i]));
    return a;
}

json_t *jsonl_of_ids(const int32_t *ids, size_t n)
{
    json_t *a = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, json_integer(ids[i]));
    return a;
}
