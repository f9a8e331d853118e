/*
 * http.c - libmicrohttpd: a thread a connection, so that an answer may take its time.
 *
 * A request is refused, where it is to be, as soon as its header has come: by where it comes from,
 * path, method, type and length of the body. Only then is the body taken, into memory of the length
 * that was announced, and only then has it an answer.
 */
#include "web/http.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEADER_MAX                                                                                 \
    ((size_t)32 << 10) /* memory of a connection: its header, and what is sent next */
#define WORK_S 600u    /* for an answer, or for a client to take a bit of it */
#define BLOCK  4096

struct http {
    struct MHD_Daemon *daemon;
    struct http_options o;
    atomic_uint visits; /* requests that have no whole answer yet */
};

/* A request from its header to the end of its answer. */
struct visit {
    const struct route *route; /* NULL: there is none */
    double began;
    unsigned status; /* 0: no answer yet */
    struct request request;
    char *body;
    size_t size; /* of the body as announced */
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- Answers ---- */

static const char *const headers[][2] = {
    {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
                                "connect-src 'self'; base-uri 'none'; "
                                "form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

static ssize_t read_stream(void *arg, uint64_t at, char *bytes, size_t max)
{
    const struct answer *a = arg;
    (void)at;
    size_t n = a->next(a->stream, bytes, max);
    return n > 0 ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_stream(void *arg)
{
    answer_release(arg);
    free(arg);
}

static struct MHD_Response *streamed(struct answer *a)
{
    struct answer *kept = malloc(sizeof *kept);
    if (!kept) {
        answer_release(a);
        return NULL;
    }
    *kept = *a;
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, kept, free_stream);
    if (!r)
        free_stream(kept);
    return r;
}

/* Takes over what the answer owns. */
static struct MHD_Response *response_of(struct answer *a)
{
    if (a->next)
        return streamed(a);
    struct MHD_Response *r =
        MHD_create_response_from_buffer(a->n, (void *)(uintptr_t)a->body,
                                        a->owned ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!r)
        answer_release(a);
    return r;
}

static enum MHD_Result say(struct MHD_Connection *c, struct visit *v, struct answer *a)
{
    const char *type = a->type;
    struct MHD_Response *r = response_of(a);
    if (!r)
        return MHD_NO;
    v->status = a->status;
    MHD_add_response_header(r, "Content-Type", type);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(r, headers[i][0], headers[i][1]);
    if (v->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(r, "Allow", v->route->post ? "POST" : "GET, HEAD");
    if (v->status == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(r, "Retry-After", "1");
    enum MHD_Result done = MHD_queue_response(c, v->status, r);
    MHD_destroy_response(r);
    return done;
}

/* ---- Headers ---- */

static const char *field(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* Bytes of the body as announced; SIZE_MAX for a length that is too long for a number. */
static size_t announced(struct MHD_Connection *c)
{
    const char *text = field(c, "Content-Length");
    size_t n = 0;
    for (; text && *text >= '0' && *text <= '9'; text++) {
        if (n > (SIZE_MAX - 9) / 10)
            return SIZE_MAX;
        n = 10 * n + (size_t)(*text - '0');
    }
    return n;
}

/* Why a request is refused by its header, with the status; 0: it is not. */
static unsigned refusal(const struct http *h, struct MHD_Connection *c, struct visit *v,
                        const char *method, const char **why)
{
    *why = guard_refuses(&h->o.guard, field(c, "Host"), field(c, "Origin"),
                         field(c, "Sec-Fetch-Site"));
    if (*why)
        return MHD_HTTP_FORBIDDEN;
    *why = "there is nothing at this path";
    if (!v->route)
        return MHD_HTTP_NOT_FOUND;
    bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    *why = "this path takes another method";
    if (v->route->post ? strcmp(method, "POST") != 0 : !get)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    v->request.type = v->route->post ? route_type(v->route, field(c, "Content-Type")) : NULL;
    *why = "this path takes another Content-Type";
    if (v->route->post && !v->request.type)
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    *why = "the length of the body is not announced";
    if (field(c, "Transfer-Encoding"))
        return MHD_HTTP_LENGTH_REQUIRED;
    v->size = announced(c);
    *why = "the body is longer than is taken";
    return v->size > h->o.max_body ? MHD_HTTP_CONTENT_TOO_LARGE : 0;
}

/* ---- Requests ---- */

static enum MHD_Result begin(struct http *h, struct MHD_Connection *c, struct visit *v,
                             const char *path, const char *method)
{
    const char *why, *explain;
    v->began = now_s();
    v->route = route_of(h->o.routes, path);
    unsigned status = refusal(h, c, v, method, &why);
    if (status != 0) {
        struct answer a = answer_error(status, why);
        return say(c, v, &a);
    }
    explain = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "explain");
    v->request.explain = explain && strcmp(explain, "1") == 0;
    v->body = calloc(1, v->size + 1);
    return v->body ? MHD_YES : MHD_NO;
}

/* A body that comes too slowly, or is longer than announced, ends the connection. */
static enum MHD_Result append(const struct http *h, struct visit *v, const char *bytes, size_t n)
{
    if (v->status != 0)
        return MHD_YES;
    if (n > v->size - v->request.n || now_s() - v->began > h->o.timeout_s)
        return MHD_NO;
    memcpy(v->body + v->request.n, bytes, n);
    v->request.n += n;
    return MHD_YES;
}

static enum MHD_Result answer(struct http *h, struct MHD_Connection *c, struct visit *v)
{
    v->request.body = v->body;
    MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, WORK_S);
    struct answer a = v->route->answer(h->o.ud, &v->request);
    return say(c, v, &a);
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *c, const char *path,
                              const char *method, const char *version, const char *bytes, size_t *n,
                              void **at)
{
    struct http *h = arg;
    struct visit *v = *at;
    (void)version;
    if (!v) {
        *at = v = calloc(1, sizeof *v);
        if (!v)
            return MHD_NO;
        atomic_fetch_add(&h->visits, 1);
        return begin(h, c, v, path, method);
    }
    if (*n == 0)
        return v->status == 0 ? answer(h, c, v) : MHD_YES;
    enum MHD_Result taken = append(h, v, bytes, *n);
    *n = 0;
    return taken;
}

static void completed(void *arg, struct MHD_Connection *c, void **at,
                      enum MHD_RequestTerminationCode how)
{
    struct http *h = arg;
    struct visit *v = *at;
    (void)how;
    if (!v)
        return;
    if (v->status != 0 && h->o.done)
        h->o.done(h->o.ud, v->route ? v->route->path : "other", v->status, now_s() - v->began);
    MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, h->o.timeout_s);
    free(v->body);
    free(v);
    *at = NULL;
    atomic_fetch_sub(&h->visits, 1);
}

/* ---- The server ---- */

bool http_is_there(void)
{
    return true;
}

struct http *http_start(int fd, const struct http_options *o)
{
    struct http *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->o = *o;
    h->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
            MHD_USE_ITC,
        0, NULL, NULL, handle, h, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        o->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, o->timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADER_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_COMPLETED, completed, h, MHD_OPTION_END);
    if (h->daemon)
        return h;
    free(h);
    return NULL;
}

void http_stop(struct http *h)
{
    const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    if (!h)
        return;
    double began = now_s();
    int fd = MHD_quiesce_daemon(h->daemon);
    while (atomic_load(&h->visits) > 0 && now_s() - began < h->o.stop_s)
        nanosleep(&moment, NULL);
    MHD_stop_daemon(h->daemon);
    if (fd >= 0)
        close(fd);
    free(h);
}
