/*
 * vector.h - helpers for loops that the compiler vectorises, and the macro that compiles a function
 * once for each instruction set and picks one when the program starts.
 *
 * Sums that may be reassociated run over BT_LANES accumulators: the result depends on the order
 * chosen here, never on the instruction set or the compiler.
 */
#ifndef BT_VECTOR_H
#define BT_VECTOR_H

#include <stddef.h>
#include <stdint.h>

/* Debian 12's clang cannot link clones across files; the sanitizers start after the choice is made. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define BT_CLONES __attribute__((target_clones("avx512f", "avx2,fma", "default")))
#else
#define BT_CLONES
#endif

#define BT_LANES 16

static inline float bt_lane_sum(const float lanes[BT_LANES])
{
    float sum = 0;
    for (size_t i = 0; i < BT_LANES; i++)
        sum += lanes[i];
    return sum;
}

/*
 * e^x for x clamped to [-87.33, 88.37], within 2e-7 relative: x = n ln 2 + r, a polynomial for e^r
 * (its Taylor coefficients, |r| <= 0.347), and n added to the exponent.
 */
static inline float bt_expf(float x)
{
    union {
        float f;
        uint32_t u;
    } whole, e;
    x = x < -87.33f ? -87.33f : x;
    x = x > 88.37f ? 88.37f : x;
    /* Adding 1.5 * 2^23 rounds to a whole number, whose low bits are then those of the sum. */
    whole.f = x * 1.44269504f + 12582912.0f;
    float n = whole.f - 12582912.0f;
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    /* Unsigned, so that NaN, which passes the clamps, is no overflow; it comes out as NaN. */
    e.f = p;
    e.u += whole.u << 23;
    return e.f;
}

/* The Gaussian error linear unit in its tanh form, see gelu.c. */
static inline float bt_geluf(float x)
{
    float two_u = 1.5957691216057308f * (x + 0.044715f * x * x * x); /* 2 sqrt(2 / pi) */
    return x / (1.0f + bt_expf(-two_u));
}

#endif
