/* guard.c - the Host, Origin and Sec-Fetch-Site of a request. */
#include "web/guard.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Is the name in a Host field, its first n bytes, this one? */
static bool is_name(const char *host, size_t n, const char *name)
{
    return name && strlen(name) == n && strncasecmp(host, name, n) == 0;
}

/* 127.0.0.0/8 in four numbers. */
static bool is_loopback(const char *host, size_t n)
{
    char text[INET_ADDRSTRLEN] = "";
    struct in_addr in;
    if (n >= sizeof text)
        return false;
    memcpy(text, host, n);
    return inet_pton(AF_INET, text, &in) == 1 && ntohl(in.s_addr) >> 24 == 127;
}

/* The port does not matter: that of a tunnel is another one, and a name that is rebound has any. */
static bool is_ours(const struct guard *g, const char *host)
{
    size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (n > strlen(host))
        return false;
    return is_name(host, n, "localhost") || is_name(host, n, "[::1]") || is_loopback(host, n) ||
           is_name(host, n, g->host) || is_name(host, n, g->also);
}

/* An origin is a scheme and a host with its port: ours is what Host says. */
static bool is_same_origin(const char *origin, const char *host)
{
    size_t scheme = strncmp(origin, "http://", 7) == 0    ? 7
                    : strncmp(origin, "https://", 8) == 0 ? 8
                                                          : 0;
    return scheme > 0 && strcasecmp(origin + scheme, host) == 0;
}

const char *guard_refuses(const struct guard *g, const char *host, const char *origin,
                          const char *site)
{
    if (!host || !is_ours(g, host))
        return "the request is for another host";
    if (origin && !is_same_origin(origin, host))
        return "the request comes from another origin";
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return "the request comes from another site";
    return NULL;
}
