/* endpoint.c - poll, accept, a thread; a pipe ends the loop. */
#include "milter/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "conf/settings.h"
#include "milter/log.h"

/* A client that is silent for so long is given up. */
#define SILENCE_S 10
/* How long a stop waits for connections. */
#define STOP_S 5

struct visit {
    struct endpoint *endpoint;
    int fd;
};

static void leave(struct endpoint *e)
{
    pthread_mutex_lock(&e->lock);
    e->connections--;
    pthread_cond_broadcast(&e->fewer);
    pthread_mutex_unlock(&e->lock);
}

static void *serve_one(void *arg)
{
    struct visit v = *(struct visit *)arg;
    const struct timeval limit = {.tv_sec = SILENCE_S};
    free(arg);
    setsockopt(v.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(v.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    v.endpoint->handle(v.endpoint->ud, v.fd);
    close(v.fd);
    leave(v.endpoint);
    return NULL;
}

/* A connection for which there is no memory or no thread is closed. */
static void receive(struct endpoint *e, int fd)
{
    pthread_t thread;
    struct visit *v = malloc(sizeof *v);
    pthread_mutex_lock(&e->lock);
    e->connections++;
    pthread_mutex_unlock(&e->lock);
    if (v)
        *v = (struct visit){.endpoint = e, .fd = fd};
    if (v && pthread_create(&thread, NULL, serve_one, v) == 0) {
        pthread_detach(thread);
        return;
    }
    free(v);
    close(fd);
    leave(e);
}

static void await_room(struct endpoint *e)
{
    pthread_mutex_lock(&e->lock);
    while (e->connections >= e->max_connections)
        pthread_cond_wait(&e->fewer, &e->lock);
    pthread_mutex_unlock(&e->lock);
}

static void *accept_all(void *arg)
{
    struct endpoint *e = arg;
    struct pollfd p[2] = {{.fd = e->listener.fd, .events = POLLIN},
                          {.fd = e->stop_fd[0], .events = POLLIN}};
    const struct timespec moment = {.tv_nsec = 100 * 1000 * 1000};
    for (;;) {
        await_room(e);
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (p[1].revents)
            return NULL;
        if (!p[0].revents)
            continue;
        int fd = accept4(e->listener.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            receive(e, fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            nanosleep(&moment, NULL); /* the client is still there when there is room again */
    }
}

/* On the monotonic clock: a clock that is set must not prolong a stop. */
static void init_fewer(pthread_cond_t *fewer)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(fewer, &attr);
    pthread_condattr_destroy(&attr);
}

bool endpoint_start(struct endpoint *e)
{
    sigset_t all, before;
    if (e->listener.fd < 0)
        return true;
    pthread_mutex_init(&e->lock, NULL);
    init_fewer(&e->fewer);
    if (pipe2(e->stop_fd, O_CLOEXEC) != 0 ||
        fcntl(e->listener.fd, F_SETFL, O_NONBLOCK) != 0) {
        log_write(SETTINGS_LOG_ERROR, "cannot make a pipe: %s", strerror(errno));
        return false;
    }
    /* Its threads inherit this: signals are for the main thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&e->acceptor, NULL, accept_all, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    e->started = error == 0;
    if (error)
        log_write(SETTINGS_LOG_ERROR, "cannot start a thread: %s", strerror(error));
    return e->started;
}

void endpoint_stop(struct endpoint *e)
{
    struct timespec end;
    if (!e->started)
        return;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += STOP_S;
    if (write(e->stop_fd[1], "", 1) != 1)
        return;
    int waited = 0;
    pthread_mutex_lock(&e->lock);
    while (e->connections > 0 && waited == 0)
        waited = pthread_cond_timedwait(&e->fewer, &e->lock, &end);
    pthread_mutex_unlock(&e->lock);
    if (waited == 0)
        pthread_join(e->acceptor, NULL);
    e->started = false;
}
