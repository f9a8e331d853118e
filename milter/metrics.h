/*
 * metrics.h - what the daemon has done since it started, counted, and written as OpenMetrics text
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/). The counters are the process's, so they go
 * on over reloads. Any thread. No number here tells of a message's content.
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "bolter.h"
#include "milter/snapshot.h"

/* First thing: the moment of the start. */
void metrics_init(void);
/* Seconds of the monotonic clock, to measure with. */
double metrics_clock(void);

/*
 * A message was answered after so many seconds. action and reason (the verdict, or why there is none)
 * are constant strings of [a-z_]. v is NULL without a verdict.
 */
void metrics_message(const char *action, const char *reason, const bolter_verdict *v,
                     double seconds);
/* A request of bolter --socket was answered. */
void metrics_ask(bool ok);
void metrics_reload(bool ok);

/* Write all of it, with the queue and the model of h's snapshot as they are now. */
void metrics_print(FILE *out, struct holder *h);

#endif
