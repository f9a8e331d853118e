/*
 * control.h - the main thread while the daemon serves: signals, reload, stop.
 *
 * libmilter waits for the stop signals in a thread of its own and expects them to be blocked in all
 * others. They are not: a library may have started threads before main(), and a signal that is delivered
 * to one of those would end the process. So there are handlers, which work in any thread
 * and write a byte into a pipe. The main thread reads it, while libmilter runs in another. Linux
 * prefers the main thread for a signal to the process, so libmilter's own way to stop, which takes
 * up to five seconds, is hardly ever used; it does no harm when it is.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "milter/listener.h"
#include "milter/options.h"
#include "milter/snapshot.h"

struct control {
    const struct options *options;
    const struct listener *listener;
    struct holder *holder;
    bool (*serve)(void); /* until stop() is called; false when it failed */
    void (*stop)(void);  /* may wait for the next connection; any thread */
};

/* First thing in main(): from now on SIGUSR1 is kept until control_run(). Logs a failure. */
bool control_init(void);
/* Serve and heed signals; the result of serve(), or false, logged, when it could not start. */
bool control_run(const struct control *c);

#endif
