/* network.c - parse and compare addresses of hosts and networks. */
#include "milter/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define V4_BITS 96 /* before an address of version 4 */

static void map_v4(struct network *out, const void *four)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(out->address, prefix, sizeof prefix);
    memcpy(out->address + sizeof prefix, four, 4);
}

static bool parse_host(struct network *out, const char *text)
{
    uint8_t four[4];
    out->bits = 128;
    if (inet_pton(AF_INET6, text, out->address) == 1)
        return true;
    if (inet_pton(AF_INET, text, four) != 1)
        return false;
    map_v4(out, four);
    return true;
}

static bool bit(const struct network *n, unsigned i)
{
    return n->address[i / 8] >> (7 - i % 8) & 1;
}

bool network_parse(struct network *out, const char *text)
{
    char host[64];
    size_t n = strcspn(text, "/");
    if (n >= sizeof host)
        return false;
    memcpy(host, text, n);
    host[n] = 0;
    if (!parse_host(out, host))
        return false;
    if (text[n] == 0)
        return true;
    char *end;
    unsigned before = strchr(host, ':') ? 0 : V4_BITS;
    unsigned long bits = strtoul(text + n + 1, &end, 10);
    if (!strchr("0123456789", text[n + 1]) || text[n + 1] == 0 || *end || bits > 128 - before)
        return false;
    out->bits = before + (unsigned)bits;
    for (unsigned i = out->bits; i < 128; i++)
        if (bit(out, i))
            return false;
    return true;
}

bool network_of(struct network *out, const struct sockaddr *sa)
{
    out->bits = 128;
    if (sa && sa->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, sa, sizeof six);
        memcpy(out->address, &six.sin6_addr, sizeof out->address);
        return true;
    }
    if (sa && sa->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, sa, sizeof four);
        map_v4(out, &four.sin_addr);
        return true;
    }
    return false;
}

bool network_holds(const struct network *net, const struct network *host)
{
    size_t bytes = net->bits / 8;
    unsigned rest = net->bits % 8;
    if (memcmp(net->address, host->address, bytes) != 0)
        return false;
    return rest == 0 || (net->address[bytes] ^ host->address[bytes]) >> (8 - rest) == 0;
}
