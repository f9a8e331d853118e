/* mtawire.c - packets of the milter protocol over a socket. */
#include "tests/mta/mtawire.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

/* No filter of ours answers with more than a field; what is longer is no milter. */
#define PACKET_MAX 65536
#define OUT_MAX    ((size_t)1 << 26)

void mta_put_be32(unsigned char out[4], uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(v >> (24 - 8 * i));
}

uint32_t mta_get_be32(const void *p)
{
    const unsigned char *b = p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int connect_unix(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof sa.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(sa.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0) {
        int e = errno;
        close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

/* spec is PORT@HOST. */
static int connect_inet(const char *spec, int family)
{
    char port[16];
    size_t n = strcspn(spec, "@");
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *ai;
    errno = EINVAL;
    if (n >= sizeof port || spec[n] != '@')
        return -1;
    memcpy(port, spec, n);
    port[n] = '\0';
    if (getaddrinfo(spec + n + 1, port, &hints, &ai) != 0)
        return -1;
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
        int e = errno;
        close(fd);
        errno = e;
        fd = -1;
    }
    freeaddrinfo(ai);
    return fd;
}

bolter_status mta_wire_open(struct mta_wire *w, const char *spec, int timeout_ms, bolter_error *err)
{
    static const struct {
        const char *prefix;
        int family;
    } kinds[] = {{"unix:", AF_UNIX},
                 {"local:", AF_UNIX},
                 {"inet:", AF_INET},
                 {"inet6:", AF_INET6},
                 {"fd:", AF_UNSPEC}};
    struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};

    *w = (struct mta_wire){.fd = -1};
    bt_buf_init(&w->out, OUT_MAX);
    bt_buf_init(&w->in, PACKET_MAX);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strlen(kinds[i].prefix);
        if (strncmp(spec, kinds[i].prefix, n) != 0)
            continue;
        w->fd = kinds[i].family == AF_UNSPEC ? (int)strtol(spec + n, NULL, 10)
                : kinds[i].family == AF_UNIX ? connect_unix(spec + n)
                                             : connect_inet(spec + n, kinds[i].family);
        if (w->fd < 0)
            return bt_fail_errno(err, errno, "%s: cannot connect", spec);
        setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
        setsockopt(w->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
        return BOLTER_OK;
    }
    return bt_fail(err, BOLTER_E_ARG, "%s: expected unix:PATH, inet:PORT@HOST or inet6:PORT@HOST",
                   spec);
}

bolter_status mta_wire_put(struct mta_wire *w, char command, const void *data, size_t n,
                           bolter_error *err)
{
    unsigned char len[4];
    mta_put_be32(len, (uint32_t)n + 1);
    if (!bt_buf_append(&w->out, len, sizeof len) || !bt_buf_append_char(&w->out, command) ||
        !bt_buf_append(&w->out, data, n))
        return bt_fail(err, BOLTER_E_NOMEM, "no memory for a packet of %zu bytes", n);
    return BOLTER_OK;
}

bolter_status mta_wire_write(struct mta_wire *w, const void *bytes, size_t n, bolter_error *err)
{
    for (const char *p = bytes; n > 0;) {
        ssize_t k = send(w->fd, p, n, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0 && errno == EAGAIN)
            return bt_fail(err, BOLTER_E_TIMEOUT, "the filter reads nothing");
        if (k < 0)
            return bt_fail_errno(err, errno, "cannot send to the filter");
        p += k;
        n -= (size_t)k;
    }
    return BOLTER_OK;
}

bolter_status mta_wire_flush(struct mta_wire *w, bolter_error *err)
{
    bolter_status s = mta_wire_write(w, w->out.data, w->out.len, err);
    bt_buf_reset(&w->out);
    return s;
}

static bolter_status read_exactly(struct mta_wire *w, size_t n, bolter_error *err)
{
    char piece[4096];
    bt_buf_reset(&w->in);
    while (w->in.len < n) {
        size_t want = n - w->in.len < sizeof piece ? n - w->in.len : sizeof piece;
        ssize_t k = recv(w->fd, piece, want, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0 && errno == EAGAIN)
            return bt_fail(err, BOLTER_E_TIMEOUT, "the filter does not answer");
        if (k < 0)
            return bt_fail_errno(err, errno, "cannot read from the filter");
        if (k == 0)
            return bt_fail(err, BOLTER_E_IO, "the filter closed the connection");
        if (!bt_buf_append(&w->in, piece, (size_t)k))
            return bt_fail(err, BOLTER_E_NOMEM, "no memory for an answer");
    }
    return BOLTER_OK;
}

bolter_status mta_wire_get(struct mta_wire *w, char *command, bolter_error *err)
{
    bolter_status s = mta_wire_flush(w, err);
    if (s == BOLTER_OK)
        s = read_exactly(w, 5, err);
    if (s != BOLTER_OK)
        return s;
    uint32_t n = mta_get_be32(w->in.data);
    *command = w->in.data[4];
    if (n < 1 || n > PACKET_MAX)
        return bt_fail(err, BOLTER_E_FORMAT, "answer of %lu bytes, expected 1 to %d",
                       (unsigned long)n, PACKET_MAX);
    return read_exactly(w, n - 1, err);
}

void mta_wire_close(struct mta_wire *w)
{
    if (w->fd >= 0)
        close(w->fd);
    bt_buf_free(&w->out);
    bt_buf_free(&w->in);
    w->fd = -1;
}
