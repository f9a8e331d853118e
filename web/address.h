/* address.h - HOST:PORT taken apart. */
#ifndef WEB_ADDRESS_H
#define WEB_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct web_address {
    char host[256]; /* as it was written: an IPv6 address in brackets */
    char name[256]; /* without them */
    char port[6];   /* 0 .. 65535 */
};

/* HOST:PORT or [IPV6]:PORT. False if it is neither; all is empty then. */
bool web_address_parse(struct web_address *a, const char *spec);
/* Is an address of IPv4 or IPv6 one of the loopback? */
bool web_address_is_loopback(const struct sockaddr *address);

#endif
