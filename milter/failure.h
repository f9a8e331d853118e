/*
 * failure.h - why a message has no verdict, and what then becomes of it.
 */
#ifndef FAILURE_H
#define FAILURE_H

#include "bolter.h"
#include "conf/settings.h"
#include "milter/mta.h"
#include "milter/policy.h"

enum failure {
    FAILURE_NONE,      /* there is a verdict */
    FAILURE_ERROR,     /* no memory, a broken model, a mail server that took no change */
    FAILURE_TIMEOUT,   /* timeout_ms has passed */
    FAILURE_OVERLOAD,  /* max_queued messages wait */
    FAILURE_UNSCORABLE /* empty or encrypted */
};

/* The kind of failure that a status is; NONE for BOLTER_OK. */
enum failure failure_of(bolter_status status);
/* The word for it in the log, in metrics and in the header. */
const char *failure_name(enum failure f);
/* ACCEPT, MARK (by failure_mark()) or TEMPFAIL, as on_error, on_timeout, ... says. f is not NONE. */
enum action failure_action(enum failure f, const struct settings *s);
/* Insert a field that says that there is no verdict, and why; false when the server was not told. */
bool failure_mark(enum failure f, const struct mta *mta);

#endif
