/*
 * httpd.h - a small HTTP server on the loopback, with the faults that a download must survive.
 *
 * It serves the pages of a table from a thread of its own, one connection at a time, and writes
 * down what was asked for. A request through a proxy's absolute address is looked up by its path.
 */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdbool.h>
#include <stddef.h>

struct httpd_page {
    const char *path; /* with the leading slash */
    const void *body;
    size_t n;
    const char *etag;     /* with its quotes, or NULL */
    const char *location; /* a redirect, if not NULL */
    int status;           /* instead of the page; 0: the page */
    unsigned n_status;    /* only for so many requests; 0: for all */
    size_t cut;           /* close after so many bytes of the body; 0: send all */
    unsigned n_cut;       /* only for so many requests; 0: for all */
    bool stall;           /* when cut, keep the connection and send nothing more */
    long lie;             /* added to the Content-Length */
    bool no_length;       /* no Content-Length at all */
    bool no_range;        /* answer 200 whatever is asked for */
    bool wrong_range;     /* answer 206 with a later part than was asked for */
};

struct httpd_request {
    char path[256], range[64], if_range[128]; /* "" where there was none */
};

enum { HTTPD_REQUESTS = 64 };

struct httpd {
    int port;
    size_t n; /* requests so far */
    struct httpd_request request[HTTPD_REQUESTS];
    /* private */
    struct httpd_page *pages;
    size_t n_pages;
    unsigned hits[HTTPD_REQUESTS]; /* of each page */
    int listener, wake[2];
    unsigned long thread;
};

/* Serve pages, which stay the caller's and are not changed until httpd_stop(). Exits on failure. */
void httpd_start(struct httpd *h, struct httpd_page *pages, size_t n_pages);
/* After it the requests may be read. */
void httpd_stop(struct httpd *h);

#endif
