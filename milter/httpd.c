/* httpd.c - what the daemon answers at each path. */
#include "milter/httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "milter/log.h"
#include "milter/metrics.h"
#include "web/facts.h"
#include "web/http.h"
#include "web/judging.h"

/* A request; more of a message is not read anyway. */
#define BODY_MAX ((size_t)2 << 20)
/* Connections at the same time, each with a thread; and how long one may be silent. */
#define MAX_CONNECTIONS 16
#define SILENCE_S       10
/* For a verdict with its explanation. */
#define JUDGE_MS 30000
/* How often a message that waits looks whether mail does. */
#define GIVE_WAY_MS 50
/* How long a stop waits for a message, and then for answers on their way. */
#define STOP_S 2

#define LATER "; try again in a moment"

/* ---- Verdicts ---- */

/* One message. */
struct errand {
    struct httpd *httpd;
    const struct snapshot *snapshot;
    double end_s;
};

static size_t waiting(const struct errand *e)
{
    bolter_service_state state;
    bolter_service_state_of(e->snapshot->service, &state);
    return state.queued;
}

/* Called while our own message waits, too. */
static bool may_wait(void *errand)
{
    const struct errand *e = errand;
    return !atomic_load(&e->httpd->stopping) && waiting(e) <= 1;
}

static uint32_t left_ms(const struct errand *e)
{
    double left = (e->end_s - metrics_clock()) * 1e3;
    return left > 1 ? (uint32_t)left : 1;
}

static bolter_status give_way(bolter_error *err)
{
    *err = (bolter_error){.code = BOLTER_E_BUSY, .text = "mail goes first" LATER};
    return err->code;
}

static bool gave_way(bolter_status rc)
{
    return rc == BOLTER_E_CANCELLED || rc == BOLTER_E_BUSY;
}

/* A verdict on less of a message than usual would not be that of the command. */
static bolter_status classify(void *errand, bolter_text *text, bolter_verdict *out,
                              bolter_error *err)
{
    const struct errand *e = errand;
    if (waiting(e) > 0)
        return give_way(err);
    bolter_status rc = bolter_service_classify_text(e->snapshot->service, text, left_ms(e),
                                                    GIVE_WAY_MS, may_wait, errand, out, err);
    return gave_way(rc) || (rc == BOLTER_OK && out->degraded) ? give_way(err) : rc;
}

static bolter_status explain(void *errand, const char *utf8, size_t n, bolter_piece *out,
                             size_t cap, size_t *n_pieces, bolter_error *err)
{
    const struct errand *e = errand;
    bolter_status rc =
        bolter_service_explain(e->snapshot->service, utf8, n, left_ms(e), GIVE_WAY_MS, may_wait,
                               errand, out, cap, n_pieces, err);
    return gave_way(rc) ? give_way(err) : rc;
}

static struct answer judge(struct httpd *w, const struct snapshot *s, const struct request *r)
{
    struct errand e = {w, s, metrics_clock() + JUDGE_MS / 1e3};
    struct judging by;
    bolter_error err = {0};
    size_t n_tokens;
    bolter_status rc = judging_open(&by, s->model, &err);
    by.classify = classify;
    by.explain = explain;
    by.ud = &e;
    struct answer a =
        rc == BOLTER_OK ? judging_answer(&by, r, &n_tokens) : answer_error(500, err.text);
    judging_close(&by);
    return a;
}

static struct answer stopping(void)
{
    return answer_error(503, "the daemon is stopping");
}

static struct answer classify_at(void *httpd, const struct request *r)
{
    struct httpd *w = httpd;
    if (atomic_exchange(&w->busy, true))
        return answer_error(503, "another message is being judged" LATER);
    struct snapshot *s = atomic_load(&w->stopping) ? NULL : snapshot_acquire(w->holder);
    struct answer a = s ? judge(w, s, r) : stopping();
    snapshot_release(w->holder, s);
    atomic_store(&w->busy, false);
    return a;
}

/* ---- Facts ---- */

static struct answer model_at(void *httpd, const struct request *r)
{
    struct httpd *w = httpd;
    (void)r;
    struct snapshot *s = snapshot_acquire(w->holder);
    if (!s)
        return stopping();
    json_t *j =
        facts_of_model(s->model, snapshot_model_dir(&s->settings), "classifier", BODY_MAX, 1);
    json_object_set_new(j, "hours", json_true());
    snapshot_release(w->holder, s);
    return answer_json(200, j);
}

/* A worker that has had the same messages in hand for longer than any may take hangs. */
static const char *health_of(const bolter_service_state *state, const struct settings *s)
{
    if (state->longest_ms > (uint64_t)s->timeout_ms)
        return "stuck";
    return state->queued >= state->max_queued ? "full" : "ok";
}

static struct answer health_at(void *httpd, const struct request *r)
{
    struct httpd *w = httpd;
    bolter_service_state state;
    (void)r;
    struct snapshot *s = snapshot_acquire(w->holder);
    if (!s)
        return stopping();
    bolter_service_state_of(s->service, &state);
    const char *health = health_of(&state, &s->settings);
    json_t *j =
        json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "v", 1, "status", health, "model",
                  bolter_model_info_of(s->model)->id, "queued", (json_int_t)state.queued,
                  "max_queued", (json_int_t)state.max_queued, "busy", (json_int_t)state.busy,
                  "workers", (json_int_t)state.workers, "longest_ms", (json_int_t)state.longest_ms);
    snapshot_release(w->holder, s);
    return answer_json(strcmp(health, "ok") == 0 ? 200 : 503, j);
}

static struct answer metrics_at(void *httpd, const struct request *r)
{
    struct httpd *w = httpd;
    char *text = NULL;
    size_t n = 0;
    (void)r;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return answer_text(NULL, NULL, 0);
    metrics_print(out, w->holder);
    fclose(out);
    return answer_text(METRICS_TYPE, text, n);
}

static json_t *json_of_hour(const struct hour *h)
{
    char begin[sizeof "9999-12-31T23:00:00Z"];
    const time_t begin_s = (time_t)h->begin_s;
    struct tm tm;
    strftime(begin, sizeof begin, "%Y-%m-%dT%H:00:00Z", gmtime_r(&begin_s, &tm));
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "hour", begin, "ham",
                     (json_int_t)h->n[HOURS_HAM], "unsure", (json_int_t)h->n[HOURS_UNSURE], "spam",
                     (json_int_t)h->n[HOURS_SPAM], "other", (json_int_t)h->n[HOURS_OTHER], "failed",
                     (json_int_t)h->n[HOURS_FAILED], "refused", (json_int_t)h->refused);
}

static struct answer hours_at(void *httpd, const struct request *r)
{
    struct hour hour[HOURS_KEPT];
    (void)httpd, (void)r;
    size_t n = metrics_hours(hour);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_of_hour(&hour[i]));
    return answer_json(200, json_pack("{s:i, s:o}", "v", 1, "hours", list));
}

static const struct route routes[] = {
    {"/model", false, {NULL}, model_at},
    {"/health", false, {NULL}, health_at},
    {"/metrics", false, {NULL}, metrics_at},
    {"/hours", false, {NULL}, hours_at},
    {"/classify", true, {"message/rfc822", "text/plain"}, classify_at},
    {NULL, false, {NULL}, NULL},
};

/* ---- The server ---- */

bool httpd_is_there(void)
{
    if (!http_is_there())
        log_write(SETTINGS_LOG_ERROR, "http: this bolter-milter was built without libmicrohttpd");
    return http_is_there();
}

static void count(void *httpd, const char *path, unsigned status, double seconds)
{
    (void)httpd, (void)path, (void)seconds;
    metrics_http(status < 400);
}

/* Its threads inherit the mask: signals are for the main thread. */
static struct http *start_quietly(int fd, const struct http_options *o)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct http *http = fcntl(fd, F_SETFL, O_NONBLOCK) == 0 ? http_start(fd, o) : NULL;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return http;
}

void httpd_start(struct httpd *w, const struct settings *s, struct holder *h)
{
    if (w->listener.fd < 0)
        return;
    w->holder = h;
    atomic_init(&w->busy, false);
    atomic_init(&w->stopping, false);
    web_address_parse(&w->address, s->http); /* of a unix socket there is none */
    memcpy(w->also, s->http_host, sizeof w->also);
    const struct http_options o = {.routes = routes,
                                   .ud = w,
                                   .done = count,
                                   .guard = {.host = *w->address.host ? w->address.host : NULL,
                                             .also = *w->also ? w->also : NULL},
                                   .max_body = BODY_MAX,
                                   .timeout_s = SILENCE_S,
                                   .max_connections = MAX_CONNECTIONS,
                                   .stop_s = STOP_S};
    w->http = start_quietly(w->listener.fd, &o);
    if (w->http)
        log_write(SETTINGS_LOG_INFO, "http: serves %s", s->http);
    else
        log_write(SETTINGS_LOG_ERROR, "http: it does not start; mail is served without it");
}

bool httpd_stop(struct httpd *w)
{
    const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    double end_s = metrics_clock() + STOP_S;
    if (!w->http)
        return true;
    atomic_store(&w->stopping, true);
    while (atomic_load(&w->busy) && metrics_clock() < end_s)
        nanosleep(&moment, NULL);
    if (atomic_load(&w->busy)) {
        log_write(SETTINGS_LOG_WARNING, "http: a message was still being judged after %d s",
                  STOP_S);
        return false;
    }
    http_stop(w->http);
    w->http = NULL;
    return true;
}
