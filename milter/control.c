/* control.c - a pipe from signal handlers to the main thread. */
#include "milter/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "milter/log.h"
#include "milter/metrics.h"
#include "milter/notify.h"

/* How long libmilter may take to stop: it destroys locks that its own threads may still wait for. */
#define STOP_MS 3000

enum { SAY_RELOAD = 'r', SAY_STOP = 's', SAY_END = 'e' };

/* Handlers have no other way to find it: both ends live as long as the process. */
static int pipe_fd[2];

/* A full pipe holds more requests than anybody needs, so one that finds no room is dropped. */
static void on_signal(int number)
{
    int before = errno;
    char what = number == SIGUSR1 ? SAY_RELOAD : SAY_STOP;
    ssize_t n = write(pipe_fd[1], &what, 1);
    (void)n;
    errno = before;
}

static void catch_signal(int number)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigfillset(&sa.sa_mask);
    sigaction(number, &sa, NULL);
}

bool control_init(void)
{
    if (pipe2(pipe_fd, O_CLOEXEC) != 0 || fcntl(pipe_fd[1], F_SETFL, O_NONBLOCK) != 0) {
        log_write(SETTINGS_LOG_ERROR, "cannot make a pipe: %s", strerror(errno));
        return false;
    }
    catch_signal(SIGUSR1);
    return true;
}

/* What was settled when the process started: sockets, user and files. */
static void warn_of_unchangeable(const struct settings *old, const struct settings *new)
{
    const struct {
        const char *name;
        bool changed;
    } fixed[] = {
        {"socket", strcmp(old->socket, new->socket) != 0},
        {"socket_mode", old->socket_mode != new->socket_mode},
        {"socket_group", strcmp(old->socket_group, new->socket_group) != 0},
        {"user", strcmp(old->user, new->user) != 0},
        {"pid_file", strcmp(old->pid_file, new->pid_file) != 0},
        {"log_to", old->log_to != new->log_to},
        {"metrics", strcmp(old->metrics, new->metrics) != 0},
        {"metrics_mode", old->metrics_mode != new->metrics_mode},
        {"http", strcmp(old->http, new->http) != 0},
        {"http_mode", old->http_mode != new->http_mode},
        {"http_group", strcmp(old->http_group, new->http_group) != 0},
        {"http_remote", old->http_remote != new->http_remote},
        {"http_host", strcmp(old->http_host, new->http_host) != 0},
        {"ask", strcmp(old->ask, new->ask) != 0},
        {"ask_mode", old->ask_mode != new->ask_mode},
        {"ask_group", strcmp(old->ask_group, new->ask_group) != 0},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (fixed[i].changed)
            log_write(SETTINGS_LOG_WARNING,
                      "reload: the new value of %s takes effect at the next start", fixed[i].name);
}

static void swap(const struct control *c, struct snapshot *new)
{
    struct snapshot *old = snapshot_acquire(c->holder);
    if (old)
        warn_of_unchangeable(&old->settings, &new->settings);
    snapshot_release(c->holder, old);
    log_set_level((int)new->settings.log_level);
    log_set_json(new->settings.log_format == SETTINGS_LOG_JSON);
    log_write(SETTINGS_LOG_INFO, "reloaded: model=%s", bolter_model_info_of(new->model)->id);
    snapshot_replace(c->holder, new);
}

/* All of the new or all of the old. */
static void reload(const struct control *c)
{
    bolter_error err = {0};
    struct snapshot *new;
    struct settings *s = malloc(sizeof *s);
    if (!s) {
        log_write(SETTINGS_LOG_ERROR, "reload: no memory");
        return;
    }
    notify_reloading();
    bolter_status status = options_settings(c->options, s, &err);
    if (status == BOLTER_OK)
        status = snapshot_open(&new, s, &err);
    free(s);
    metrics_reload(status == BOLTER_OK); /* whoever reads of it in the log finds it counted */
    if (status == BOLTER_OK)
        swap(c, new);
    else
        log_write(SETTINGS_LOG_ERROR, "reload failed, the old settings and model stay: %s",
                  err.text);
    notify_ready(status == BOLTER_OK ? "serving" : "serving; the last reload failed, see the log");
}

/*
 * A sign of life for the service manager, unless a worker has had the same batch in hand for two of its
 * intervals: then the daemon is to be restarted.
 */
static void show_life(const struct control *c)
{
    bolter_service_state state = {0};
    struct snapshot *s = snapshot_acquire(c->holder);
    if (s)
        bolter_service_state_of(s->service, &state);
    snapshot_release(c->holder, s);
    if (state.longest_ms < 2 * notify_watchdog_ms())
        notify_alive();
}

/* One call of stop(), in a thread of its own. */
struct stopping {
    void (*stop)(void);
    atomic_bool done;
};

static void *call_stop(void *arg)
{
    struct stopping *s = arg;
    s->stop();
    atomic_store(&s->done, true);
    return NULL;
}

/*
 * smfi_stop() sets a flag and then waits for the thread that accepts, which looks at the flag after
 * each connection and every five seconds. So there are connections until it has looked.
 */
static void stop_serving(const struct control *c)
{
    const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
    static struct stopping s; /* the thread may outlive this function */
    pthread_t thread;
    s.stop = c->stop;
    atomic_init(&s.done, false);
    if (pthread_create(&thread, NULL, call_stop, &s) != 0) {
        c->stop();
        return;
    }
    pthread_detach(thread);
    for (int waited_ms = 0; !atomic_load(&s.done) && waited_ms < STOP_MS; waited_ms += 20) {
        listener_poke(c->listener);
        nanosleep(&moment, NULL);
    }
}

/* The next requests, or 0 when none came for so long (-1: for ever). */
static ssize_t listen_to_pipe(char *said, size_t size, int patience_ms)
{
    struct pollfd p = {.fd = pipe_fd[0], .events = POLLIN};
    int ready;
    while ((ready = poll(&p, 1, patience_ms)) < 0 && errno == EINTR)
        ;
    return ready > 0 ? read(pipe_fd[0], said, size) : 0;
}

/* The next requests while serving; between them, signs of life. */
static ssize_t await_request(const struct control *c, char *said, size_t size)
{
    uint64_t watchdog_ms = notify_watchdog_ms();
    int patience_ms = watchdog_ms == 0 ? -1 : watchdog_ms < INT_MAX ? (int)watchdog_ms : INT_MAX;
    ssize_t n;
    while ((n = listen_to_pipe(said, size, patience_ms)) == 0 && patience_ms > 0)
        show_life(c);
    return n;
}

/*
 * Requests that came together are one: ten reloads in a row are a reload. True when the serving thread
 * has ended, false when it does not end after a stop.
 */
static bool heed(const struct control *c)
{
    char said[256];
    bool stopping = false;
    for (;;) {
        ssize_t n = stopping ? listen_to_pipe(said, sizeof said, STOP_MS)
                             : await_request(c, said, sizeof said);
        if (n <= 0)
            return false;
        if (memchr(said, SAY_END, (size_t)n))
            return true;
        if (memchr(said, SAY_STOP, (size_t)n)) {
            notify_stopping();
            stop_serving(c);
            stopping = true;
        } else if (!stopping) {
            reload(c);
        }
    }
}

/* The thread that serves. It speaks last, and waits for room in the pipe to be heard. */
static void *serve(void *arg)
{
    const struct control *c = *(const struct control **)arg;
    const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    const char end = SAY_END;
    sigset_t all;
    /* libmilter and its threads inherit this; the signals are for the main thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    bool ok = c->serve();
    while (write(pipe_fd[1], &end, 1) < 0 && (errno == EINTR || errno == EAGAIN))
        nanosleep(&moment, NULL);
    return ok ? arg : NULL;
}

bool control_run(const struct control *c)
{
    pthread_t thread;
    void *served = NULL;
    catch_signal(SIGTERM);
    catch_signal(SIGINT);
    catch_signal(SIGHUP);
    int e = pthread_create(&thread, NULL, serve, &c);
    if (e != 0) {
        log_write(SETTINGS_LOG_ERROR, "cannot start a thread: %s", strerror(e));
        return false;
    }
    if (!heed(c)) {
        log_write(SETTINGS_LOG_WARNING, "libmilter does not end: leaving without it");
        pthread_detach(thread);
        return true;
    }
    pthread_join(thread, &served);
    return served != NULL;
}
