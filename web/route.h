/* route.h - the paths of a server, and who answers at each; the page has its own. */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include <stdbool.h>

#include "web/answer.h"

struct route {
    const char *path;    /* NULL ends a table */
    bool post;           /* or GET and HEAD */
    const char *type[2]; /* of a POST: the media types that it takes */
    struct answer (*answer)(void *ud, const struct request *r); /* any thread */
};

/* The one of a server's table, or of the page; NULL for a path that there is none of. */
const struct route *route_of(const struct route *table, const char *path);
/* The media type, of those that it takes, of a Content-Type; NULL if it is none of them. */
const char *route_type(const struct route *route, const char *content_type);

#endif
