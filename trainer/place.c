/* place.c - where a run keeps its checkpoint and its results, and whether there is room for them. */
#include "trainer/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "bolter_train.h"
#include "trainer/options.h"

static size_t length_without_slashes(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return n;
}

/* The directory that the model and the checkpoint are to stand in. */
static void parent_of(const char *path, char parent[4096])
{
    size_t n = length_without_slashes(path);
    while (n > 0 && path[n - 1] != '/')
        n--;
    snprintf(parent, 4096, "%.*s", n > 0 ? (int)n : 1, n > 0 ? path : ".");
}

/* Something new could stand at path. */
static bool parent_is_open(const char *path)
{
    char parent[4096];
    parent_of(path, parent);
    return access(parent, W_OK | X_OK) == 0;
}

static bool is_directory(const struct stat *st)
{
    if (S_ISDIR(st->st_mode))
        return true;
    errno = ENOTDIR;
    return false;
}

static bool is_no_directory(const struct stat *st)
{
    errno = EISDIR;
    return !S_ISDIR(st->st_mode);
}

bool place_takes_file(const char *path)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    bool ok = there ? is_no_directory(&st) && access(path, W_OK) == 0 : parent_is_open(path);
    if (!ok)
        complain("%s: %s", path, strerror(errno));
    return ok;
}

bool place_takes_directory(const char *path)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    bool ok = there ? is_directory(&st) && access(path, W_OK | X_OK) == 0 : parent_is_open(path);
    if (!ok)
        complain("%s: %s", path, strerror(errno));
    return ok;
}

/* OUT.run, new. */
static char *checkpoint_of(const char *out)
{
    size_t n = length_without_slashes(out);
    char *path = malloc(n + sizeof ".run");
    if (path)
        snprintf(path, n + sizeof ".run", "%.*s.run", (int)n, out);
    else
        complain("no memory");
    return path;
}

static bool is_there_as(const char *path, bool resume)
{
    bool there = access(path, F_OK) == 0;
    if (there == resume)
        return true;
    if (there)
        complain("%s: an earlier run was not finished; --resume goes on with it, removing the file "
                 "begins anew", path);
    else
        complain("%s: %s; there is no run to go on with", path, strerror(errno));
    return false;
}

char *place_checkpoint(const char *out, bool resume, struct lock *lock)
{
    bolter_error err = {0};
    if (!parent_is_open(out)) {
        complain("%s: %s", out, strerror(errno));
        return NULL;
    }
    if (bolter_save_check(out, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return NULL;
    }
    char *path = checkpoint_of(out);
    if (path && lock_take(lock, path) && is_there_as(path, resume))
        return path;
    free(path);
    return NULL;
}

double place_bytes(const char *dir, const char *name)
{
    char path[4096];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

void place_clear(const char *checkpoint)
{
    if (unlink(checkpoint) != 0 && errno != ENOENT)
        complain("%s: %s", checkpoint, strerror(errno));
}

bool place_has_room(const char *out, double model, int checkpoints, double checkpoint)
{
    char parent[4096];
    struct statvfs fs;
    parent_of(out, parent);
    if (statvfs(parent, &fs) != 0) {
        complain("%s: %s", parent, strerror(errno));
        return false;
    }
    double needed = model + checkpoints * checkpoint;
    double available = (double)fs.f_bavail * (double)fs.f_frsize;
    if (available < needed)
        complain("%s: the model and %d checkpoint%s need %.1f MB, %.1f MB are free", parent,
                 checkpoints, checkpoints > 1 ? "s" : "", needed / 1e6, available / 1e6);
    return available >= needed;
}
