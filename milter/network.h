/*
 * network.h - addresses of hosts and networks, version 4 within version 6 (::ffff:192.0.2.1), so
 * that there is one kind.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct network {
    uint8_t address[16];
    unsigned bits; /* leading bits that count */
};

/* "192.0.2.0/24", "2001:db8::/32", or one host. False for bits set behind the prefix as well. */
bool network_parse(struct network *out, const char *text);
/* The one host behind a socket's address; false for other families and NULL. */
bool network_of(struct network *out, const struct sockaddr *sa);
/* True if host, all of whose bits count, lies in net. */
bool network_holds(const struct network *net, const struct network *host);

#endif
