/*
 * rng.h - a counter-based generator: value i of a seed needs no state, so a position in a stream is
 * one number in a checkpoint. Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
 * generators" (the SplitMix64 finaliser over a Weyl sequence).
 */
#ifndef BT_RNG_H
#define BT_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct bt_rng {
    uint64_t seed, stream, counter;
} bt_rng;

uint64_t bt_rng_u64(bt_rng *r);
/* Uniform below n, without bias; n > 0. */
uint64_t bt_rng_below(bt_rng *r, uint64_t n);
/* Uniform in [0, 1). */
double bt_rng_uniform(bt_rng *r);
/* Standard normal (Box-Muller). */
double bt_rng_normal(bt_rng *r);
/* Shuffle n indices (Fisher-Yates). */
void bt_rng_shuffle(bt_rng *r, size_t *index, size_t n);

#endif
