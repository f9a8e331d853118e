/* routes.h - the paths of bolter-train serve, and who answers at each. */
#ifndef ROUTES_H
#define ROUTES_H

#include <stdbool.h>

#include "trainer/answer.h"
#include "trainer/served.h"

struct route {
    const char *path;
    bool post;           /* or GET and HEAD */
    const char *type[2]; /* of a POST: the media types that it takes */
    struct answer (*answer)(struct served *s, const struct request *r);
};

/* NULL for a path that there is none of. */
const struct route *route_of(const char *path);
/* The media type, of those that it takes, of a Content-Type; NULL if it is none of them. */
const char *route_type(const struct route *route, const char *content_type);

#endif
