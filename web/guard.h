/*
 * guard.h - which requests come from this page or from the user's own programs. Any web page that a
 * browser has open may send requests to the loopback, and a name of its own that it lets point
 * there (DNS rebinding) would make it one with us; a browser says in Host, Origin and
 * Sec-Fetch-Site where a request comes from.
 */
#ifndef WEB_GUARD_H
#define WEB_GUARD_H

/* Names by which we are reached besides localhost and addresses of the loopback, or NULL. */
struct guard {
    const char *host, *also;
};

/* Why a request with these header fields, or NULL for none, is not answered; NULL if it is. */
const char *guard_refuses(const struct guard *g, const char *host, const char *origin,
                          const char *site);

#endif
