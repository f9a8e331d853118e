/*
 * milterd.c - main of bolter-milter: options, settings, socket, user, model, and then libmilter.
 *
 * The order matters: fork before threads exist; bind and write the pid file while still root; load the
 * model as the user who will reload it; tell the waiting parent only when all of that is done.
 */
#include <stdlib.h>
#include <unistd.h>

#include "milter/callbacks.h"
#include "milter/control.h"
#include "milter/daemon.h"
#include "milter/listener.h"
#include "milter/log.h"
#include "milter/options.h"
#include "milter/policy.h"

#define EXIT_USAGE 2
/* How long messages in flight may take after a stop signal; below a service manager's usual patience. */
#define DRAIN_MS 30000

static bool load_settings(const struct options *o, struct settings *s)
{
    bolter_error err = {0};
    if (options_settings(o, s, &err) != BOLTER_OK) {
        log_write(SETTINGS_LOG_ERROR, "%s", err.text);
        return false;
    }
    log_set_level((int)s->log_level);
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
           policy_spam_threshold(&snap->settings, info), policy_class_name(v.decision),
           (double)v.spam, v.n_tokens, v.compute_ms);
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int check(const struct settings *s)
{
    struct identity who;
    struct snapshot *snap;
    struct holder h;
    if (!listener_check(s) || !daemon_find_user(&who, s->user) || !open_snapshot(&snap, s))
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
static void finish(struct holder *h)
{
    log_write(SETTINGS_LOG_INFO, "stopping");
    if (!callbacks_drain(DRAIN_MS)) {
        log_write(SETTINGS_LOG_WARNING, "messages were still in flight after %d s", DRAIN_MS / 1000);
        return;
    }
    snapshot_replace(h, NULL);
}

static int serve(const struct options *o, const struct settings *s, int ready_fd,
                 const struct listener *l)
{
    static struct holder h; /* threads of libmilter may outlive this function */
    struct snapshot *snap;
    const struct control c = {.options = o,
                              .listener = l,
                              .holder = &h,
                              .serve = callbacks_serve,
                              .stop = callbacks_stop};
    if (!open_snapshot(&snap, s))
        return EXIT_FAILURE;
    holder_init(&h);
    snapshot_replace(&h, snap);
    log_open(s->log_to == SETTINGS_LOG_SYSLOG ||
             (s->log_to == SETTINGS_LOG_AUTO && !o->foreground));
    log_write(SETTINGS_LOG_INFO, "bolter-milter %s serves %s: model=%s", bolter_version(), s->socket,
              bolter_model_info_of(snap->model)->id);
    if (!callbacks_register(l->fd, &h)) {
        snapshot_replace(&h, NULL);
        return EXIT_FAILURE;
    }
    if (ready_fd >= 0)
        daemon_ready(ready_fd, s->log_to == SETTINGS_LOG_STDERR);
    bool served = control_run(&c);
    finish(&h);
    return served ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct options *o, const struct settings *s)
{
    struct identity who;
    struct listener l;
    int ready_fd = -1;
    if (!o->foreground && (is_relative("model", s->model) || is_relative("pid_file", s->pid_file) ||
                           is_relative("accept_list", s->accept_list) ||
                           is_relative("deny_list", s->deny_list) ||
                           is_relative("recipients", s->recipients)))
        return EXIT_FAILURE;
    if (!daemon_find_user(&who, s->user) || (!o->foreground && (ready_fd = daemon_fork()) < 0))
        return EXIT_FAILURE;
    if (!listener_open(&l, s, who.uid))
        return EXIT_FAILURE;
    int status = EXIT_FAILURE;
    if (daemon_write_pid(s->pid_file)) {
        if (daemon_become(&who))
            status = serve(o, s, ready_fd, &l);
        daemon_remove_pid(s->pid_file);
    }
    listener_remove(&l);
    /* libmilter's threads live on: exit() would take the ground from under them. */
    fflush(NULL);
    _exit(status);
}

int main(int argc, char **argv)
{
    static struct settings s;
    struct options o;
    log_open(false);
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
            status = o.print ? print_settings(&s) : o.check ? check(&s) : run(&o, &s);
        break;
    case OPTIONS_FAILED:
        break;
    }
    options_free(&o);
    return status;
}
