/*
 * mt19937.h - the Mersenne Twister, and random orders drawn from it as NumPy's RandomState draws
 * them, so that a split made with pandas can be made again.
 *
 * Source: Matsumoto, Nishimura 1998, "Mersenne Twister: a 623-dimensionally equidistributed uniform
 * pseudo-random number generator", with the seeding of its 2002 revision. Everything else that is
 * random here uses base/rng.h.
 */
#ifndef BT_MT19937_H
#define BT_MT19937_H

#include <stddef.h>
#include <stdint.h>

enum { BT_MT_WORDS = 624 };

typedef struct bt_mt19937 {
    uint32_t word[BT_MT_WORDS];
    size_t next; /* the word that comes next */
} bt_mt19937;

void bt_mt_seed(bt_mt19937 *g, uint32_t seed);
uint32_t bt_mt_u32(bt_mt19937 *g);
/* Uniform in 0 .. max: draws are cut to the bits of max until one does not exceed it. */
uint32_t bt_mt_upto(bt_mt19937 *g, uint32_t max);
/* RandomState(seed).permutation(n): index[n] becomes 0 .. n-1 in random order; n < 2^32. */
void bt_mt_permutation(uint32_t seed, size_t *index, size_t n);

#endif
