/*
 * endpoint.h - a small server beside the milter: a thread that accepts, and one for each connection, a
 * bounded number of them. What is said on a connection is the handler's affair.
 *
 * Our own, and not an HTTP library: one request line comes in and one answer goes out, and that is to
 * work in a build without one, too. httpd.h has the page and what is beside it.
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <pthread.h>
#include <stdbool.h>

#include "milter/listener.h"

struct endpoint {
    struct listener listener; /* fd -1: there is none, and all functions do nothing */
    unsigned max_connections;
    /* Answer one client. The socket has a time limit for each read and write; it is closed after. */
    void (*handle)(void *ud, int fd);
    void *ud;
    /* The rest is the endpoint's. */
    pthread_t acceptor;
    bool started;
    int stop_fd[2];
    pthread_mutex_t lock;
    pthread_cond_t fewer;
    unsigned connections; /* guarded by lock */
};

/* Start to serve; e stays where it is. Logs a failure. After the fork and the change of user. */
bool endpoint_start(struct endpoint *e);
/* Take no more connections, and wait for those that are open, at most some seconds. */
void endpoint_stop(struct endpoint *e);

#endif
