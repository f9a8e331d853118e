/* http_none.c - http.h in a build without libmicrohttpd. */
#include "trainer/http.h"

#include <stddef.h>

#include "trainer/options.h"

bool http_is_there(void)
{
    complain("serve: this program was built without libmicrohttpd, and has no page");
    return false;
}

struct http *http_start(int fd, struct served *s, const struct http_options *o)
{
    (void)fd, (void)s, (void)o;
    return NULL;
}

void http_stop(struct http *h)
{
    (void)h;
}
