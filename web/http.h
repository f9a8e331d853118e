/* http.h - HTTP around a table of routes, over libmicrohttpd. */
#ifndef WEB_HTTP_H
#define WEB_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "web/guard.h"
#include "web/route.h"

struct http;

/* What a server is to do. All that is pointed to stays as long as the server. */
struct http_options {
    const struct route *routes; /* besides those of the page */
    void *ud;                   /* for the routes, and for done() */
    /* A request has its whole answer, or the client is gone. path: of the route, or "other";
     * seconds: from its header on. Any thread; may be NULL. */
    void (*done)(void *ud, const char *path, unsigned status, double seconds);
    struct guard guard;
    size_t max_body;          /* bytes of a request */
    unsigned timeout_s;       /* for a body to arrive, and for a client that is silent */
    unsigned max_connections; /* each has a thread */
    unsigned stop_s;          /* for answers that are under way when the server stops */
};

/* Was this program built with libmicrohttpd? */
bool http_is_there(void);
/*
 * Answer on a listening socket that does not block, which is the server's from then on, in threads
 * of its own, which leave signals as they are blocked now. NULL if libmicrohttpd does not start;
 * the socket is the caller's then.
 */
struct http *http_start(int fd, const struct http_options *o);
/* Take no more requests, let answers that are under way end, at most stop_s, and free. */
void http_stop(struct http *h);

#endif
