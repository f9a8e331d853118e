/*
 * order.h - an epoch's shuffled order. It is a function of seed and epoch alone, so that a run can go on
 * from any step.
 */
#ifndef ORDER_H
#define ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct order {
    size_t n;
    uint64_t seed;
    uint64_t epoch; /* that index is of, from 0; UINT64_MAX: none yet */
    size_t *index;  /* (n) */
};

/* False without memory. */
bool order_open(struct order *o, size_t n, uint64_t seed);
/* Shuffle for an epoch, unless it is that already. */
void order_turn(struct order *o, uint64_t epoch);
void order_free(struct order *o);

/* The next of a stream of random numbers, all of 64 bits: SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t random_next(uint64_t *state);
/* The next from 0 to below 1. */
double random_uniform(uint64_t *state);
/* A seeded order of n things, another one for each round. */
void order_shuffle(size_t *index, size_t n, uint64_t seed, uint64_t round);

#endif
