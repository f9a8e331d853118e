/*
 * daemon.h - becoming a daemon: background, user, process id file.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

/* A user to become. */
struct identity {
    bool wanted;
    uid_t uid; /* (uid_t)-1: none wanted */
    gid_t gid;
    char name[256];
};

/*
 * Fork; the parent stays until the child calls daemon_ready(), and then exits with 0, or with 1 if
 * the child ends before. So whoever started us sees failures. Returns in the child only; -1 if
 * there is none, logged. Before threads start.
 */
int daemon_fork(void);
/* Let the parent go and detach from the terminal; keep_stderr: there are log lines to come on it.
 */
void daemon_ready(int fd, bool keep_stderr);

/* Find a user by name or number; "" wants none. Logs what is wrong. */
bool daemon_find_user(struct identity *out, const char *name);
/* Become it for good. Nothing to do when it is not wanted or we are it already. */
bool daemon_become(const struct identity *who);

/*
 * Write our process id and lock the file as long as we live; "" writes none. An error, logged, while
 * another process holds that lock. By the process that serves: a lock does not pass to a child.
 */
bool daemon_write_pid(const char *path);
/* The process that holds the lock of a pid file; 0, logged, if none does. */
pid_t daemon_find(const char *path);
void daemon_remove_pid(const char *path);

#endif
