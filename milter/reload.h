/*
 * reload.h - a thread that waits for SIGUSR1 and then puts new settings and model in place.
 */
#ifndef RELOAD_H
#define RELOAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "milter/options.h"
#include "milter/snapshot.h"

struct reload {
    const struct options *options;
    struct holder *holder;
    atomic_bool stop;
    pthread_t thread;
};

/* Block SIGUSR1 in this thread and all that it starts. First thing in main(). */
void reload_block_signal(void);
/* Start the thread; options and holder are borrowed until reload_stop(). Logs a failure. */
bool reload_start(struct reload *r, const struct options *o, struct holder *h);
void reload_stop(struct reload *r);

#endif
