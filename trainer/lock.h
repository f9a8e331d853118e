/* lock.h - one run at a time has a place: a lock that goes with its process, however it ends. */
#ifndef LOCK_H
#define LOCK_H

#include <stdbool.h>

/* Zeros: not held. */
struct lock {
    char *path; /* owned */
    int fd;
};

/*
 * Lock the file PATH.lock, which is made if need be. False after a complaint: another process has it, which
 * is named, or it cannot be made. Where the file system knows no locks, there is none, without a word.
 */
bool lock_take(struct lock *l, const char *path);
/* Remove the file and let go of it. */
void lock_release(struct lock *l);

#endif
