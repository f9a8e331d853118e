/*
 * write.c - the parts of a collection as files.
 *
 * CSV as Python's csv module writes it: a field is quoted where it holds a comma, a quote or a line
 * end, and quotes in it are doubled; lines end in LF. csv.c reads it back unchanged.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "data/collect.h"
#include "data/jsonl.h"

enum { N_FILES = 3 };

/* A file on its way: written as tmp, then renamed to path. Both owned. */
struct file {
    bolter_part part;
    char *path, *tmp;
    bool there; /* as tmp */
};

/* ---- Rows ---- */

static void put_field(FILE *f, const char *s, size_t n)
{
    bool quoted =
        memchr(s, ',', n) || memchr(s, '"', n) || memchr(s, '\n', n) || memchr(s, '\r', n);
    if (!quoted) {
        fwrite(s, 1, n, f);
        return;
    }
    putc('"', f);
    for (const char *end = s + n; s < end;) {
        const char *quote = memchr(s, '"', (size_t)(end - s));
        size_t run = quote ? (size_t)(quote - s) + 1 : (size_t)(end - s);
        fwrite(s, 1, run, f);
        if (quote)
            putc('"', f);
        s += run;
    }
    putc('"', f);
}

/* The name of a label, or its number in number[]. */
static const char *name_label(const bolter_collection *c, int32_t label, bool numbers,
                              char number[16])
{
    if (!numbers)
        return c->label[label];
    int32_t ham = bt_label_index(c, "ham"), spam = bt_label_index(c, "spam");
    bool two = c->n_label == 2 && ham >= 0 && spam >= 0;
    snprintf(number, 16, "%d", two ? label == spam : (int)label);
    return number;
}

static bolter_status write_rows(const bolter_collection *c, FILE *f, bolter_part part,
                                const bolter_write_options *o, bolter_error *err)
{
    char number[16];
    bolter_status rc = BOLTER_OK;
    if (!o->jsonl)
        fputs(o->ids ? "Label,Text,Id\n" : "Label,Text\n", f);
    for (size_t i = 0; rc == BOLTER_OK && i < bolter_collection_count(c, part); i++) {
        bolter_item item = bolter_collection_item(c, part, i);
        const char *label = name_label(c, item.label, o->numbers, number);
        if (o->jsonl) {
            rc = bt_jsonl_write(f, o->ids ? item.id : NULL, label, item.text, item.n, err);
            continue;
        }
        put_field(f, label, strlen(label));
        putc(',', f);
        put_field(f, item.text, item.n);
        if (o->ids) {
            putc(',', f);
            put_field(f, item.id, strlen(item.id));
        }
        putc('\n', f);
    }
    return rc;
}

/* ---- Files ---- */

static bolter_status name_file(struct file *file, const char *dir, const bolter_write_options *o,
                               bolter_error *err)
{
    static const char *const names[N_FILES] = {"train", "validation", "test"};
    bt_buf b;
    bt_buf_init(&b, 65536);
    bool ok = bt_buf_appendf(&b, "%s/%s.%s", dir, names[file->part], o->jsonl ? "jsonl" : "csv") &&
              (file->path = bt_strdup(b.data)) && bt_buf_appendf(&b, ".tmp.%ld", (long)getpid()) &&
              (file->tmp = bt_strdup(b.data));
    bt_buf_free(&b);
    if (!ok)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (!o->overwrite && bt_file_exists(file->path))
        return bt_fail(err, BOLTER_E_IO, "%s: is there already", file->path);
    return BOLTER_OK;
}

static bolter_status write_file(const bolter_collection *c, struct file *file,
                                const bolter_write_options *o, bolter_error *err)
{
    FILE *f = fopen(file->tmp, "wbe");
    if (!f)
        return bt_fail_errno(err, errno, "%s", file->tmp);
    file->there = true;
    bolter_status rc = write_rows(c, f, file->part, o, err);
    bolter_status closed = bt_close_synced(f, file->path, rc == BOLTER_OK ? err : NULL);
    return rc == BOLTER_OK ? closed : rc;
}

static bolter_status put_in_place(struct file *file, bolter_error *err)
{
    if (rename(file->tmp, file->path) != 0)
        return bt_fail_errno(err, errno, "%s: rename", file->path);
    file->there = false;
    return BOLTER_OK;
}

bolter_status bolter_collection_write(const bolter_collection *c, const char *dir,
                                      const bolter_write_options *o, bolter_error *err)
{
    static const bolter_write_options defaults = {0};
    struct file file[N_FILES] = {
        {.part = BOLTER_TRAIN}, {.part = BOLTER_VALID}, {.part = BOLTER_TEST}};
    o = o ? o : &defaults;
    bolter_status rc = BOLTER_OK;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return bt_fail_errno(err, errno, "%s", dir);
    for (size_t i = 0; rc == BOLTER_OK && i < N_FILES; i++)
        rc = name_file(&file[i], dir, o, err);
    for (size_t i = 0; rc == BOLTER_OK && i < N_FILES; i++)
        rc = write_file(c, &file[i], o, err);
    for (size_t i = 0; rc == BOLTER_OK && i < N_FILES; i++)
        rc = put_in_place(&file[i], err);
    if (rc == BOLTER_OK)
        rc = bt_sync_dir(dir, err);
    for (size_t i = 0; i < N_FILES; i++) {
        if (file[i].there)
            unlink(file[i].tmp);
        bt_release(file[i].path);
        bt_release(file[i].tmp);
    }
    return rc;
}
