/* progress.c - one line on a terminal with rate and time left. */
#include "trainer/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_start(struct progress *p, const char *what)
{
    double now = seconds_now();
    *p = (struct progress){.what = what, .started = now, .shown = now, .terminal = isatty(2)};
}

/* Slow work is counted by the minute. */
static void print_rate(double a_second)
{
    if (a_second >= 1)
        fprintf(stderr, "%.1f/s, ", a_second);
    else
        fprintf(stderr, "%.1f/min, ", 60 * a_second);
}

static void print_time(double seconds)
{
    unsigned long s = seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 1000000000;
    if (s >= 3600)
        fprintf(stderr, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    else
        fprintf(stderr, "%lu:%02lu", s / 60, s % 60);
}

void progress_show(struct progress *p, uint64_t done, uint64_t total, const char *note)
{
    double now = seconds_now(), spent = now - p->started;
    if (!p->terminal || now - p->shown < 0.2 || done <= p->first)
        return;
    p->shown = now;
    double rate = (double)(done - p->first) / (spent > 0 ? spent : 1e-9);
    double left = total > done ? (double)(total - done) / rate : 0;
    fprintf(stderr, "\r\033[K%s %llu", p->what, (unsigned long long)done);
    if (total > 0)
        fprintf(stderr, "/%llu", (unsigned long long)total);
    fputs(", ", stderr);
    print_rate(rate);
    if (total > 0)
        print_time(left);
    fprintf(stderr, "%s%s%s", total > 0 ? " left" : "", *note ? ", " : "", note);
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->terminal)
        fputs("\r\033[K", stderr);
}
