/*
 * mta.h - what may be asked of a mail server at the end of a message. callbacks.c fills it for
 * libmilter; a test or another protocol fills it otherwise. Each function returns false when the
 * server could not be told.
 */
#ifndef MTA_H
#define MTA_H

#include <stdbool.h>
#include <stddef.h>

struct mta {
    void *ud;
    /* Put a field above all others. The value may be folded with "\n\t". */
    bool (*insert_header)(void *ud, const char *name, const char *value);
    /* Give the kth field of a name, from 1, in any case, another value; NULL removes it. */
    bool (*change_header)(void *ud, const char *name, unsigned long k, const char *value);
    /* Text of the refusal that follows, of n lines, at most SETTINGS_REPLY_LINES. */
    bool (*reply)(void *ud, const char *code, const char *dsn, const char *const *lines, size_t n);
    /* Hold the message. NULL: the server cannot. */
    bool (*quarantine)(void *ud, const char *reason);
    /* Add or delete a recipient. NULL: the server cannot. */
    bool (*add_recipient)(void *ud, const char *address);
    bool (*delete_recipient)(void *ud, const char *address);
    /* Say that work goes on. */
    bool (*progress)(void *ud);
};

#endif
