/*
 * hours.h - how many messages there were of each kind, hour by hour, for two days: numbers alone,
 * in memory alone. Moments are handed in, in seconds since 1970. One thread at a time; metrics.h
 * has the daemon's.
 */
#ifndef HOURS_H
#define HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bolter.h"

enum hours_kind {
    HOURS_HAM = BOLTER_HAM,
    HOURS_UNSURE = BOLTER_UNSURE,
    HOURS_SPAM = BOLTER_SPAM,
    HOURS_OTHER, /* that a setting lets pass, or in which nothing is to be judged */
    HOURS_FAILED /* no verdict, for another reason */
};
enum { HOURS_KINDS = HOURS_FAILED + 1, HOURS_KEPT = 48 };

struct hour {
    uint64_t begin_s; /* a multiple of 3600 */
    unsigned long long n[HOURS_KINDS];
    unsigned long long refused; /* of all of these */
};

struct hours {
    struct hour hour[HOURS_KEPT]; /* each in the place of the one two days before it */
};

/* A message of a kind at a moment; refused: turned away, for now or for good, or thrown away. */
void hours_count(struct hours *h, uint64_t now_s, enum hours_kind kind, bool refused);
/*
 * The hours from that of since_s, or two days ago, up to that of now_s, in order, with zeros where
 * nothing came. Returns how many, at least 1.
 */
size_t hours_list(const struct hours *h, uint64_t since_s, uint64_t now_s,
                  struct hour out[HOURS_KEPT]);

#endif
