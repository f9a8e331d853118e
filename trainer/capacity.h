/*
 * capacity.h - how many messages a machine takes when they come by chance: a simulation with the
 * times that were measured.
 */
#ifndef CAPACITY_H
#define CAPACITY_H

#include <stddef.h>

/* The value that a share of n sorted numbers does not exceed. n > 0. */
double quantile(const double *sorted, size_t n, double share);

/*
 * The highest rate a second at which 99 of 100 messages are answered within limit seconds of their
 * arrival, if messages arrive independently of each other (a Poisson process), wait in one queue for
 * `servers` threads and take as long as one of the n times, in seconds, drawn at random. 0 where no
 * rate is low enough. Messages are scored one by one. Negative without memory.
 */
double capacity_of(const double *time, size_t n, size_t servers, double limit);

#endif
