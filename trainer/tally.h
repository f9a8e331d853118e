/* tally.h - requests, seconds and tokens of bolter-train serve, counted for GET /metrics: numbers
 * only, nothing of what was asked. Any thread. */
#ifndef TALLY_H
#define TALLY_H

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

enum { TALLY_PATHS = 12, TALLY_STATUSES = 12 };

struct tally_path {
    const char *path; /* static */
    unsigned status[TALLY_STATUSES];
    unsigned long long n[TALLY_STATUSES];
    double seconds;
};

struct tally {
    pthread_mutex_t lock; /* guards everything below */
    struct tally_path path[TALLY_PATHS];
    unsigned long long read, prompt, written; /* tokens */
};

void tally_init(struct tally *t);
/* A request that is done; path is static. */
void tally_request(struct tally *t, const char *path, unsigned status, double seconds);
/* Tokens of a message that was judged; of a prompt and of what followed it. */
void tally_read(struct tally *t, size_t tokens);
void tally_written(struct tally *t, size_t prompt, size_t tokens);
/* In the text format of Prometheus. */
void tally_print(struct tally *t, FILE *out);
void tally_clear(struct tally *t);

#endif
