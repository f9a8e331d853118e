/*
 * httpd.h - HTTP of the daemon: the page on which a message can be tried, verdicts for programs,
 * health, metrics, and counts by hour.
 *
 * Mail goes first. One message of HTTP at a time is judged, by the model's own thresholds as the
 * command bolter does; it gives way while mail waits, and is then refused with status 503. Nothing
 * that happens here ends the daemon or keeps it from starting, but for a setting that is wrong.
 */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdatomic.h>
#include <stdbool.h>

#include "milter/listener.h"
#include "milter/snapshot.h"
#include "web/address.h"

struct httpd {
    struct listener listener; /* fd -1: there is none, and all functions do nothing */
    /* The rest is the server's. */
    struct holder *holder; /* whose snapshot answers */
    struct http *http;
    struct web_address address;
    char also[SETTINGS_TEXT_MAX + 1]; /* another name for this host */
    atomic_bool busy;                 /* a message is being judged */
    atomic_bool stopping;
};

/* Was the daemon built with it? Logs if not. */
bool httpd_is_there(void);
/*
 * Serve on the listener's socket, which is then HTTP's; w stays where it is. A failure is logged.
 * After the fork and the change of user.
 */
void httpd_start(struct httpd *w, const struct settings *s, struct holder *h);
/*
 * Take no more requests and let those under way end, at most some seconds. False, logged, if a
 * message is still in the hands of a worker: then the snapshots must stay.
 */
bool httpd_stop(struct httpd *w);

#endif
