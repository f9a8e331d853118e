/*
 * mta.h - what may be asked of a mail server at the end of a message. callbacks.c fills it for
 * libmilter; a test or another protocol fills it otherwise. Each function returns false when the
 * server could not be told.
 */
#ifndef MTA_H
#define MTA_H

#include <stdbool.h>

struct mta {
    void *ud;
    /* Put a field above all others. The value may be folded with "\n\t". */
    bool (*insert_header)(void *ud, const char *name, const char *value);
    /* Remove the kth field of a name, from 1, in any case. */
    bool (*remove_header)(void *ud, const char *name, unsigned long k);
    /* Text of the refusal that follows; '%' stands doubled. */
    bool (*reply)(void *ud, const char *code, const char *dsn, const char *text);
    /* Say that work goes on. */
    bool (*progress)(void *ud);
};

#endif
