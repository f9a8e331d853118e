/* httpd.c - a small HTTP server on the loopback, with the faults that a download must survive. */
#include "tests/net/httpd.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(99);
}

/* ---- Sending ---- */

static void put(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (n > 0) {
        ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        at += sent;
        n -= (size_t)sent;
    }
}

__attribute__((format(printf, 2, 3)))
static void putf(int fd, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    put(fd, line, (size_t)n);
}

/* Until the other side closes, or the test ends. */
static void wait_silently(const struct httpd *h, int fd)
{
    struct pollfd p[2] = {{.fd = fd, .events = POLLIN | POLLRDHUP},
                          {.fd = h->wake[0], .events = POLLIN}};
    poll(p, 2, 30000);
}

static void put_body(const struct httpd *h, int fd, const struct httpd_page *page, unsigned hit,
                     size_t from)
{
    size_t n = page->n - from;
    bool cut = page->cut > 0 && page->cut < n && (page->n_cut == 0 || hit < page->n_cut);
    put(fd, (const char *)page->body + from, cut ? page->cut : n);
    if (cut && page->stall)
        wait_silently(h, fd);
}

/* ---- Answering ---- */

static void answer_page(const struct httpd *h, int fd, const struct httpd_page *page, unsigned hit,
                        const struct httpd_request *r)
{
    size_t from = 0;
    bool same = !*r->if_range || (page->etag && strcmp(r->if_range, page->etag) == 0);
    bool part = !page->no_range && same && sscanf(r->range, "bytes=%zu-", &from) == 1;
    if (part && from >= page->n) {
        putf(fd, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    if (part && page->wrong_range)
        from++;
    putf(fd, "HTTP/1.1 %s\r\nConnection: close\r\n", part ? "206 Partial Content" : "200 OK");
    from = part ? from : 0;
    if (part)
        putf(fd, "Content-Range: bytes %zu-%zu/%zu\r\n", from, page->n - 1, page->n);
    if (!page->no_length)
        putf(fd, "Content-Length: %ld\r\n", (long)(page->n - from) + page->lie);
    if (page->etag)
        putf(fd, "ETag: %s\r\n", page->etag);
    putf(fd, "\r\n");
    put_body(h, fd, page, hit, from);
}

static void answer(struct httpd *h, int fd, const struct httpd_request *r)
{
    for (size_t i = 0; i < h->n_pages; i++) {
        const struct httpd_page *page = &h->pages[i];
        if (strcmp(page->path, r->path) != 0)
            continue;
        unsigned hit = h->hits[i]++;
        if (page->location)
            putf(fd, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                 page->location);
        else if (page->status && (page->n_status == 0 || hit < page->n_status))
            putf(fd, "HTTP/1.1 %d Trouble\r\nContent-Length: 5\r\n\r\nsorry", page->status);
        else
            answer_page(h, fd, page, hit, r);
        return;
    }
    putf(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnothing");
}

/* ---- Asking ---- */

/* The value of a header field. */
static void field(const char *head, const char *name, char *to, size_t cap)
{
    for (const char *line = strchr(head, '\n'); line; line = strchr(line + 1, '\n')) {
        size_t n = strlen(name);
        if (strncasecmp(line + 1, name, n) == 0 && line[1 + n] == ':') {
            const char *value = line + 2 + n + strspn(line + 2 + n, " ");
            snprintf(to, cap, "%.*s", (int)strcspn(value, "\r\n"), value);
        }
    }
}

static void parse(const char *head, struct httpd_request *r)
{
    char target[256] = "";
    sscanf(head, "GET %255s", target);
    const char *host = strstr(target, "://"), *path = host ? strchr(host + 3, '/') : target;
    snprintf(r->path, sizeof r->path, "%s", path ? path : "");
    field(head, "Range", r->range, sizeof r->range);
    field(head, "If-Range", r->if_range, sizeof r->if_range);
}

static void serve(struct httpd *h, int fd)
{
    char head[8192];
    size_t n = 0;
    while (n < sizeof head - 1) {
        ssize_t got = recv(fd, head + n, sizeof head - 1 - n, 0);
        if (got <= 0)
            return;
        n += (size_t)got;
        head[n] = 0;
        if (strstr(head, "\r\n\r\n"))
            break;
    }
    struct httpd_request *r = &h->request[h->n < HTTPD_REQUESTS - 1 ? h->n++ : h->n];
    *r = (struct httpd_request){0};
    parse(head, r);
    answer(h, fd, r);
}

static void *loop(void *arg)
{
    struct httpd *h = arg;
    for (;;) {
        struct pollfd p[2] = {{.fd = h->listener, .events = POLLIN},
                              {.fd = h->wake[0], .events = POLLIN}};
        if (poll(p, 2, -1) < 0)
            continue;
        if (p[1].revents)
            return NULL;
        int fd = accept(h->listener, NULL, NULL);
        if (fd < 0)
            continue;
        serve(h, fd);
        shutdown(fd, SHUT_WR);
        close(fd);
    }
}

void httpd_start(struct httpd *h, struct httpd_page *pages, size_t n_pages)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    pthread_t thread;
    *h = (struct httpd){.pages = pages, .n_pages = n_pages};
    h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (h->listener < 0 || bind(h->listener, (struct sockaddr *)&a, len) != 0 ||
        listen(h->listener, 8) != 0 || getsockname(h->listener, (struct sockaddr *)&a, &len) != 0 ||
        pipe(h->wake) != 0)
        die("httpd");
    h->port = ntohs(a.sin_port);
    if (pthread_create(&thread, NULL, loop, h) != 0)
        die("httpd: thread");
    h->thread = thread;
}

void httpd_stop(struct httpd *h)
{
    if (write(h->wake[1], "", 1) != 1)
        die("httpd: wake");
    pthread_join(h->thread, NULL);
    close(h->listener);
    close(h->wake[0]);
    close(h->wake[1]);
}
