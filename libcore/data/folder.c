/*
 * folder.c - directories of one message a file: Maildir (cur and new), MH (names that are numbers),
 * or any other.
 *
 * The names are listed once at the start, and read in the order of their bytes, or of an MH
 * folder's numbers, so that a run is repeatable whatever order the file system has.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "data/corpus.h"

struct folder {
    char **paths; /* below the corpus's path: NAME, cur/NAME or new/NAME */
    size_t n, cap;
};

static bolter_status no_memory(const bolter_corpus *c, bolter_error *err)
{
    return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", c->path);
}

/* Takes over path, which is NULL when there was no memory for it. */
static bolter_status add(const bolter_corpus *c, struct folder *f, char *path, bolter_error *err)
{
    if (!path)
        return no_memory(c, err);
    if (f->n == f->cap && f->n < BT_FOLDER_MAX) {
        size_t cap = f->cap ? f->cap * 2 : 64;
        char **paths = bt_realloc_array(f->paths, cap, sizeof *paths);
        if (!paths) {
            bt_release(path);
            return no_memory(c, err);
        }
        f->paths = paths;
        f->cap = cap;
    }
    if (f->n == BT_FOLDER_MAX) {
        bt_release(path);
        return bt_fail(err, BOLTER_E_LIMIT, "%s: more than %zu files", c->path, BT_FOLDER_MAX);
    }
    f->paths[f->n++] = path;
    return BOLTER_OK;
}

static bool is_number(const char *name)
{
    return name[0] && name[strspn(name, "0123456789")] == 0;
}

/* A message of an MH folder is a number; other files there are notes of programs. */
static bool is_message(const bolter_corpus *c, int fd, const char *name)
{
    struct stat st;
    bool named = c->reader == &bt_mh_reader ? is_number(name) : name[0] != '.';
    return named && fstatat(fd, name, &st, 0) == 0 && S_ISREG(st.st_mode);
}

/* Add the regular files of c->path, or of its folder sub. */
static bolter_status list(const bolter_corpus *c, struct folder *f, const char *sub,
                          bolter_error *err)
{
    char *path = sub ? bt_path_join(c->path, sub) : bt_strdup(c->path);
    if (!path)
        return no_memory(c, err);
    DIR *d = opendir(path);
    int e = d ? 0 : errno;
    bolter_status rc = BOLTER_OK;
    while (d && rc == BOLTER_OK) {
        errno = 0;
        struct dirent *entry = readdir(d);
        e = errno;
        if (!entry)
            break;
        if (is_message(c, dirfd(d), entry->d_name))
            rc = add(c, f, sub ? bt_path_join(sub, entry->d_name) : bt_strdup(entry->d_name), err);
    }
    if (d)
        closedir(d);
    if (rc == BOLTER_OK && e)
        rc = bt_fail_errno(err, e, "%s", path);
    bt_release(path);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int order = strcmp(bt_base_name(x), bt_base_name(y));
    return order ? order : strcmp(x, y);
}

/* Numbers without leading zeros: the longer one is the larger one. */
static int by_number(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    const char *p = x + strspn(x, "0"), *q = y + strspn(y, "0");
    size_t m = strlen(p), n = strlen(q);
    int order = m != n ? (m > n) - (m < n) : strcmp(p, q);
    return order ? order : strcmp(x, y);
}

static struct folder *new_state(bolter_corpus *c)
{
    struct folder *f = bt_alloc(sizeof *f);
    c->state = f;
    return f;
}

static void sort(const bolter_corpus *c, struct folder *f)
{
    if (f->n > 0)
        qsort(f->paths, f->n, sizeof *f->paths, c->reader == &bt_mh_reader ? by_number : by_name);
}

static bolter_status open_dir(bolter_corpus *c, bolter_error *err)
{
    struct folder *f = new_state(c);
    if (!f)
        return no_memory(c, err);
    bolter_status rc = list(c, f, NULL, err);
    sort(c, f);
    return rc;
}

static bolter_status open_maildir(bolter_corpus *c, bolter_error *err)
{
    struct folder *f = new_state(c);
    if (!f)
        return no_memory(c, err);
    bolter_status rc = list(c, f, "cur", err);
    if (rc == BOLTER_OK)
        rc = list(c, f, "new", err);
    sort(c, f);
    return rc;
}

static bolter_status read_file(bolter_corpus *c, const char *name, bolter_error *err)
{
    char *path = bt_path_join(c->path, name);
    if (!path)
        return no_memory(c, err);
    bt_source *s;
    bolter_status rc = bt_source_open(&s, path, c->chunk, err);
    if (rc == BOLTER_OK) {
        rc = bt_source_rest(s, &c->body, err);
        bt_source_close(s);
    }
    bt_release(path);
    return rc;
}

static bolter_status next_file(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    const struct folder *f = c->state;
    if (c->index == f->n)
        return BOLTER_END;
    ex->id = bt_base_name(f->paths[c->index]);
    ex->is_mail = !bt_name_ends(ex->id, ".txt");
    return read_file(c, f->paths[c->index], err);
}

/* A Maildir name ends in flags that change as the mail is read; the id leaves them out. */
static bolter_status next_maildir(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    const struct folder *f = c->state;
    if (c->index == f->n)
        return BOLTER_END;
    const char *name = bt_base_name(f->paths[c->index]);
    const char *flags = strstr(name, ":2,");
    if (!bt_buf_append(&c->id, name, flags ? (size_t)(flags - name) : strlen(name)))
        return no_memory(c, err);
    (void)ex;
    return read_file(c, f->paths[c->index], err);
}

static double progress(const bolter_corpus *c)
{
    const struct folder *f = c->state;
    return f->n ? (double)c->index / (double)f->n : 0;
}

static void close_folder(bolter_corpus *c)
{
    struct folder *f = c->state;
    for (size_t i = 0; f && i < f->n; i++)
        bt_release(f->paths[i]);
    if (f)
        bt_release(f->paths);
    bt_release(f);
}

const bt_reader bt_dir_reader = {.kind = "dir",
                                 .folder = true,
                                 .is_mail = true,
                                 .open = open_dir,
                                 .next = next_file,
                                 .progress = progress,
                                 .close = close_folder};
const bt_reader bt_mh_reader = {.kind = "mh",
                                .folder = true,
                                .is_mail = true,
                                .open = open_dir,
                                .next = next_file,
                                .progress = progress,
                                .close = close_folder};
const bt_reader bt_maildir_reader = {.kind = "maildir",
                                     .folder = true,
                                     .is_mail = true,
                                     .open = open_maildir,
                                     .next = next_maildir,
                                     .progress = progress,
                                     .close = close_folder};
