/* progress.h - one line on a terminal with rate and time left; silent elsewhere. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what;
    double started, shown; /* seconds */
    uint64_t first;        /* units that were done before it started; for the rate */
    bool terminal;
};

/* Seconds of a clock that never goes back. */
double seconds_now(void);
void progress_start(struct progress *p, const char *what);
/* done of total units (0: not known), a few times a second at most; note may be "". */
void progress_show(struct progress *p, uint64_t done, uint64_t total, const char *note);
/* Clear the line. */
void progress_end(struct progress *p);

#endif
