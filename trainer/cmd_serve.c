/* cmd_serve.c - bolter-train serve: a page to try a model, and its interface for programs. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/commands.h"
#include "trainer/listening.h"
#include "trainer/options.h"
#include "trainer/served.h"
#include "web/http.h"

/* For answers that are under way in the end, which then end soon. */
#define STOP_S 10

static const struct route routes[] = {
    {"/model", false, {NULL}, answer_model},
    {"/health", false, {NULL}, answer_health},
    {"/metrics", false, {NULL}, answer_metrics},
    {"/classify", true, {"message/rfc822", "text/plain"}, answer_classify},
    {"/generate", true, {"application/json"}, answer_generate},
    {NULL, false, {NULL}, NULL},
};

struct serve {
    const char *model, *precision, *listen, *host;
    bool allow_remote;
    size_t jobs, max_body, timeout, max_connections;

    struct listening listening;
    struct served served;
};

/* Threads that start from now on leave both signals to wait_for_signal(). */
static void hold_signals(sigset_t *both)
{
    sigemptyset(both);
    sigaddset(both, SIGINT);
    sigaddset(both, SIGTERM);
    pthread_sigmask(SIG_BLOCK, both, NULL);
}

/* Until the first of them; the second ends the process at once. */
static void wait_for_signal(const sigset_t *both)
{
    int sig;
    while (sigwait(both, &sig) != 0)
        ;
    pthread_sigmask(SIG_UNBLOCK, both, NULL);
}

static void count(void *served, const char *path, unsigned status, double seconds)
{
    tally_request(&((struct served *)served)->tally, path, status, seconds);
}

/* Answer until a signal comes. */
static int answer(struct serve *o)
{
    sigset_t both;
    const struct http_options with = {
        .routes = routes,
        .ud = &o->served,
        .done = count,
        .guard = {.host = *o->listening.host ? o->listening.host : NULL, .also = o->host},
        .max_body = o->max_body,
        .timeout_s = (unsigned)o->timeout,
        .max_connections = (unsigned)o->max_connections,
        .stop_s = STOP_S};
    hold_signals(&both);
    if (!listening_open(&o->listening))
        return EXIT_FAILED;
    struct http *h = http_start(o->listening.fd, &with);
    if (h) {
        fprintf(stderr, "listening on %s\n", o->listening.url);
        wait_for_signal(&both);
        listening_remove(&o->listening);
        atomic_store(&o->served.stopping, true);
        http_stop(h);
    } else {
        complain("serve: libmicrohttpd does not start");
    }
    listening_remove(&o->listening);
    return h ? EXIT_DONE : EXIT_FAILED;
}

static int serve(struct serve *o)
{
    o->served.max_body = o->max_body;
    bool opened = served_open(&o->served, o->model, o->precision, o->jobs);
    int status = opened ? answer(o) : EXIT_FAILED;
    served_close(&o->served);
    return status;
}

int cmd_serve(int argc, char **argv)
{
    struct serve o = {.precision = "auto",
                      .listen = "127.0.0.1:8025",
                      .jobs = 2,
                      .max_body = (size_t)2 << 20,
                      .timeout = 30,
                      .max_connections = 32};
    const struct option_row rows[] = {
        STRING("model", 'm', &o.model, "DIR", "a classifier or a language model"),
        STRING("listen", 0, &o.listen, "ADDRESS", "HOST:PORT (0: any free port) or unix:/PATH"),
        FLAG("allow-remote", 0, &o.allow_remote, "HOST may be one that other machines reach"),
        STRING("host", 0, &o.host, "NAME", "answer requests for this host, too"),
        WORD("precision", 0, &o.precision, "FORMAT", "of the weights, auto as they are stored", PRECISIONS),
        SIZE("jobs", 'j', &o.jobs, 1, 256, "N", "requests that are worked on at the same time"),
        SIZE("max-body", 0, &o.max_body, 1, 1 << 30, "BYTES", "of a request"),
        SIZE("max-connections", 0, &o.max_connections, 1, 4096, "N", "at the same time"),
        SIZE("timeout", 0, &o.timeout, 1, 86400, "SECONDS",
             "for a body to arrive, and for a silent client"),
    };
    int operand =
        options_parse(argc, argv, rows, sizeof rows / sizeof *rows, "serve -m DIR [options]");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (!o.model || operand < argc) {
        complain("serve needs -m DIR, and nothing behind the options (see --help)");
        return EXIT_USAGE;
    }
    if (!listening_parse(&o.listening, o.listen, o.allow_remote))
        return EXIT_USAGE;
    if (http_is_there())
        return serve(&o);
    complain("serve: this program was built without libmicrohttpd, and has no page");
    return EXIT_FAILED;
}
