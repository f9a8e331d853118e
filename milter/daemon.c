/* daemon.c - fork, setuid, pid file. */
#include "milter/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/settings.h"
#include "milter/log.h"

static bool fail(const char *what, const char *doing)
{
    log_write(SETTINGS_LOG_ERROR, "%s: cannot %s: %s", what, doing, strerror(errno));
    return false;
}

/* The parent: one byte means that all is well, an end of file that the child is gone. */
static void await_child(int fd)
{
    char byte;
    ssize_t n;
    while ((n = read(fd, &byte, 1)) < 0 && errno == EINTR)
        ;
    _exit(n == 1 ? 0 : 1);
}

int daemon_fork(void)
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) != 0) {
        fail("background", "make a pipe");
        return -1;
    }
    pid_t child = fork();
    if (child > 0) {
        close(fd[1]);
        await_child(fd[0]);
    }
    close(fd[0]);
    if (child < 0) {
        close(fd[1]);
        fail("background", "fork");
        return -1;
    }
    setsid();
    return fd[1];
}

void daemon_ready(int fd, bool keep_stderr)
{
    int null = open("/dev/null", O_RDWR);
    if (chdir("/") != 0)
        log_write(SETTINGS_LOG_WARNING, "cannot change to /: %s", strerror(errno));
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        if (!keep_stderr)
            dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO)
            close(null);
    }
    if (write(fd, "", 1) != 1)
        log_write(SETTINGS_LOG_WARNING, "nobody waits for the start");
    close(fd);
}

static bool find_by_number(struct identity *out, const char *name)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    if (name[0] < '0' || name[0] > '9' || *end || number >= (uid_t)-1)
        return false;
    const struct passwd *pw = getpwuid((uid_t)number);
    if (!pw)
        return false;
    out->uid = pw->pw_uid;
    out->gid = pw->pw_gid;
    snprintf(out->name, sizeof out->name, "%s", pw->pw_name);
    return true;
}

bool daemon_find_user(struct identity *out, const char *name)
{
    *out = (struct identity){.wanted = *name != 0, .uid = (uid_t)-1, .gid = (gid_t)-1};
    if (!*name)
        return true;
    const struct passwd *pw = getpwnam(name);
    if (pw) {
        out->uid = pw->pw_uid;
        out->gid = pw->pw_gid;
        snprintf(out->name, sizeof out->name, "%s", name);
        return true;
    }
    if (find_by_number(out, name))
        return true;
    log_write(SETTINGS_LOG_ERROR, "user: there is no user '%s'", name);
    return false;
}

bool daemon_become(const struct identity *who)
{
    if (!who->wanted && geteuid() == 0)
        log_write(SETTINGS_LOG_WARNING, "running as root: set user");
    if (!who->wanted || (getuid() == who->uid && geteuid() == who->uid))
        return true;
    if (initgroups(who->name, who->gid) != 0 || setgid(who->gid) != 0 || setuid(who->uid) != 0)
        return fail(who->name, "become this user");
    if (who->uid != 0 && setuid(0) == 0) {
        log_write(SETTINGS_LOG_ERROR, "%s: root's rights did not go away", who->name);
        return false;
    }
    return true;
}

/* The whole file; the lock says whose process id it holds. */
static struct flock lock_of(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

bool daemon_write_pid(const char *path)
{
    struct flock lock = lock_of(F_WRLCK);
    if (!*path)
        return true;
    /* Stays open: the lock is held as long as we live, and not a moment longer. */
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(path, "open the pid file");
    if (fcntl(fd, F_SETLK, &lock) != 0) {
        log_write(SETTINGS_LOG_ERROR, "%s: another bolter-milter runs with this pid file", path);
        close(fd);
        return false;
    }
    bool ok = ftruncate(fd, 0) == 0 && dprintf(fd, "%ld\n", (long)getpid()) > 0;
    return ok ? true : fail(path, "write the pid file");
}

pid_t daemon_find(const char *path)
{
    struct flock lock = lock_of(F_WRLCK);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail(path, "open the pid file");
        return 0;
    }
    bool asked = fcntl(fd, F_GETLK, &lock) == 0;
    close(fd);
    if (asked && lock.l_type != F_UNLCK && lock.l_pid > 0)
        return lock.l_pid;
    log_write(SETTINGS_LOG_ERROR, "%s: no bolter-milter runs with this pid file", path);
    return 0;
}

/* After the change of user this may be forbidden; the next start overwrites the file. */
void daemon_remove_pid(const char *path)
{
    if (*path)
        unlink(path);
}
