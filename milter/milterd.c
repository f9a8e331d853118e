/*
 * milterd.c - main of bolter-milter: options, settings, socket, user, model, and then libmilter.
 *
 * The order matters: fork before threads exist; bind and write the pid file while still root; load the
 * model as the user who will reload it; tell the waiting parent only when all of that is done.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "milter/askd.h"
#include "milter/callbacks.h"
#include "milter/control.h"
#include "milter/daemon.h"
#include "milter/endpoint.h"
#include "milter/httpd.h"
#include "milter/log.h"
#include "milter/metrics.h"
#include "milter/notify.h"
#include "milter/options.h"
#include "milter/policy.h"
#include "milter/scrape.h"

#define EXIT_USAGE 2
/* Connections of a kind at the same time; one more waits. */
#define MAX_SCRAPES 8
#define MAX_ASKS    64

/* The sockets of one daemon. */
struct sockets {
    struct listener milter;
    struct endpoint metrics, ask;
    struct httpd http;
};

static bool load_settings(const struct options *o, struct settings *s)
{
    bolter_error err = {0};
    if (options_settings(o, s, &err) != BOLTER_OK) {
        log_write(SETTINGS_LOG_ERROR, "%s", err.text);
        return false;
    }
    log_set_level((int)s->log_level);
    log_set_json(s->log_format == SETTINGS_LOG_JSON);
    return true;
}

static bool open_snapshot(struct snapshot **out, const struct settings *s)
{
    bolter_error err = {0};
    if (snapshot_open(out, s, &err) == BOLTER_OK)
        return true;
    log_write(SETTINGS_LOG_ERROR, "%s", err.text);
    return false;
}

static int print_settings(const struct settings *s)
{
    settings_print(s, stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- Sockets --------------------------------------------------------------------------------------- */

static struct wish milter_wish(const struct settings *s, uid_t uid)
{
    return (struct wish){.name = "socket",
                         .spec = s->socket,
                         .group = s->socket_group,
                         .mode = (mode_t)s->socket_mode,
                         .uid = uid};
}

static struct wish metrics_wish(const struct settings *s, uid_t uid)
{
    return (struct wish){.name = "metrics",
                         .spec = s->metrics,
                         .group = s->socket_group,
                         .mode = (mode_t)s->metrics_mode,
                         .uid = uid,
                         .reach = REACH_LOCAL};
}

static struct wish ask_wish(const struct settings *s, uid_t uid)
{
    return (struct wish){.name = "ask",
                         .spec = s->ask,
                         .group = s->ask_group,
                         .mode = (mode_t)s->ask_mode,
                         .uid = uid,
                         .reach = REACH_UNIX};
}

static struct wish http_wish(const struct settings *s, uid_t uid)
{
    return (struct wish){.name = "http",
                         .spec = s->http,
                         .web = true,
                         .group = s->http_group,
                         .mode = (mode_t)s->http_mode,
                         .uid = uid,
                         .reach = s->http_remote == SETTINGS_YES ? REACH_ANY : REACH_LOCAL,
                         .remote = "http_remote = \"yes\""};
}

static bool check_sockets(const struct settings *s)
{
    const struct wish milter = milter_wish(s, 0), metrics = metrics_wish(s, 0),
                      ask = ask_wish(s, 0), http = http_wish(s, 0);
    return listener_check(&milter) && (!*s->metrics || listener_check(&metrics)) &&
           (!*s->ask || listener_check(&ask)) &&
           (!*s->http || (httpd_is_there() && listener_check(&http)));
}

static void remove_sockets(const struct sockets *k)
{
    listener_remove(&k->milter);
    listener_remove(&k->metrics.listener);
    listener_remove(&k->ask.listener);
    listener_remove(&k->http.listener);
}

/* A wrong setting is an error; an address that is in use, for instance, is none for mail. */
static bool open_http(struct httpd *http, const struct settings *s, uid_t uid)
{
    const struct wish wish = http_wish(s, uid);
    if (!*s->http)
        return true;
    if (!httpd_is_there() || !listener_check(&wish))
        return false;
    if (!listener_open(&http->listener, &wish))
        log_write(SETTINGS_LOG_ERROR, "http: mail is served without it");
    return true;
}

/* All that are wished for; one that a service manager listens on already is taken over. */
static bool open_sockets(struct sockets *k, const struct settings *s, uid_t uid)
{
    const struct wish milter = milter_wish(s, uid), metrics = metrics_wish(s, uid),
                      ask = ask_wish(s, uid);
    const struct listener none = {.fd = -1};
    *k = (struct sockets){
        .milter = none, .metrics.listener = none, .ask.listener = none, .http.listener = none};
    k->metrics.handle = scrape_answer;
    k->metrics.max_connections = MAX_SCRAPES;
    k->ask.handle = askd_answer;
    k->ask.max_connections = MAX_ASKS;
    bool ok = (listener_inherited() > 0 ? listener_inherit(&k->milter)
                                        : listener_open(&k->milter, &milter)) &&
              (!*s->metrics || listener_open(&k->metrics.listener, &metrics)) &&
              (!*s->ask || listener_open(&k->ask.listener, &ask)) && open_http(&k->http, s, uid);
    if (!ok)
        remove_sockets(k);
    return ok;
}

static bool start_endpoints(struct sockets *k, struct holder *h)
{
    k->metrics.ud = k->ask.ud = h;
    return endpoint_start(&k->metrics) && endpoint_start(&k->ask);
}

static void start_http(struct sockets *k, struct holder *h)
{
    struct snapshot *snap = snapshot_acquire(h);
    httpd_start(&k->http, &snap->settings, h);
    snapshot_release(h, snap);
}

/* ---- -n ------------------------------------------------------------------------------------------- */

static bolter_status classify_sample(const struct snapshot *snap, bolter_verdict *v,
                                     bolter_error *err)
{
    static const char sample[] = "From: Ann Example <ann@example.org>\r\n"
                                 "Subject: Lunch on Thursday\r\n"
                                 "\r\n"
                                 "Shall we meet at noon, at the usual place?\r\n";
    bolter_text_options o = {.max_message = (size_t)snap->settings.max_message,
                             .layout = bolter_model_info_of(snap->model)->text_layout};
    bolter_text *t;
    const char *utf8;
    size_t n;
    bolter_status status = bolter_text_open(&t, &o, err);
    if (status != BOLTER_OK)
        return status;
    status = bolter_text_chunk(t, sample, sizeof sample - 1, err);
    if (status == BOLTER_OK)
        status = bolter_text_finish(t, &utf8, &n, err);
    if (status == BOLTER_OK)
        status = bolter_service_classify(snap->service, utf8, n, 0, 0, NULL, NULL, v, err);
    bolter_text_free(t);
    return status;
}

static int report_sample(const struct snapshot *snap)
{
    const bolter_model_info *info = bolter_model_info_of(snap->model);
    bolter_verdict v = {.decision = BOLTER_HAM};
    bolter_error err = {0};
    if (classify_sample(snap, &v, &err) != BOLTER_OK) {
        log_write(SETTINGS_LOG_ERROR, "%s", err.text);
        return EXIT_FAILURE;
    }
    policy_decide(&v, &snap->settings, info);
    printf("model %s (%s, %llu parameters, spam at %.4f): built-in message is %s, score %.4f, "
           "%zu tokens, %.1f ms\n",
           v.model_id, info->arch, (unsigned long long)info->n_param,
           policy_spam_threshold(&snap->settings, info), bolter_class_name(v.decision),
           (double)v.spam, v.n_tokens, v.compute_ms);
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int check(const struct settings *s)
{
    struct identity who;
    struct snapshot *snap;
    struct holder h;
    if (!check_sockets(s) || !daemon_find_user(&who, s->user) || !open_snapshot(&snap, s))
        return EXIT_FAILURE;
    int status = report_sample(snap);
    holder_init(&h);
    snapshot_release(&h, snap);
    return status;
}

/* ---- The daemon ------------------------------------------------------------------------------------ */

static bool is_relative(const char *name, const char *path)
{
    if (!*path || *path == '/')
        return false;
    log_write(SETTINGS_LOG_ERROR, "%s: got '%s', expected an absolute path in the background", name,
              path);
    return true;
}

/* libmilter has returned; its threads may still be at work on the messages in flight. */
static void finish(struct holder *h, struct sockets *k)
{
    struct snapshot *snap = snapshot_acquire(h);
    int drain_ms = (int)snap->settings.drain_timeout_ms;
    snapshot_release(h, snap);
    log_write(SETTINGS_LOG_INFO, "stopping");
    bool drained = callbacks_drain(drain_ms);
    endpoint_stop(&k->ask);
    endpoint_stop(&k->metrics);
    bool quiet = httpd_stop(&k->http);
    if (drained && quiet)
        snapshot_replace(h, NULL);
    if (!drained)
        log_write(SETTINGS_LOG_WARNING, "messages were still in flight after %d ms", drain_ms);
}

/* Threads of libmilter may outlive this function, and with them what they use: h and k are static. */
static bool serve_with(const struct options *o, struct holder *h, struct sockets *k, int ready_fd,
                       bool keep_stderr)
{
    const struct control c = {.options = o,
                              .listener = &k->milter,
                              .holder = h,
                              .serve = callbacks_serve,
                              .stop = callbacks_stop};
    if (!callbacks_register(k->milter.fd, h) || !start_endpoints(k, h)) {
        snapshot_replace(h, NULL);
        return false;
    }
    start_http(k, h);
    if (ready_fd >= 0)
        daemon_ready(ready_fd, keep_stderr);
    notify_ready("serving");
    bool served = control_run(&c);
    finish(h, k);
    return served;
}

static bool serve(const struct options *o, const struct settings *s, int ready_fd,
                  struct sockets *k)
{
    static struct holder h;
    struct snapshot *snap;
    if (!open_snapshot(&snap, s))
        return false;
    holder_init(&h);
    snapshot_replace(&h, snap);
    log_open(s->log_to == SETTINGS_LOG_SYSLOG ||
             (s->log_to == SETTINGS_LOG_AUTO && !o->foreground));
    log_write(SETTINGS_LOG_INFO, "bolter-milter %s serves %s: model=%s", bolter_version(),
              *k->milter.path || listener_inherited() == 0 ? s->socket : "an inherited socket",
              bolter_model_info_of(snap->model)->id);
    return serve_with(o, &h, k, ready_fd, s->log_to == SETTINGS_LOG_STDERR);
}

static bool has_relative_path(const struct settings *s)
{
    return is_relative("model", s->model) || is_relative("pid_file", s->pid_file) ||
           is_relative("accept_list", s->accept_list) || is_relative("deny_list", s->deny_list) ||
           is_relative("recipients", s->recipients);
}

static int run(const struct options *o, const struct settings *s)
{
    static struct sockets sockets;
    struct identity who;
    int ready_fd = -1;
    if (!o->foreground && has_relative_path(s))
        return EXIT_FAILURE;
    if (!daemon_find_user(&who, s->user) || (!o->foreground && (ready_fd = daemon_fork()) < 0))
        return EXIT_FAILURE;
    notify_init();
    if (!open_sockets(&sockets, s, who.uid))
        return EXIT_FAILURE;
    bool served = false;
    if (daemon_write_pid(s->pid_file)) {
        served = daemon_become(&who) && serve(o, s, ready_fd, &sockets);
        daemon_remove_pid(s->pid_file);
    }
    remove_sockets(&sockets);
    /* libmilter's threads live on: exit() would take the ground from under them. */
    fflush(NULL);
    _exit(served ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* The daemon says in its log what came of it; what can be checked beforehand, is. */
static int reload(const struct settings *s)
{
    if (!*s->pid_file) {
        log_write(SETTINGS_LOG_ERROR, "reload: set pid_file, by which the daemon is found");
        return EXIT_FAILURE;
    }
    pid_t pid = daemon_find(s->pid_file);
    if (pid == 0 || !check_sockets(s))
        return EXIT_FAILURE;
    if (kill(pid, SIGUSR1) == 0)
        return EXIT_SUCCESS;
    log_write(SETTINGS_LOG_ERROR, "reload: process %ld: %s", (long)pid, strerror(errno));
    return EXIT_FAILURE;
}

static int act(const struct options *o, const struct settings *s)
{
    if (o->print)
        return print_settings(s);
    if (o->check)
        return check(s);
    return o->reload ? reload(s) : run(o, s);
}

int main(int argc, char **argv)
{
    static struct settings s;
    struct options o;
    log_open(false);
    metrics_init();
    if (!control_init())
        return EXIT_FAILURE;
    int status = EXIT_FAILURE;
    switch (options_parse(&o, argc, argv)) {
    case OPTIONS_DONE:
        status = EXIT_SUCCESS;
        break;
    case OPTIONS_WRONG:
        status = EXIT_USAGE;
        break;
    case OPTIONS_GO:
        if (load_settings(&o, &s))
            status = act(&o, &s);
        break;
    case OPTIONS_FAILED:
        break;
    }
    options_free(&o);
    return status;
}
