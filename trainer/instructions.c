/* instructions.c - tasks with their answers, and how a language model reads them. */
#include "trainer/instructions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/options.h"

/* Bytes of a file of tasks. */
#define MAX_FILE ((size_t)256 << 20)

/* ---- Templates ---- */

/* The words are the models': those that learned with them expect each of them. */
static const struct {
    const char *name, *before, *input, *answer, *next; /* next: what another task begins with */
} templates[] = {
    {"alpaca",
     "Below is an instruction that describes a task. Write a response that appropriately completes "
     "the request.\n\n### Instruction:\n",
     "\n\n### Input:\n", "\n\n### Response:\n", "\n### "},
    {"phi", "<|user|>\n", "\n", "\n<|assistant|>\n", "<|user|>"},
};
enum { N_TEMPLATE = sizeof templates / sizeof *templates };

static size_t index_of(const struct template *t)
{
    size_t i = 0;
    while (i + 1 < N_TEMPLATE && strcmp(templates[i].name, t->name) != 0)
        i++;
    return i;
}

bool template_named(struct template *t, const char *name)
{
    for (size_t i = 0; i < N_TEMPLATE; i++) {
        if (strcmp(templates[i].name, name) == 0) {
            t->name = templates[i].name;
            return true;
        }
    }
    complain("template \"%s\", expected alpaca or phi", name);
    return false;
}

bool template_of_model(struct template *t, const char *dir)
{
    char path[4096];
    json_error_t error;
    *t = (struct template){.name = templates[0].name};
    snprintf(path, sizeof path, "%s/instruct.json", dir);
    FILE *f = fopen(path, "r");
    if (!f)
        return true;
    t->found = true;
    json_t *j = json_loadf(f, 0, &error);
    const char *name = json_string_value(json_object_get(j, "template"));
    bool ok = json_integer_value(json_object_get(j, "v")) == 1 && name && template_named(t, name);
    t->begin = json_is_true(json_object_get(j, "begin"));
    fclose(f);
    json_decref(j);
    if (!ok)
        complain("%s: not \"v\" 1 with a \"template\"", path);
    return ok;
}

char *template_text(const struct template *t)
{
    json_t *j = json_pack("{s:i, s:s, s:b}", "v", 1, "template", t->name, "begin", (int)t->begin);
    char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
    json_decref(j);
    return text;
}

/* ---- Files ---- */

/* All of it, NUL-terminated; NULL after a complaint. */
static char *read_all(FILE *f, const char *path, size_t *n)
{
    size_t cap = 1 << 16;
    char *text = malloc(cap);
    *n = 0;
    for (size_t got; text && (got = fread(text + *n, 1, cap - 1 - *n, f)) > 0;) {
        *n += got;
        if (*n + 1 < cap)
            continue;
        char *grown = cap < MAX_FILE ? realloc(text, cap *= 2) : NULL;
        if (!grown)
            free(text);
        text = grown;
    }
    if (!text)
        complain("%s: larger than %zu bytes, or no memory", path, MAX_FILE);
    else
        text[*n] = 0;
    if (text && ferror(f)) {
        complain("%s: %s", path, strerror(errno));
        free(text);
        text = NULL;
    }
    return text;
}

/* A list, or JSON lines, as a list; new. */
static json_t *parse(const char *text, size_t n, const char *path)
{
    json_error_t error = {0};
    size_t at = strspn(text, " \t\r\n");
    if (text[at] == '[') {
        json_t *list = json_loadb(text, n, 0, &error);
        if (!list)
            complain("%s:%d: %s", path, error.line, error.text);
        return list;
    }
    json_t *list = json_array();
    for (size_t line = 1; list && at < n; line++) {
        size_t end = at + strcspn(text + at, "\n");
        if (strspn(text + at, " \t\r") < end - at) {
            json_t *one = json_loadb(text + at, end - at, 0, &error);
            if (!one)
                complain("%s: task %zu: %s", path, line, error.text);
            if (!one || json_array_append_new(list, one) != 0) {
                json_decref(list);
                return NULL;
            }
        }
        at = end + 1;
    }
    return list;
}

static bool is_task(const json_t *task)
{
    const json_t *input = json_object_get(task, "input"), *output = json_object_get(task, "output");
    return json_is_string(json_object_get(task, "instruction")) &&
           (!input || json_is_string(input)) && (!output || json_is_string(output));
}

json_t *instructions_read(const char *path)
{
    bool in = strcmp(path, "-") == 0;
    FILE *f = in ? stdin : fopen(path, "r");
    size_t n, i;
    if (!f) {
        complain("%s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = read_all(f, path, &n);
    json_t *list = text ? parse(text, n, path) : NULL, *task;
    json_array_foreach(list, i, task) {
        if (!is_task(task)) {
            complain("%s: task %zu: expected strings: instruction, perhaps input and output", path,
                     i + 1);
            json_decref(list);
            list = NULL;
            break;
        }
    }
    free(text);
    if (!in)
        fclose(f);
    return list;
}

/* ---- Tasks ---- */

const char *instructions_field(const json_t *task, const char *name)
{
    const char *s = json_string_value(json_object_get(task, name));
    return s ? s : "";
}

char *instructions_prompt(const struct template *t, const json_t *task)
{
    size_t i = index_of(t), size = 0;
    const char *input = instructions_field(task, "input");
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fputs(templates[i].before, out);
    fputs(instructions_field(task, "instruction"), out);
    if (*input) {
        fputs(templates[i].input, out);
        fputs(input, out);
    }
    fputs(templates[i].answer, out);
    return fclose(out) == 0 ? text : NULL;
}

/* The answer without blanks at its ends, within the first n bytes of what is written. */
static void trim(const char *written, size_t n, size_t *from, size_t *to)
{
    size_t blanks = strspn(written, " \t\r\n");
    *from = blanks < n ? blanks : n;
    *to = n;
    while (*to > *from && strchr(" \t\r\n", written[*to - 1]))
        --*to;
}

bool instructions_settled(const struct template *t, const char *written, size_t *from, size_t *to)
{
    const char *next = templates[index_of(t)].next, *found = strstr(written, next);
    size_t n = strlen(written), held = strlen(next) - 1;
    if (!found) { /* its end may be the beginning of another task */
        held = held < n ? held : n;
        while (strncmp(written + n - held, next, held) != 0)
            held--;
    }
    trim(written, found ? (size_t)(found - written) : n - held, from, to);
    return found != NULL;
}

char *instructions_answer(const struct template *t, char *written)
{
    const char *next = strstr(written, templates[index_of(t)].next);
    size_t from, to;
    trim(written, next ? (size_t)(next - written) : strlen(written), &from, &to);
    written[to] = 0;
    return written + from;
}
