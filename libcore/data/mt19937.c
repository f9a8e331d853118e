/* mt19937.c - the Mersenne Twister: words of the state are tempered on their way out. */
#include "data/mt19937.h"

/* Period parameters and tempering masks of the paper's table II. */
enum { N = BT_MT_WORDS, M = 397 };
#define A     UINT32_C(0x9908b0df)
#define UPPER UINT32_C(0x80000000)
#define B     UINT32_C(0x9d2c5680)
#define C     UINT32_C(0xefc60000)

void bt_mt_seed(bt_mt19937 *g, uint32_t seed)
{
    g->word[0] = seed;
    for (uint32_t i = 1; i < N; i++) {
        uint32_t before = g->word[i - 1];
        g->word[i] = UINT32_C(1812433253) * (before ^ before >> 30) + i;
    }
    g->next = N;
}

/* The recurrence, for all words. */
static void renew(bt_mt19937 *g)
{
    for (size_t k = 0; k < N; k++) {
        uint32_t y = (g->word[k] & UPPER) | (g->word[(k + 1) % N] & ~UPPER);
        g->word[k] = g->word[(k + M) % N] ^ y >> 1 ^ (y & 1 ? A : 0);
    }
    g->next = 0;
}

uint32_t bt_mt_u32(bt_mt19937 *g)
{
    if (g->next == N)
        renew(g);
    uint32_t y = g->word[g->next++];
    y ^= y >> 11;
    y ^= y << 7 & B;
    y ^= y << 15 & C;
    return y ^ y >> 18;
}

uint32_t bt_mt_upto(bt_mt19937 *g, uint32_t max)
{
    uint32_t mask = max, value;
    for (int shift = 1; shift < 32; shift *= 2)
        mask |= mask >> shift;
    if (max == 0)
        return 0; /* without a draw, as NumPy does */
    do
        value = bt_mt_u32(g) & mask;
    while (value > max);
    return value;
}

/* Fisher and Yates's shuffle, from the end. */
void bt_mt_permutation(uint32_t seed, size_t *index, size_t n)
{
    bt_mt19937 g;
    bt_mt_seed(&g, seed);
    for (size_t i = 0; i < n; i++)
        index[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = bt_mt_upto(&g, (uint32_t)(i - 1));
        size_t kept = index[i - 1];
        index[i - 1] = index[j];
        index[j] = kept;
    }
}
