/*
 * obtain.h - a data set or model from its addresses to its place: download, verify, unpack, put.
 *
 * While it is on its way it is in OUT.fetch, which stays after a failure, so that the next run goes
 * on. OUT appears when all is there; OUT.receipt beside it says what was fetched.
 */
#ifndef OBTAIN_H
#define OBTAIN_H

#include <stdbool.h>

#include "trainer/catalogue.h"
#include "trainer/fetch.h"
#include "trainer/unpack.h"

/* Names in OUT.fetch that no download has: the directory in the making, and the one it replaces. */
#define OBTAIN_TREE ".tree"
#define OBTAIN_OLD  ".old"

struct obtain {
    const struct known *known;
    const char *out;  /* the file or directory to make */
    const char *from; /* a file downloaded by hand, or the directory of several; NULL: fetch them */
    bool force;       /* also if OUT is there: replace it, if it was fetched before */
    struct fetch_limits net;
    struct unpack_limits unpack;
};

/* EXIT_DONE, also if OUT is there and whole; EXIT_FAILED or EXIT_INTERRUPTED after complaints. */
int obtain(const struct obtain *o);

#endif
