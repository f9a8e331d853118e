/* split.c - fixed splits from files, or a split by content. */
#include "data/split.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/hash.h"

struct bt_split_entry {
    char *id; /* NULL: free */
    size_t source; /* the corpus that has it, from 1; 0: none so far */
    bolter_part part;
};

/* The entry of an id, or the free one where it belongs; the table has room. */
static struct bt_split_entry *slot(struct bt_split_entry *entry, size_t cap, const char *id)
{
    size_t i = (size_t)bt_hash(id, strlen(id)) & (cap - 1);
    while (entry[i].id && strcmp(entry[i].id, id) != 0)
        i = (i + 1) & (cap - 1);
    return &entry[i];
}

static bool grow(bt_split *s)
{
    size_t cap = s->cap ? 2 * s->cap : 4096;
    struct bt_split_entry *entry = bt_alloc_array(cap, sizeof *entry);
    if (!entry)
        return false;
    for (size_t i = 0; i < s->cap; i++)
        if (s->entry[i].id)
            *slot(entry, cap, s->entry[i].id) = s->entry[i];
    bt_release(s->entry);
    s->entry = entry;
    s->cap = cap;
    return true;
}

static bool part_of(const char *word, bolter_part *part)
{
    static const struct {
        const char *word;
        bolter_part part;
    } words[] = {{"train", BOLTER_TRAIN},        {"validation", BOLTER_VALID},
                 {"test", BOLTER_TEST},          {"duplicate", BOLTER_LEFT_OUT},
                 {"conflict", BOLTER_LEFT_OUT}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].word, word) == 0) {
            *part = words[i].part;
            return true;
        }
    }
    return false;
}

/* Cut the line's end off; false for what says nothing of any example. */
static bool is_entry(char *line)
{
    line[strcspn(line, "\r\n")] = 0;
    return *line && *line != '#';
}

static bolter_status add_line(bt_split *s, char *line, const char *path, size_t number,
                              bolter_error *err)
{
    char *field[4] = {line, NULL, NULL, NULL};
    for (int i = 0; i < 3 && field[i] && (field[i + 1] = strchr(field[i], '\t')); i++)
        *field[i + 1]++ = 0;
    bolter_part part;
    if (!field[2] || !part_of(field[2], &part))
        return bt_fail(err, BOLTER_E_FORMAT,
                       "%s:%zu: expected id TAB label TAB train, validation, test, duplicate or "
                       "conflict", path, number);
    if (2 * s->n >= s->cap && !grow(s))
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    struct bt_split_entry *e = slot(s->entry, s->cap, field[0]);
    if (e->id && e->part != part)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s:%zu: %s already has another part", path, number,
                       field[0]);
    if (!e->id) {
        if (!(e->id = bt_strdup(field[0])))
            return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
        e->part = part;
        s->n++;
    }
    return BOLTER_OK;
}

/* For complaints. */
static bolter_status keep_path(bt_split *s, const char *path, bolter_error *err)
{
    bt_release(s->path);
    s->n_files++;
    s->path = bt_strdup(path);
    return s->path ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
}

bolter_status bt_split_read(bt_split *s, const char *path, bolter_error *err)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return bt_fail_errno(err, errno, "%s", path);
    char *line = NULL;
    size_t cap = 0, number = 0, n = 0;
    bolter_status rc = keep_path(s, path, err);
    while (rc == BOLTER_OK && getline(&line, &cap, f) >= 0) {
        number++;
        if (is_entry(line)) {
            rc = add_line(s, line, path, number, err);
            n++;
        }
    }
    if (rc == BOLTER_OK && ferror(f))
        rc = bt_fail_errno(err, errno, "%s", path);
    else if (rc == BOLTER_OK && n == 0)
        rc = bt_fail(err, BOLTER_E_FORMAT, "%s: no line says which part an example belongs to", path);
    free(line);
    fclose(f);
    return rc;
}

bolter_status bt_split_source(bt_split *s, const char *path, bolter_error *err)
{
    char **source = bt_realloc_array(s->source, s->n_source + 1, sizeof *source);
    s->source = source ? source : s->source;
    if (!source || !(source[s->n_source] = bt_strdup(path)))
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    s->n_source++;
    return BOLTER_OK;
}

bolter_status bt_split_part(bt_split *s, const char *id, const char *text, size_t n,
                            bolter_part *part, bolter_error *err)
{
    if (s->n_files > 0) {
        struct bt_split_entry *e = slot(s->entry, s->cap, id);
        if (!e->id)
            return bt_fail(err, BOLTER_E_MISMATCH, "%s: not in the split file %s%s", id, s->path,
                           s->n_files > 1 ? ", nor in those before it" : "");
        if (e->source > 0 && e->source != s->n_source)
            return bt_fail(err, BOLTER_E_MISMATCH,
                           "%s: of this id there is a text in %s and one in %s: a split file cannot tell "
                           "them apart", id, s->source[e->source - 1], s->source[s->n_source - 1]);
        e->source = s->n_source;
        *part = e->part;
        return BOLTER_OK;
    }
    uint64_t share = bt_hash(text, n) % 10;
    *part = share < 7 ? BOLTER_TRAIN : share < 8 ? BOLTER_VALID : BOLTER_TEST;
    return BOLTER_OK;
}

void bt_split_clear(bt_split *s)
{
    for (size_t i = 0; i < s->cap; i++)
        bt_release(s->entry[i].id);
    for (size_t i = 0; i < s->n_source; i++)
        bt_release(s->source[i]);
    bt_release(s->source);
    bt_release(s->entry);
    bt_release(s->path);
    *s = (bt_split){0};
}

/* ---- The same for programs ---- */

struct bolter_split {
    bt_split files;
};

bolter_status bolter_split_open(bolter_split **out, bolter_error *err)
{
    *out = bt_alloc(sizeof **out);
    return *out ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "split: no memory");
}

bolter_status bolter_split_read(bolter_split *s, const char *path, bolter_error *err)
{
    return bt_split_read(&s->files, path, err);
}

bolter_status bolter_split_source(bolter_split *s, const char *path, bolter_error *err)
{
    return bt_split_source(&s->files, path, err);
}

bolter_status bolter_split_part(bolter_split *s, const char *id, const char *text, size_t n,
                                bolter_part *part, bolter_error *err)
{
    return bt_split_part(&s->files, id, text, n, part, err);
}

void bolter_split_free(bolter_split *s)
{
    if (s)
        bt_split_clear(&s->files);
    bt_release(s);
}
