/* http_none.c - http.h in a build without libmicrohttpd. */
#include "web/http.h"

bool http_is_there(void)
{
    return false;
}

struct http *http_start(int fd, const struct http_options *o)
{
    (void)fd, (void)o;
    return NULL;
}

void http_stop(struct http *h)
{
    (void)h;
}
