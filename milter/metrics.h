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
#include "milter/hours.h"
#include "milter/snapshot.h"

/* The Content-Type of metrics_print(). */
#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* First thing: the moment of the start. */
void metrics_init(void);
/* Seconds of the monotonic clock, to measure with. */
double metrics_clock(void);

/* How a message was answered. */
struct metrics_answer {
    const char *action, *reason; /* constant strings of [a-z_]; reason: the verdict, or why there is
                                    none */
    enum hours_kind kind;
    bool refused;                  /* for now, or for good, or thrown away */
    const bolter_verdict *verdict; /* of the model; NULL without */
    double seconds;                /* that it took */
};

void metrics_message(const struct metrics_answer *a);
/* A request of bolter --socket was answered. */
void metrics_ask(bool ok);
/* A request over HTTP was answered; ok: with what it asked for. */
void metrics_http(bool ok);
void metrics_reload(bool ok);

/* The messages of the last hours, as hours_list() has them. */
size_t metrics_hours(struct hour out[HOURS_KEPT]);

/* Write all of it, with the queue and the model of h's snapshot as they are now. */
void metrics_print(FILE *out, struct holder *h);

#endif
