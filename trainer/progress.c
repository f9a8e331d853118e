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
    *p = (struct progress){.what = what, .started = seconds_now(), .terminal = isatty(2)};
}

void progress_show(struct progress *p, uint64_t done, uint64_t total, const char *note)
{
    double now = seconds_now(), spent = now - p->started;
    if (!p->terminal || now - p->shown < 0.2 || done == 0)
        return;
    p->shown = now;
    double rate = (double)done / (spent > 0 ? spent : 1e-9);
    double left = total > done ? (double)(total - done) / rate : 0;
    fprintf(stderr, "\r\033[K%s %llu", p->what, (unsigned long long)done);
    if (total > 0)
        fprintf(stderr, "/%llu", (unsigned long long)total);
    fprintf(stderr, ", %.1f/s", rate);
    if (total > 0)
        fprintf(stderr, ", %d:%02d left", (int)(left / 60), (int)left % 60);
    fprintf(stderr, " %s", note);
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->terminal)
        fputs("\r\033[K", stderr);
}
