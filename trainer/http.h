/* http.h - HTTP around the answers of routes.h, over libmicrohttpd. */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>

#include "trainer/guard.h"
#include "trainer/served.h"

struct http;

struct http_options {
    struct guard guard;
    unsigned timeout_s;       /* for a body to arrive, and for a client that is silent */
    unsigned max_connections; /* each has a thread */
};

/* Was this program built with libmicrohttpd? Complains if not. */
bool http_is_there(void);
/*
 * Answer on a listening socket, which is the server's from then on, in threads of its own, which
 * leave signals as they are blocked now. NULL after a complaint.
 */
struct http *http_start(int fd, struct served *s, const struct http_options *o);
/* Take no more requests, let answers that are under way end, at most some seconds, and free. */
void http_stop(struct http *h);

#endif
