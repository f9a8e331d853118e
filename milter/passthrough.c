/*
 * passthrough.c - hold, judge, write.
 *
 * Three rules keep mail safe here. Nothing is written before the verdict is known. The verdict is
 * found in a child process: whatever a hostile message does to a parser, or a full memory to a
 * library, this process still holds the message and writes it out unmarked. And no temporary file
 * is needed: the model reads only the start of a message, so the end of a huge one streams through.
 */
#include "milter/passthrough.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "milter/complain.h"

struct held {
    char *bytes;
    size_t n, cap;
    bool ended;       /* the message ended within */
    bool read_failed; /* or could not be read on */
};

static ssize_t read_some(int fd, void *buf, size_t n)
{
    ssize_t got;
    do
        got = read(fd, buf, n);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Room for at least one more byte; false when memory or the cap ends. */
static bool grow(struct held *h)
{
    if (h->n < h->cap)
        return true;
    size_t cap = h->cap ? h->cap * 2 : 65536;
    char *bytes = cap <= PASSTHROUGH_HELD_MAX ? realloc(h->bytes, cap) : NULL;
    if (!bytes)
        return false;
    h->bytes = bytes;
    h->cap = cap;
    return true;
}

static void hold(struct held *h, int in)
{
    while (grow(h)) {
        ssize_t got = read_some(in, h->bytes + h->n, h->cap - h->n);
        if (got <= 0) {
            h->ended = got == 0;
            h->read_failed = got < 0;
            if (got < 0)
                complain("standard input: %s", strerror(errno));
            return;
        }
        h->n += (size_t)got;
    }
}

static void write_all(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return;
        p += put;
        n -= (size_t)put;
    }
}

/* The child: judge and report through the pipe; the exit status says whether there is a report. */
static _Noreturn void judge_and_exit(int fd, const struct held *h,
                                     const struct passthrough_judge *judge)
{
    static struct passthrough_report report;
    bool judged = judge->judge(judge->ud, h->bytes, h->n, &report);
    if (judged)
        write_all(fd, &report, sizeof report);
    _exit(judged ? 0 : 1);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait until there is something to read from fd, or its writers are gone; false at the deadline. */
static bool await_readable(int fd, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = deadline_ms - now_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&p, 1, left < INT_MAX ? (int)left : INT_MAX) : 0;
        if (ready > 0)
            return true;
        if (left <= 0 || (ready < 0 && errno != EINTR))
            return false;
    }
}

/* Read the report; false at the deadline, else *n is how many bytes of it came. */
static bool read_report(int fd, int64_t deadline_ms, struct passthrough_report *report, size_t *n)
{
    char *p = (char *)report;
    ssize_t got = 1;
    for (*n = 0; *n < sizeof *report && got > 0; *n += got > 0 ? (size_t)got : 0) {
        if (!await_readable(fd, deadline_ms))
            return false;
        got = read_some(fd, p + *n, sizeof *report - *n);
    }
    return true;
}

/* The parent: a report counts only whole, and from a child that ended well. */
static bool await_report(pid_t child, int fd, unsigned timeout_s, struct passthrough_report *report)
{
    size_t n;
    bool in_time = read_report(fd, now_ms() + (int64_t)timeout_s * 1000, report, &n);
    if (!in_time) {
        complain("no verdict within %u seconds", timeout_s);
        kill(child, SIGKILL);
    }
    int status;
    pid_t waited;
    do
        waited = waitpid(child, &status, 0);
    while (waited < 0 && errno == EINTR);
    if (waited != child || !in_time)
        return false;
    if (WIFSIGNALED(status))
        complain("the classifier was ended by signal %d", WTERMSIG(status));
    report->block[sizeof report->block - 1] = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 && n == sizeof *report;
}

static bool ask(const struct held *h, const struct passthrough_judge *judge,
                struct passthrough_report *report)
{
    int fds[2];
    if (pipe(fds) != 0) {
        complain("pipe: %s", strerror(errno));
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        judge_and_exit(fds[1], h, judge);
    }
    close(fds[1]);
    bool judged = false;
    if (child > 0)
        judged = await_report(child, fds[0], judge->timeout_s, report);
    else
        complain("fork: %s", strerror(errno));
    close(fds[0]);
    return judged;
}

/* What is still in the descriptor; false when it cannot be read. */
static bool feed_rest(struct mark *m, int in)
{
    char chunk[65536];
    ssize_t got;
    while (!ferror(m->out) && (got = read_some(in, chunk, sizeof chunk)) != 0) {
        if (got < 0) {
            complain("standard input: %s", strerror(errno));
            return false;
        }
        mark_feed(m, chunk, (size_t)got);
    }
    return true;
}

/* Write the message through m: what is held, what follows, and to the very end. */
static bool write_message(struct mark *m, const struct held *h, int in)
{
    if (h->n > 0)
        mark_feed(m, h->bytes, h->n);
    bool read_all = !h->read_failed && (h->ended || feed_rest(m, in));
    mark_finish(m);
    if (fflush(m->out) == 0 && !ferror(m->out))
        return read_all;
    complain("standard output: %s", strerror(errno));
    return false;
}

enum passthrough_result passthrough_unmarked(int in, FILE *out)
{
    struct held nothing = {0};
    struct mark m;
    mark_begin(&m, out, NULL, NULL);
    return write_message(&m, &nothing, in) ? PASSED_UNMARKED : PASSED_BROKEN;
}

enum passthrough_result passthrough(int in, FILE *out, const struct passthrough_judge *judge,
                                    bolter_class *decision)
{
    struct held h = {0};
    hold(&h, in);
    bool full = h.n == PASSTHROUGH_HELD_MAX;
    bool short_of_memory = !h.ended && !h.read_failed && !full;
    if (short_of_memory)
        complain("no memory for more than %zu bytes of the message", h.n);

    static struct passthrough_report report;
    struct mark m;
    bool marked = !h.read_failed && !short_of_memory && ask(&h, judge, &report);
    mark_begin(&m, out, marked ? report.block : NULL, mark_eol(h.bytes, h.n));
    bool whole = write_message(&m, &h, in);
    free(h.bytes);
    if (!whole)
        return PASSED_BROKEN;
    *decision = report.decision;
    return marked ? PASSED_MARKED : PASSED_UNMARKED;
}
