/* capacity.c - a queue of messages, simulated; its highest rate by bisection. */
#include "trainer/capacity.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { MESSAGES = 20000, STEPS = 20, MAX_SERVERS = 256 };

struct queue {
    const double *time; /* (n) seconds of a message */
    size_t n, servers;
    double *answered;   /* (MESSAGES) seconds from arrival to answer */
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double quantile(const double *sorted, size_t n, double share)
{
    size_t i = (size_t)ceil(share * (double)n);
    return sorted[i > 0 ? i - 1 : 0];
}

/* A number in (0, 1]; the same sequence each time, so that rates are compared on equal chances. */
static double chance(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint64_t x = (*state ^ *state >> 33) * 0xff51afd7ed558ccdu;
    return ((double)(x >> 11) + 1) * 0x1p-53;
}

/* The 99th percentile of the time to an answer at a rate. */
static double p99_at(const struct queue *q, double rate)
{
    double ready[MAX_SERVERS] = {0}, now = 0;
    uint64_t state = 1;
    for (size_t i = 0; i < MESSAGES; i++) {
        size_t first = 0;
        now -= log(chance(&state)) / rate;
        for (size_t k = 1; k < q->servers; k++)
            first = ready[k] < ready[first] ? k : first;
        double begin = fmax(now, ready[first]);
        ready[first] = begin + q->time[(size_t)(chance(&state) * (double)q->n) % q->n];
        q->answered[i] = ready[first] - now;
    }
    qsort(q->answered, MESSAGES, sizeof *q->answered, by_size);
    return quantile(q->answered, MESSAGES, 0.99);
}

double capacity_of(const double *time, size_t n, size_t servers, double limit)
{
    struct queue q = {time, n, servers < MAX_SERVERS ? servers : MAX_SERVERS,
                      calloc(MESSAGES, sizeof *q.answered)};
    if (!q.answered)
        return -1;
    double mean = 0;
    for (size_t i = 0; i < n; i++)
        mean += time[i] / (double)n;
    double low = 0, high = (double)q.servers / mean; /* beyond it the queue grows without end */
    for (int i = 0; i < STEPS; i++) {
        double middle = (low + high) / 2;
        if (p99_at(&q, middle) <= limit)
            low = middle;
        else
            high = middle;
    }
    free(q.answered);
    return low < (double)q.servers / mean * 1e-4 ? 0 : low;
}
