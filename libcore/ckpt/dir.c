/*
 * dir.c - a model directory while it is made: everything goes into DIR.tmp.PID, is synced, and takes DIR's
 * place in one step, so that the name always means a whole model.
 */
#include "ckpt/dir.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

bolter_status bt_dir_put_json(const char *dir, const char *name, json_t *j, bolter_error *err)
{
    char *path = bt_path_join(dir, name);
    char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
    bolter_status rc = path && text ? bt_write_file(path, text, strlen(text), err)
                                    : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    free(text);
    bt_release(path);
    return rc;
}

bolter_status bt_dir_copy(const char *from_dir, const char *dir, const char *name,
                               bolter_error *err)
{
    char *from = bt_path_join(from_dir, name), *to = bt_path_join(dir, name);
    bt_map m = {0};
    bolter_status rc = from && to ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    bool there = rc == BOLTER_OK && bt_file_exists(from);
    if (there)
        rc = bt_map_open(&m, from, err);
    if (there && rc == BOLTER_OK)
        rc = bt_write_file(to, m.data ? (const void *)m.data : "", m.len, err);
    bt_map_close(&m);
    bt_release(from);
    bt_release(to);
    return rc;
}

static bolter_status write_files(const bolter_save_options *o, const char *dir, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < o->n_files; i++) {
        const bolter_save_file *f = &o->files[i];
        if (!*f->name || strchr(f->name, '/'))
            return bt_fail(err, BOLTER_E_ARG, "\"%s\": not the name of a file", f->name);
        char *path = bt_path_join(dir, f->name);
        rc = path ? bt_write_file(path, f->text, strlen(f->text), err)
                  : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
        bt_release(path);
    }
    return rc;
}

/* A directory that saving may replace: a model, or nothing. */
static bool replaceable(const char *dir)
{
    bool model = false;
    size_t n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        model = model || strcmp(e->d_name, "config.json") == 0;
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    if (d)
        closedir(d);
    return d && (model || n == 0);
}

/* Where dir is to be: itself, or where a symbolic link leads. Somebody's letters stay. */
static bolter_status find_place(const char *dir, char **place, bolter_error *err)
{
    struct stat st;
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    char *real = realpath(dir, NULL);
    if (!real && errno == ENOMEM)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    *place = real ? bt_strdup(real) : bt_strndup(dir, n);
    free(real);
    if (!*place)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (lstat(*place, &st) != 0 || (S_ISDIR(st.st_mode) && replaceable(*place)))
        return BOLTER_OK;
    bt_release(*place);
    *place = NULL;
    return bt_fail(err, BOLTER_E_MISMATCH,
                   "%s: exists and is neither a model directory nor empty; it is left alone", dir);
}

bolter_status bolter_save_check(const char *dir, bolter_error *err)
{
    char *place;
    bolter_status rc = find_place(dir, &place, err);
    if (rc == BOLTER_OK)
        bt_release(place);
    return rc;
}

bolter_status bt_dir_build(const char *dir, bt_dir_fill fill, void *ud, const bolter_save_options *o,
                           bolter_error *err)
{
    char *place = NULL;
    bolter_status rc = find_place(dir, &place, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_buf tmp;
    bt_buf_init(&tmp, 65536);
    bt_remove_stale(place);
    if (!bt_buf_appendf(&tmp, "%s.tmp.%ld", place, (long)getpid()))
        rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK) {
        bt_remove_dir(tmp.data);
        if (mkdir(tmp.data, 0777) != 0)
            rc = bt_fail_errno(err, errno, "%s", tmp.data);
    }
    if (rc == BOLTER_OK)
        rc = write_files(o, tmp.data, err);
    if (rc == BOLTER_OK)
        rc = fill(ud, tmp.data, err);
    if (rc == BOLTER_OK)
        rc = bt_replace_dir(tmp.data, place, err);
    if (rc != BOLTER_OK && tmp.data)
        bt_remove_dir(tmp.data);
    bt_buf_free(&tmp);
    bt_release(place);
    return rc;
}
