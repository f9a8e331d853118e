/* reload.c - SIGUSR1: read, check, open, swap; or keep what there is and say why. */
#include "milter/reload.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "milter/log.h"

void reload_block_signal(void)
{
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
}

/* What was settled when the process started. */
static void warn_of_unchangeable(const struct settings *old, const struct settings *new)
{
    if (strcmp(old->socket, new->socket) != 0 || old->socket_mode != new->socket_mode ||
        strcmp(old->socket_group, new->socket_group) != 0 || strcmp(old->user, new->user) != 0 ||
        strcmp(old->pid_file, new->pid_file) != 0 || old->log_to != new->log_to)
        log_write(SETTINGS_LOG_WARNING, "reload: a changed socket, socket_mode, socket_group, user, "
                                        "pid_file or log_to takes effect at the next start");
}

static void swap(struct reload *r, struct snapshot *new)
{
    struct snapshot *old = snapshot_acquire(r->holder);
    if (old)
        warn_of_unchangeable(&old->settings, &new->settings);
    snapshot_release(r->holder, old);
    log_set_level((int)new->settings.log_level);
    log_write(SETTINGS_LOG_INFO, "reloaded: model=%s", bolter_model_info_of(new->model)->id);
    snapshot_replace(r->holder, new);
}

static void reload(struct reload *r)
{
    bolter_error err = {0};
    struct snapshot *new;
    struct settings *s = malloc(sizeof *s);
    if (!s) {
        log_write(SETTINGS_LOG_ERROR, "reload: no memory");
        return;
    }
    bolter_status status = options_settings(r->options, s, &err);
    if (status == BOLTER_OK)
        status = snapshot_open(&new, s, &err);
    free(s);
    if (status == BOLTER_OK)
        swap(r, new);
    else
        log_write(SETTINGS_LOG_ERROR, "reload failed, the old settings and model stay: %s",
                  err.text);
}

static void *serve(void *arg)
{
    struct reload *r = arg;
    sigset_t usr1;
    int signal_number;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    while (sigwait(&usr1, &signal_number) == 0 && !atomic_load(&r->stop))
        reload(r);
    return NULL;
}

/* libmilter wants the stop signals for itself: in this thread all are blocked. */
bool reload_start(struct reload *r, const struct options *o, struct holder *h)
{
    sigset_t all, before;
    r->options = o;
    r->holder = h;
    atomic_init(&r->stop, false);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int e = pthread_create(&r->thread, NULL, serve, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e != 0)
        log_write(SETTINGS_LOG_ERROR, "cannot start a thread: %s", strerror(e));
    return e == 0;
}

void reload_stop(struct reload *r)
{
    atomic_store(&r->stop, true);
    pthread_kill(r->thread, SIGUSR1);
    pthread_join(r->thread, NULL);
}
