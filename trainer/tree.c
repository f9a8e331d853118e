/* tree.c - folders on disk. */
#include "trainer/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trainer/options.h"

char *text_of(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = NULL;
    if (vasprintf(&text, fmt, ap) < 0) {
        complain("no memory");
        text = NULL;
    }
    va_end(ap);
    return text;
}

bool complain_errno(const char *path)
{
    complain("%s: %s", path, strerror(errno));
    return false;
}

bool path_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

bool tree_remove(const char *path)
{
    return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT ||
           complain_errno(path);
}

/* nftw() hands no argument on. */
static struct {
    uint64_t n_files, n_bytes;
} measured;

static int measure_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)path;
    (void)ftw;
    if (type == FTW_F && S_ISREG(st->st_mode)) {
        measured.n_files++;
        measured.n_bytes += (uint64_t)st->st_size;
    }
    return 0;
}

bool tree_measure(const char *path, uint64_t *n_files, uint64_t *n_bytes)
{
    measured.n_files = measured.n_bytes = 0;
    if (nftw(path, measure_one, 16, FTW_PHYS) != 0)
        return complain_errno(path);
    *n_files = measured.n_files;
    *n_bytes = measured.n_bytes;
    return true;
}

bool tree_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && syncfs(fd) == 0;
    if (!ok)
        complain_errno(path);
    if (fd >= 0)
        close(fd);
    return ok;
}
