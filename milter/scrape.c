/* scrape.c - the least of HTTP/1.0 (RFC 1945) that a collector of metrics needs. */
#include "milter/scrape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "milter/metrics.h"

/* A collector's request with its header fields; what is longer is none. */
#define REQUEST_MAX 8192
/* Seconds for the whole of it. */
#define PATIENCE_S 10

static bool send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t k = send(fd, bytes, n, MSG_NOSIGNAL);
        if (k <= 0)
            return false;
        bytes += k;
        n -= (size_t)k;
    }
    return true;
}

/* Up to the empty line that ends the header; false if it does not come. */
static bool read_request(int fd, char request[REQUEST_MAX + 1])
{
    size_t n = 0;
    double begin_s = metrics_clock();
    while (metrics_clock() - begin_s < PATIENCE_S) {
        ssize_t k = recv(fd, request + n, REQUEST_MAX - n, 0);
        if (k <= 0)
            return false;
        n += (size_t)k;
        request[n] = 0;
        if (strlen(request) < n) /* a NUL is in no request */
            return false;
        if (strstr(request, "\r\n\r\n") || strstr(request, "\n\n"))
            return true;
        if (n == REQUEST_MAX)
            return false;
    }
    return false;
}

static const char *status_of(const char *request, bool whole)
{
    size_t method = strcspn(request, " \r\n");
    if (!whole || request[method] != ' ')
        return "400 Bad Request";
    if (strncmp(request, "GET ", 4) != 0)
        return "405 Method Not Allowed";
    const char *path = request + 4;
    size_t n = strcspn(path, " ?\r\n");
    return n == 8 && memcmp(path, "/metrics", n) == 0 ? "200 OK" : "404 Not Found";
}

void scrape_answer(void *holder, int fd)
{
    char request[REQUEST_MAX + 1] = "", head[256];
    char *body = NULL;
    size_t n_body = 0;
    bool whole = read_request(fd, request);
    const char *status = status_of(request, whole);
    bool ok = *status == '2';
    FILE *out = open_memstream(&body, &n_body);
    if (!out)
        return;
    if (ok)
        metrics_print(out, holder);
    else
        fprintf(out, "%s; metrics are at /metrics\n", status);
    if (fclose(out) == 0) {
        int n = snprintf(head, sizeof head,
                         "HTTP/1.0 %s\r\nContent-Type: %s\r\n"
                         "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                         status, ok ? METRICS_TYPE : "text/plain; charset=utf-8",
                         n_body);
        if (send_all(fd, head, (size_t)n))
            send_all(fd, body, n_body);
    }
    free(body);
}
