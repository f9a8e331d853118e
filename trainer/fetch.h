/*
 * fetch.h - one file over HTTP into a folder, by libcurl: its addresses in order, retries, and
 * going on where an earlier run ended. Certificates are always verified.
 */
#ifndef FETCH_H
#define FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trainer/catalogue.h"

enum fetch_end {
    FETCH_DONE,
    FETCH_NOWHERE,     /* no address gave it; a complaint for each attempt was made */
    FETCH_FAILED,      /* trouble on this side, such as a full disk; a complaint was made */
    FETCH_INTERRUPTED, /* see interrupt.h */
};

struct fetch_limits {
    size_t connect_s;   /* seconds to connect */
    size_t stall_s;     /* seconds without a byte */
    size_t retries;     /* of an address after a dropped connection or a server's error */
    size_t wait_s;      /* before the first retry; doubled for each further one, 60 at most */
    uint64_t max_bytes; /* of a file whose size is not known */
};

/*
 * Put f into dir under its name, when all of it is there and verified; until then dir has its part
 * (trainer/part.h). sha256 gets the digest.
 */
enum fetch_end fetch_file(const struct known_file *f, const char *dir,
                          const struct fetch_limits *limits, char sha256[65]);

/*
 * An address as it may be shown and written down, without user, password and query: to free(), or
 * NULL if it is none of http or https, or memory ends.
 */
char *fetch_shown(const char *url);

#endif
