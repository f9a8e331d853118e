/* key.h - bytes as a number of 64 bits: with their length, up to eight of them are their own key, and
 * of more it is a hash. Nearly all words of mail are that short. */
#ifndef BT_KEY_H
#define BT_KEY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BT_KEY_EXACT 8 /* bytes that a key tells apart */

/* 2^64 / golden ratio: spreads multiples. */
#define BT_KEY_GOLDEN UINT64_C(0x9e3779b97f4a7c15)

/* 1 to 8 bytes. */
static inline uint64_t bt_key_load(const unsigned char *s, size_t n)
{
    uint32_t low, high;
    if (n < 4)
        return (uint64_t)s[0] | (uint64_t)s[n / 2] << 8 | (uint64_t)s[n - 1] << 16;
    memcpy(&low, s, 4);
    memcpy(&high, s + n - 4, 4);
    return low | (uint64_t)high << 32;
}

static inline uint64_t bt_key_of(const unsigned char *s, size_t n)
{
    if (n <= BT_KEY_EXACT)
        return bt_key_load(s, n);
    uint64_t h = n;
    for (; n > 8; s += 8, n -= 8) {
        h = (h ^ bt_key_load(s, 8)) * BT_KEY_GOLDEN;
        h ^= h >> 32;
    }
    return (h ^ bt_key_load(s, n)) * BT_KEY_GOLDEN;
}

/* A slot in a table of a power of two, mask being one less. */
static inline size_t bt_key_slot(uint64_t key, size_t n, size_t mask)
{
    uint64_t h = (key ^ (uint64_t)n << 56) * BT_KEY_GOLDEN;
    return (h ^ h >> 32) & mask;
}

#endif
