/* address.c - brackets, a host, a port; nothing is looked up. */
#include "web/address.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* Digits up to 65535. */
static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 5 && !text[digits] && strtol(text, NULL, 10) <= 65535;
}

bool web_address_parse(struct web_address *a, const char *spec)
{
    const char *colon = strrchr(spec, ':');
    size_t n = colon ? (size_t)(colon - spec) : 0;
    bool brackets = n > 2 && spec[0] == '[' && spec[n - 1] == ']';
    *a = (struct web_address){.host = ""};
    if (n == 0 || n >= sizeof a->host || brackets != (*spec == '[') ||
        (!brackets && memchr(spec, ':', n)) || !is_port(colon + 1))
        return false;
    memcpy(a->host, spec, n);
    memcpy(a->name, spec + brackets, n - 2 * brackets);
    memcpy(a->port, colon + 1, strlen(colon + 1));
    return true;
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
