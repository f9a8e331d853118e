/*
 * callbacks.h - the milter protocol: libmilter calls, we answer.
 */
#ifndef CALLBACKS_H
#define CALLBACKS_H

#include <stdbool.h>

#include "milter/snapshot.h"

/* Register with libmilter to serve the listening descriptor fd, which it takes over. */
bool callbacks_register(int fd, struct holder *h);
/* Serve until a stop signal; false when libmilter failed. */
bool callbacks_serve(void);
/* End callbacks_serve() within some seconds, as a stop signal does. Any thread. */
void callbacks_stop(void);
/* After serving: wait until no message is being answered, at most limit_ms; false if some still
 * are. */
bool callbacks_drain(int limit_ms);

#endif
