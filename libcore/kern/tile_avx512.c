/*
 * tile_avx512.c - tiles of up to 14 rows by 32 columns in 28 of the 32 registers of AVX-512: FMA in
 * float32, VDPBF16PS (AVX512_BF16) and VPDPBUSD (AVX512_VNNI).
 *
 * VPDPBUSD multiplies unsigned by signed bytes and adds four products without saturation.
 */
#include "kern/tile.h"

#ifdef __x86_64__

#include <immintrin.h>
#include <string.h>

#define ROWS   14
#define WORDS  16 /* of a row that lie together: 64 bytes */
#define F32    __attribute__((target("avx512f")))
#define BF16   __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#define VNNI   __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define INLINE static inline __attribute__((always_inline))

/* Values of a panel that are fetched ahead of their use. */
#define AHEAD_BYTES 2048

/* The lanes of 16 values that lie before n. */
INLINE F32 __mmask16 lanes_before(size_t n)
{
    unsigned mask = n >= 16 ? 0xffffU : (1U << n) - 1;
    return (__mmask16)mask;
}

/* ---- What becomes of sums ---- */

/*
 * As bt_geluf(): x / (1 + 2^t), with 2^t from the whole part of t and a polynomial for the rest (the
 * Taylor coefficients of 2^f, |f| <= 0.5: within 3e-7).
 */
INLINE F32 __m512 gelu(__m512 x)
{
    const __m512 one = _mm512_set1_ps(1), limit = _mm512_set1_ps(126);
    __m512 cube = _mm512_fmadd_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(-0.102943240f),
                                  _mm512_set1_ps(-2.30220819f)); /* 2 sqrt(2 / pi) log2 e */
    __m512 t = _mm512_mul_ps(x, cube);
    t = _mm512_max_ps(_mm512_min_ps(t, limit), _mm512_sub_ps(_mm512_setzero_ps(), limit));
    __m512 whole = _mm512_roundscale_ps(t, 0), f = _mm512_sub_ps(t, whole);
    __m512 p = _mm512_set1_ps(1.54035304e-4f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.33335581e-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.61812911e-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.55041087e-2f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.240226507f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.693147181f));
    p = _mm512_fmadd_ps(p, f, one);
    return _mm512_div_ps(x, _mm512_add_ps(one, _mm512_scalef_ps(p, whole)));
}

INLINE F32 void finish_half(const bt_target *to, float *y, __m512 sums, const float *bias,
                            __mmask16 lanes)
{
    __m512 v = _mm512_add_ps(sums, _mm512_maskz_loadu_ps(lanes, bias));
    if (to->finish == BT_ADD || to->finish == BT_ADD_GELU)
        v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(lanes, y));
    if (to->finish == BT_GELU || to->finish == BT_ADD_GELU)
        v = gelu(v);
    _mm512_mask_storeu_ps(y, lanes, v);
}

F32 static void finish(const bt_target *to, const float *sums, size_t n)
{
    __mmask16 left = lanes_before(to->cols);
    __mmask16 right = to->cols > 16 ? lanes_before(to->cols - 16) : 0;
    float *y = to->y;
    for (size_t i = 0; i < n; i++, y += to->stride, sums += BT_PANEL) {
        finish_half(to, y, _mm512_load_ps(sums), to->bias, left);
        finish_half(to, y + 16, _mm512_load_ps(sums + 16), to->bias + 16, right);
    }
}

/* ---- float32 ---- */

F32 static void convert_float32(void *to, bt_quant *quant, const float *x, size_t stride, size_t n,
                                size_t K)
{
    float *rows = to;
    (void)quant;
    for (size_t k = 0; k < K; k += 16)
        for (size_t i = 0; i < n; i++, rows += 16)
            _mm512_storeu_ps(rows, _mm512_maskz_loadu_ps(lanes_before(K - k), x + i * stride + k));
}

INLINE F32 void tile_float32(const size_t n, float *out, size_t K, const float *a, const float *w)
{
    __m512 sum[ROWS][2];
    BT_UNROLL
    for (size_t i = 0; i < n; i++)
        sum[i][0] = sum[i][1] = _mm512_setzero_ps();
    for (size_t k = 0; k < K; k++, w += BT_PANEL) {
        const float *word = a + k / WORDS * WORDS * n + k % WORDS;
        __m512 w0 = _mm512_loadu_ps(w), w1 = _mm512_loadu_ps(w + 16);
        _mm_prefetch((const char *)w + AHEAD_BYTES, _MM_HINT_T0);
        _mm_prefetch((const char *)w + AHEAD_BYTES + 64, _MM_HINT_T0);
        BT_UNROLL
        for (size_t i = 0; i < n; i++) {
            __m512 x = _mm512_set1_ps(word[i * WORDS]);
            sum[i][0] = _mm512_fmadd_ps(x, w0, sum[i][0]);
            sum[i][1] = _mm512_fmadd_ps(x, w1, sum[i][1]);
        }
    }
    BT_UNROLL
    for (size_t i = 0; i < n; i++) {
        _mm512_storeu_ps(out + i * BT_PANEL, sum[i][0]);
        _mm512_storeu_ps(out + i * BT_PANEL + 16, sum[i][1]);
    }
}

F32 static void multiply_float32(const bt_target *to, size_t n, size_t K, const void *rows,
                                 const bt_quant *quant, const void *panel, const float *scale,
                                 const int32_t *sum)
{
    float sums[ROWS * BT_PANEL] __attribute__((aligned(64)));
    (void)quant, (void)scale, (void)sum;
    bt_fetch_target(to, n);
    switch (n) {
        BT_ROWS_TO_14(tile_float32, sums, K, rows, panel)
    default:
        break;
    }
    finish(to, sums, n);
}

/* ---- bfloat16 ---- */

BF16 static void convert_bfloat16(void *to, bt_quant *quant, const float *x, size_t stride, size_t n,
                                  size_t K)
{
    uint16_t *rows = to;
    (void)quant;
    for (size_t k = 0; k < K; k += 32) {
        __mmask16 low = lanes_before(K - k), high = K - k > 16 ? lanes_before(K - k - 16) : 0;
        for (size_t i = 0; i < n; i++, rows += 32) {
            const float *from = x + i * stride + k;
            __m512 v0 = _mm512_maskz_loadu_ps(low, from);
            __m512 v1 = _mm512_maskz_loadu_ps(high, high ? from + 16 : from);
            _mm512_storeu_si512(rows, (__m512i)_mm512_cvtne2ps_pbh(v1, v0));
        }
    }
}

INLINE BF16 void tile_bfloat16(const size_t n, float *out, size_t K, const int32_t *a,
                               const uint16_t *w)
{
    __m512 sum[ROWS][2];
    BT_UNROLL
    for (size_t i = 0; i < n; i++)
        sum[i][0] = sum[i][1] = _mm512_setzero_ps();
    for (size_t k = 0; k < K / 2; k++, w += 2 * BT_PANEL) {
        const int32_t *word = a + k / WORDS * WORDS * n + k % WORDS;
        __m512bh w0 = (__m512bh)_mm512_loadu_si512(w), w1 = (__m512bh)_mm512_loadu_si512(w + 32);
        _mm_prefetch((const char *)w + AHEAD_BYTES, _MM_HINT_T0);
        _mm_prefetch((const char *)w + AHEAD_BYTES + 64, _MM_HINT_T0);
        BT_UNROLL
        for (size_t i = 0; i < n; i++) {
            __m512bh x = (__m512bh)_mm512_set1_epi32(word[i * WORDS]);
            sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, w0);
            sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, w1);
        }
    }
    BT_UNROLL
    for (size_t i = 0; i < n; i++) {
        _mm512_storeu_ps(out + i * BT_PANEL, sum[i][0]);
        _mm512_storeu_ps(out + i * BT_PANEL + 16, sum[i][1]);
    }
}

BF16 static void multiply_bfloat16(const bt_target *to, size_t n, size_t K, const void *rows,
                                   const bt_quant *quant, const void *panel, const float *scale,
                                   const int32_t *sum)
{
    float sums[ROWS * BT_PANEL] __attribute__((aligned(64)));
    (void)quant, (void)scale, (void)sum;
    bt_fetch_target(to, n);
    switch (n) {
        BT_ROWS_TO_14(tile_bfloat16, sums, K, rows, panel)
    default:
        break;
    }
    finish(to, sums, n);
}

/* ---- int8 ---- */

VNNI static bt_quant quant_of(const float *x, size_t K)
{
    __m512 low = _mm512_setzero_ps(), high = low;
    for (size_t k = 0; k < K; k += 16) {
        __m512 v = _mm512_maskz_loadu_ps(lanes_before(K - k), x + k);
        low = _mm512_min_ps(low, v);
        high = _mm512_max_ps(high, v);
    }
    return bt_quant_between(_mm512_reduce_min_ps(low), _mm512_reduce_max_ps(high));
}

VNNI static void convert_int8(void *to, bt_quant *quant, const float *x, size_t stride, size_t n,
                              size_t K)
{
    for (size_t i = 0; i < n; i++, x += stride) {
        uint8_t *row = (uint8_t *)to + 64 * i;
        quant[i] = quant_of(x, K);
        __m512 inverse = _mm512_set1_ps(bt_quant_inverse(quant[i]));
        __m512i zero = _mm512_set1_epi32(quant[i].zero);
        for (size_t k = 0; k < K; k += 16) {
            __m512 v = _mm512_maskz_loadu_ps(lanes_before(K - k), x + k);
            __m512i q = _mm512_add_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(v, inverse)), zero);
            q = _mm512_max_epi32(q, _mm512_setzero_si512());
            _mm_storeu_si128((__m128i *)(void *)(row + k / 64 * 64 * n + k % 64),
                             _mm512_cvtusepi32_epi8(q));
        }
    }
}

/* gcc 12 copies the sums around the intrinsic, which halves the speed. */
#define DOT_BYTES(sum, x, w) __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w))

INLINE VNNI void tile_int8(const size_t n, float *out, size_t K, const int32_t *a,
                           const bt_quant *quant, const int8_t *w, const float *scale,
                           const int32_t *sum)
{
    __m512i dot[ROWS][2];
    BT_UNROLL
    for (size_t i = 0; i < n; i++)
        dot[i][0] = dot[i][1] = _mm512_setzero_si512();
    for (size_t k = 0; k < K / 4; k++, w += 4 * BT_PANEL) {
        const int32_t *word = a + k / WORDS * WORDS * n + k % WORDS;
        __m512i w0 = _mm512_loadu_si512(w), w1 = _mm512_loadu_si512(w + 64);
        _mm_prefetch((const char *)w + AHEAD_BYTES, _MM_HINT_T0);
        _mm_prefetch((const char *)w + AHEAD_BYTES + 64, _MM_HINT_T0);
        BT_UNROLL
        for (size_t i = 0; i < n; i++) {
            __m512i x = _mm512_set1_epi32(word[i * WORDS]);
            DOT_BYTES(dot[i][0], x, w0);
            DOT_BYTES(dot[i][1], x, w1);
        }
    }
    BT_UNROLL
    for (size_t i = 0; i < n; i++) {
        __m512i zero = _mm512_set1_epi32(quant[i].zero);
        BT_UNROLL
        for (size_t h = 0; h < 2; h++) {
            __m512i shift = _mm512_mullo_epi32(zero, _mm512_loadu_si512(sum + 16 * h));
            __m512 s = _mm512_mul_ps(_mm512_set1_ps(quant[i].scale), _mm512_loadu_ps(scale + 16 * h));
            __m512 y = _mm512_cvtepi32_ps(_mm512_sub_epi32(dot[i][h], shift));
            _mm512_storeu_ps(out + i * BT_PANEL + 16 * h, _mm512_mul_ps(y, s));
        }
    }
}

VNNI static void multiply_int8(const bt_target *to, size_t n, size_t K, const void *rows,
                               const bt_quant *quant, const void *panel, const float *scale,
                               const int32_t *sum)
{
    float sums[ROWS * BT_PANEL] __attribute__((aligned(64)));
    bt_fetch_target(to, n);
    switch (n) {
        BT_ROWS_TO_14(tile_int8, sums, K, rows, quant, panel, scale, sum)
    default:
        break;
    }
    finish(to, sums, n);
}

const bt_tile bt_tiles_avx512[3] = {
    {"avx512", BT_FLOAT32, ROWS, sizeof(float), convert_float32, multiply_float32},
    {"avx512", BT_BFLOAT16, ROWS, sizeof(uint16_t), convert_bfloat16, multiply_bfloat16},
    {"avx512", BT_INT8, ROWS, sizeof(uint8_t), convert_int8, multiply_int8},
};

#endif
