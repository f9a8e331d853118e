/* file.c - whole-file reading, mapping, and crash-safe writing. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

static bolter_status map_file(bt_map *m, int fd, const char *path, bolter_error *err)
{
    void *p = mmap(NULL, m->len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return bt_fail_errno(err, errno, "%s: mmap", path);
    m->data = p;
    return BOLTER_OK;
}

/* Into pages, so that bt_map_drop() can give them back one by one. */
static bolter_status read_file(bt_map *m, int fd, const char *path, bolter_error *err)
{
    unsigned char *p = mmap(NULL, m->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory for %zu bytes", path, m->len);
    m->data = p;
    m->own = true;
    for (size_t n = 0; n < m->len;) {
        ssize_t got = read(fd, p + n, m->len - n);
        if (got < 0 && errno != EINTR)
            return bt_fail_errno(err, errno, "%s: read", path);
        if (got == 0)
            return bt_fail(err, BOLTER_E_IO, "%s: ended at %zu bytes of %zu", path, n, m->len);
        n += got > 0 ? (size_t)got : 0;
    }
    return BOLTER_OK;
}

static bolter_status open_with(bt_map *m, const char *path,
                               bolter_status (*take)(bt_map *, int, const char *, bolter_error *),
                               bolter_error *err)
{
    *m = (bt_map){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return bt_fail_errno(err, errno, "%s", path);
    struct stat st;
    bolter_status rc = BOLTER_OK;
    if (fstat(fd, &st) != 0)
        rc = bt_fail_errno(err, errno, "%s", path);
    else if (!S_ISREG(st.st_mode))
        rc = bt_fail(err, BOLTER_E_IO, "%s: not a regular file", path);
    else if (st.st_size > 0) {
        m->len = (size_t)st.st_size;
        rc = take(m, fd, path, err);
    }
    close(fd);
    if (rc != BOLTER_OK)
        bt_map_close(m);
    return rc;
}

bolter_status bt_map_open(bt_map *m, const char *path, bolter_error *err)
{
    return open_with(m, path, map_file, err);
}

bolter_status bt_map_read(bt_map *m, const char *path, bolter_error *err)
{
    return open_with(m, path, read_file, err);
}

void bt_map_close(bt_map *m)
{
    if (m->data) {
        void *p;
        memcpy(&p, &m->data, sizeof p);
        munmap(p, m->len);
    }
    *m = (bt_map){0};
}

void bt_map_forget(const bt_map *m, const void *at, size_t n)
{
    if (!m->own)
        bt_map_drop(m, at, n);
}

void bt_map_drop(const bt_map *m, const void *at, size_t n)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)at, end = first + n;
    uintptr_t base = (uintptr_t)m->data;
    if (!m->data || first < base || end > base + m->len)
        return;
    first = (first + page - 1) / page * page;
    end = end / page * page;
    if (end > first)
        madvise((void *)first, end - first, MADV_DONTNEED); /* advice: failing changes nothing */
}

bolter_status bt_temp_open(int *fd, bolter_error *err)
{
    const char *dir = getenv("TMPDIR");
    char *path = bt_path_join(dir && *dir ? dir : "/var/tmp", "bolter-XXXXXX");
    if (!path)
        return bt_fail(err, BOLTER_E_NOMEM, "temporary file: no memory");
    bolter_status rc = BOLTER_OK;
    *fd = mkostemp(path, O_CLOEXEC);
    if (*fd < 0 || unlink(path) != 0)
        rc = bt_fail_errno(err, errno, "%s", path);
    if (rc != BOLTER_OK && *fd >= 0)
        close(*fd);
    bt_release(path);
    return rc;
}

bolter_status bt_read_all(bt_buf *b, const char *path, bolter_error *err)
{
    FILE *f = fopen(path, "rbe");
    if (!f)
        return bt_fail_errno(err, errno, "%s", path);
    bolter_status rc = BOLTER_OK;
    char chunk[16384];
    size_t n;
    while (rc == BOLTER_OK && (n = fread(chunk, 1, sizeof chunk, f)) > 0) {
        if (n > bt_buf_room(b))
            rc = bt_fail(err, BOLTER_E_LIMIT, "%s: larger than %zu bytes", path, b->max);
        else if (!bt_buf_append(b, chunk, n))
            rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    }
    if (rc == BOLTER_OK && ferror(f))
        rc = bt_fail_errno(err, errno, "%s", path);
    fclose(f);
    return rc;
}

char *bt_path_join(const char *dir, const char *name)
{
    bt_buf b;
    bt_buf_init(&b, 65536);
    if (!bt_buf_appendf(&b, "%s/%s", dir, name)) {
        bt_buf_free(&b);
        return NULL;
    }
    return b.data;
}

bool bt_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bolter_status bt_close_synced(FILE *f, const char *path, bolter_error *err)
{
    bool bad = ferror(f) || fflush(f) != 0 || fsync(fileno(f)) != 0;
    int e = errno;
    if (fclose(f) != 0 && !bad) {
        bad = true;
        e = errno;
    }
    return bad ? bt_fail_errno(err, e ? e : EIO, "%s: write", path) : BOLTER_OK;
}

bolter_status bt_sync_dir(const char *dir, bolter_error *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return bt_fail_errno(err, errno, "%s", dir);
    int bad = fsync(fd);
    int e = errno;
    close(fd);
    return bad ? bt_fail_errno(err, e, "%s: fsync", dir) : BOLTER_OK;
}

static bolter_status sync_parent(const char *path, bolter_error *err)
{
    char *copy = bt_strdup(path);
    if (!copy)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    size_t n = strlen(copy);
    while (n > 1 && copy[n - 1] == '/')
        copy[--n] = 0;
    char *slash = strrchr(copy, '/');
    if (slash)
        slash[slash == copy] = 0;
    bolter_status rc = bt_sync_dir(slash ? copy : ".", err);
    bt_release(copy);
    return rc;
}

bolter_status bt_replace_file(const char *tmp, const char *path, bolter_error *err)
{
    if (rename(tmp, path) == 0)
        return sync_parent(path, err);
    int e = errno;
    unlink(tmp);
    return bt_fail_errno(err, e, "%s: rename", path);
}

bolter_status bt_write_file(const char *path, const void *bytes, size_t n, bolter_error *err)
{
    bt_buf tmp;
    bt_buf_init(&tmp, 65536);
    if (!bt_buf_appendf(&tmp, "%s.tmp.%ld", path, (long)getpid()))
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    bolter_status rc;
    FILE *f = fopen(tmp.data, "wbe");
    if (!f) {
        rc = bt_fail_errno(err, errno, "%s", tmp.data);
    } else {
        fwrite(bytes, 1, n, f);
        rc = bt_close_synced(f, path, err);
        if (rc == BOLTER_OK)
            rc = bt_replace_file(tmp.data, path, err);
        else
            unlink(tmp.data);
    }
    bt_buf_free(&tmp);
    return rc;
}

void bt_remove_dir(const char *dir)
{
    DIR *d = opendir(dir);
    if (!d)
        return;
    struct dirent *e;
    while ((e = readdir(d)))
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    rmdir(dir);
}

/* name is base, then the middle, then the id of a process that is gone. */
static bool is_stale(const char *name, const char *base, const char *middle)
{
    size_t n_base = strlen(base), n_middle = strlen(middle);
    if (strncmp(name, base, n_base) != 0 || strncmp(name + n_base, middle, n_middle) != 0)
        return false;
    const char *digits = name + n_base + n_middle;
    char *end;
    errno = 0;
    long pid = strtol(digits, &end, 10);
    if (*digits < '0' || *digits > '9' || *end || errno || pid <= 0 || pid > INT32_MAX)
        return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

void bt_remove_stale(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    char *dir = !slash ? bt_strdup(".") : slash == path ? bt_strdup("/")
                                        : bt_strndup(path, (size_t)(slash - path));
    DIR *d = dir ? opendir(dir) : NULL;
    bool exists = bt_file_exists(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (!is_stale(e->d_name, base, ".tmp.") && !(exists && is_stale(e->d_name, base, ".old.")))
            continue;
        char *stale = bt_path_join(dir, e->d_name);
        if (stale && unlink(stale) != 0)
            bt_remove_dir(stale);
        bt_release(stale);
    }
    if (d)
        closedir(d);
    bt_release(dir);
}

bolter_status bt_replace_dir(const char *tmp, const char *dir, bolter_error *err)
{
    bolter_status rc = bt_sync_dir(tmp, err);
    if (rc != BOLTER_OK)
        return rc;
    /* RENAME_EXCHANGE swaps both in one step where the file system can. */
    if (renameat2(AT_FDCWD, tmp, AT_FDCWD, dir, RENAME_EXCHANGE) == 0) {
        bt_remove_dir(tmp);
        return sync_parent(dir, err);
    }
    if (errno == ENOENT) {
        if (rename(tmp, dir) == 0)
            return sync_parent(dir, err);
        return bt_fail_errno(err, errno, "%s: rename", dir);
    }
    bt_buf old;
    bt_buf_init(&old, 65536);
    if (!bt_buf_appendf(&old, "%s.old.%ld", dir, (long)getpid()))
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rename(dir, old.data) != 0) {
        rc = bt_fail_errno(err, errno, "%s: rename", dir);
    } else if (rename(tmp, dir) != 0) {
        rc = bt_fail_errno(err, errno, "%s: rename", dir);
        if (rename(old.data, dir) != 0)
            rc = bt_fail_errno(NULL, errno, "%s", dir);
    } else {
        bt_remove_dir(old.data);
        rc = sync_parent(dir, err);
    }
    bt_buf_free(&old);
    return rc;
}
