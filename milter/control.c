/* control.c - a pipe from signal handlers to the main thread. */
#include "milter/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "milter/log.h"

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

/* What was settled when the process started. */
static void warn_of_unchangeable(const struct settings *old, const struct settings *new)
{
    if (strcmp(old->socket, new->socket) != 0 || old->socket_mode != new->socket_mode ||
        strcmp(old->socket_group, new->socket_group) != 0 || strcmp(old->user, new->user) != 0 ||
        strcmp(old->pid_file, new->pid_file) != 0 || old->log_to != new->log_to)
        log_write(SETTINGS_LOG_WARNING, "reload: a changed socket, socket_mode, socket_group, user, "
                                        "pid_file or log_to takes effect at the next start");
}

static void swap(const struct control *c, struct snapshot *new)
{
    struct snapshot *old = snapshot_acquire(c->holder);
    if (old)
        warn_of_unchangeable(&old->settings, &new->settings);
    snapshot_release(c->holder, old);
    log_set_level((int)new->settings.log_level);
    log_write(SETTINGS_LOG_INFO, "reloaded: model=%s", bolter_model_info_of(new->model)->id);
    snapshot_replace(c->holder, new);
}

static void reload(const struct control *c)
{
    bolter_error err = {0};
    struct snapshot *new;
    struct settings *s = malloc(sizeof *s);
    if (!s) {
        log_write(SETTINGS_LOG_ERROR, "reload: no memory");
        return;
    }
    bolter_status status = options_settings(c->options, s, &err);
    if (status == BOLTER_OK)
        status = snapshot_open(&new, s, &err);
    free(s);
    if (status == BOLTER_OK)
        swap(c, new);
    else
        log_write(SETTINGS_LOG_ERROR, "reload failed, the old settings and model stay: %s",
                  err.text);
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
    struct stopping s = {.stop = c->stop};
    pthread_t thread;
    atomic_init(&s.done, false);
    if (pthread_create(&thread, NULL, call_stop, &s) != 0) {
        c->stop();
        return;
    }
    while (!atomic_load(&s.done)) {
        listener_poke(c->listener);
        nanosleep(&moment, NULL);
    }
    pthread_join(thread, NULL);
}

/*
 * Bytes from the pipe. poll() comes back from every signal, whereas read() would be restarted: the
 * thread sanitizer runs a handler only when such a call returns.
 */
static ssize_t hear(char *said, size_t cap)
{
    struct pollfd p = {.fd = pipe_fd[0], .events = POLLIN};
    int ready;
    while ((ready = poll(&p, 1, -1)) < 0 && errno == EINTR)
        ;
    return ready > 0 ? read(pipe_fd[0], said, cap) : -1;
}

/* Requests that came together are one: ten reloads in a row are a reload. */
static void heed(const struct control *c)
{
    char said[256];
    ssize_t n;
    while ((n = hear(said, sizeof said)) > 0 && !memchr(said, SAY_END, (size_t)n)) {
        if (memchr(said, SAY_STOP, (size_t)n))
            stop_serving(c);
        else
            reload(c);
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
    heed(c);
    pthread_join(thread, &served);
    return served != NULL;
}
