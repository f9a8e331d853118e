/* rng.c - counter-based random numbers. */
#include "base/rng.h"

#include <math.h>

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t bt_rng_u64(bt_rng *r)
{
    uint64_t key = mix(r->seed + mix(r->stream + UINT64_C(0x9e3779b97f4a7c15)));
    return mix(key + ++r->counter * UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t bt_rng_below(bt_rng *r, uint64_t n)
{
    uint64_t rest = (0 - n) % n; /* 2^64 mod n: values below it would be drawn too often */
    uint64_t v;
    do
        v = bt_rng_u64(r);
    while (v < rest);
    return v % n;
}

double bt_rng_uniform(bt_rng *r)
{
    return (double)(bt_rng_u64(r) >> 11) * 0x1p-53;
}

double bt_rng_normal(bt_rng *r)
{
    double u = 1.0 - bt_rng_uniform(r);
    double v = bt_rng_uniform(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

void bt_rng_shuffle(bt_rng *r, size_t *index, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)bt_rng_below(r, i);
        size_t kept = index[i - 1];
        index[i - 1] = index[j];
        index[j] = kept;
    }
}
