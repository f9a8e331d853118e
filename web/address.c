/* address.c - brackets, a host, a port; nothing is looked up. */
#include "web/address.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

bool web_address_parse(struct web_address *a, const char *spec)
{
    const char *colon = strrchr(spec, ':');
    size_t n = colon ? (size_t)(colon - spec) : 0;
    bool brackets = n > 2 && spec[0] == '[' && spec[n - 1] == ']';
    *a = (struct web_address){.host = ""};
    if (n == 0 || n >= sizeof a->host || (!brackets && memchr(spec, ':', n)))
        return false;
    memcpy(a->host, spec, n);
    memcpy(a->name, spec + brackets, n - 2 * brackets);
    size_t digits = strspn(colon + 1, "0123456789");
    if (digits == 0 || digits > 5 || colon[1 + digits])
        return false;
    memcpy(a->port, colon + 1, digits);
    return strtol(a->port, NULL, 10) <= 65535;
}

bool web_address_is_loopback(const struct sockaddr *address)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (address->sa_family == AF_INET) {
        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    memcpy(&in6, address, sizeof in6);
    return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}
