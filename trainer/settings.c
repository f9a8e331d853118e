/* settings.c - the options of a command as they took effect, and its corpora, as JSON. */
#include "trainer/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static json_t *string_or_null(const char *s)
{
    json_t *j = s ? json_string(s) : json_null();
    return j ? j : json_string("(not UTF-8)");
}

static json_t *value_of(const struct option_row *r)
{
    switch (r->kind) {
    case OPTION_FLAG:
        return json_boolean(*(bool *)r->to);
    case OPTION_STRING:
    case OPTION_WORD:
        return string_or_null(*(const char **)r->to);
    case OPTION_SIZE:
        return json_integer((json_int_t) * (size_t *)r->to);
    case OPTION_REAL:
    case OPTION_SHARE:
        return json_real(*(double *)r->to);
    case OPTION_CALL:
    case OPTION_HEADING:
        break;
    }
    return NULL;
}

json_t *settings_json(const struct option_row *rows, size_t n)
{
    json_t *j = json_pack("{s:i}", "v", 1);
    for (size_t i = 0; i < n; i++) {
        json_t *value = value_of(&rows[i]);
        if (value)
            json_object_set_new(j, rows[i].name, value);
    }
    return j;
}

char *settings_text(const json_t *j)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    bool ok = json_dumpf(j, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) == 0;
    fputc('\n', out);
    if (fclose(out) == 0 && ok)
        return text;
    free(text);
    return NULL;
}

/* ---- Corpora ---- */

static json_t *file_json(const char *path)
{
    struct stat st;
    char hex[65];
    bolter_error err = {0};
    json_t *j = json_object();
    json_object_set_new(j, "path", string_or_null(path));
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return j; /* a Maildir, say */
    if (bolter_file_sha256(path, hex, &err) != BOLTER_OK) {
        complain("%s", err.text);
        json_decref(j);
        return NULL;
    }
    json_object_set_new(j, "bytes", json_integer((json_int_t)st.st_size));
    json_object_set_new(j, "sha256", json_string(hex));
    return j;
}

json_t *sources_json(const struct sources *s)
{
    static const char *const parts[] = {"train", "validation", "test"};
    json_t *list = json_array();
    for (size_t i = 0; list && i < s->n + s->n_split; i++) {
        const struct source *src = i < s->n ? &s->source[i] : NULL;
        json_t *j = file_json(src ? src->path : s->split[i - s->n]);
        if (!j) {
            json_decref(list);
            return NULL;
        }
        if (src && src->label)
            json_object_set_new(j, "label", string_or_null(src->label));
        if (src && src->part <= BOLTER_TEST)
            json_object_set_new(j, "part", json_string(parts[src->part]));
        if (!src)
            json_object_set_new(j, "split", json_true());
        json_array_append_new(list, j);
    }
    return list;
}
