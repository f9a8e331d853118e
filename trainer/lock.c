/*
 * lock.c - one run at a time has a place. The lock is the kernel's (fcntl, POSIX.1-2008), on a file of its
 * own, as checkpoints are replaced by renaming: a process that was killed leaves the file, but no lock.
 */
#include "trainer/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trainer/options.h"

static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* Somebody may have removed the file between its opening and its locking, and another made a new one. */
static bool still_there(const struct lock *l)
{
    struct stat ours, there;
    return fstat(l->fd, &ours) == 0 && stat(l->path, &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

/* 0 or an errno, EAGAIN where another process has it. */
static int try_lock(struct lock *l)
{
    do {
        if (l->fd >= 0)
            close(l->fd);
        l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        struct flock f = whole_file();
        if (l->fd < 0)
            return errno;
        if (fcntl(l->fd, F_SETLK, &f) != 0)
            return errno == EACCES ? EAGAIN : errno;
    } while (!still_there(l));
    return 0;
}

static void name_holder(const struct lock *l, const char *path)
{
    struct flock f = whole_file();
    char who[40] = "another process";
    if (fcntl(l->fd, F_GETLK, &f) == 0 && f.l_type != F_UNLCK && f.l_pid > 0)
        snprintf(who, sizeof who, "process %ld", (long)f.l_pid);
    complain("%s: %s is at work there; of two runs one would undo the other's", path, who);
}

static void forget(struct lock *l)
{
    if (l->fd >= 0)
        close(l->fd);
    free(l->path);
    *l = (struct lock){0};
}

bool lock_take(struct lock *l, const char *path)
{
    size_t n = strlen(path) + sizeof ".lock";
    *l = (struct lock){malloc(n), -1};
    if (!l->path) {
        complain("no memory");
        return false;
    }
    snprintf(l->path, n, "%s.lock", path);
    int e = try_lock(l);
    if (e == 0)
        return true;
    bool no_locks = l->fd >= 0 && e != EAGAIN;
    if (no_locks)
        unlink(l->path);
    else if (e == EAGAIN)
        name_holder(l, path);
    else
        complain("%s: %s", l->path, strerror(e));
    forget(l);
    return no_locks;
}

void lock_release(struct lock *l)
{
    if (!l->path)
        return;
    unlink(l->path); /* while it is still ours */
    forget(l);
}
