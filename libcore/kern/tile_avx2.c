/*
 * tile_avx2.c - tiles in the 16 registers of AVX2: 6 rows by 16 columns of float32 and bfloat16 (which
 * is widened on the way), 3 rows by 16 columns of int8 (VPMADDWD on 16-bit words: exact, where
 * VPMADDUBSW could saturate).
 */
#include "kern/tile.h"

#ifdef __x86_64__

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define ROWS      6
#define INT8_ROWS 3
#define FLOATS    16 /* of a row that lie together: 64 bytes */
#define SHORTS    32
#define AVX2      __attribute__((target("avx2,fma")))
#define INLINE    static inline __attribute__((always_inline))

/* ---- float32 and bfloat16 ---- */

AVX2 static void convert_float32(void *to, bt_quant *quant, const float *x, size_t stride, size_t n,
                                 size_t K)
{
    float *rows = to;
    (void)quant;
    for (size_t k = 0; k < K; k += FLOATS)
        for (size_t i = 0; i < n; i++, rows += FLOATS)
            for (size_t l = 0; l < FLOATS; l++)
                rows[l] = k + l < K ? x[i * stride + k + l] : 0;
}

INLINE AVX2 void tile_float32(const size_t n, float *out, size_t K, const float *a, const float *w)
{
    __m256 sum[ROWS][2];
    BT_UNROLL
    for (size_t i = 0; i < n; i++)
        sum[i][0] = sum[i][1] = _mm256_setzero_ps();
    for (size_t k = 0; k < K; k++, w += BT_PANEL) {
        const float *v = a + k / FLOATS * FLOATS * n + k % FLOATS;
        __m256 w0 = _mm256_loadu_ps(w), w1 = _mm256_loadu_ps(w + 8);
        BT_UNROLL
        for (size_t i = 0; i < n; i++) {
            __m256 x = _mm256_broadcast_ss(v + i * FLOATS);
            sum[i][0] = _mm256_fmadd_ps(x, w0, sum[i][0]);
            sum[i][1] = _mm256_fmadd_ps(x, w1, sum[i][1]);
        }
    }
    BT_UNROLL
    for (size_t i = 0; i < n; i++) {
        _mm256_storeu_ps(out + i * BT_PANEL, sum[i][0]);
        _mm256_storeu_ps(out + i * BT_PANEL + 8, sum[i][1]);
    }
}

AVX2 static void multiply_float32(const bt_target *to, size_t n, size_t K, const void *rows,
                                  const bt_quant *quant, const void *panel, const float *scale,
                                  const int32_t *sum)
{
    float out[ROWS * BT_PANEL];
    (void)quant, (void)scale, (void)sum;
    bt_fetch_target(to, n);
    for (size_t half = 0; half < BT_PANEL; half += 16) {
        switch (n) {
            BT_ROWS_TO_6(tile_float32, out + half, K, rows, (const float *)panel + half)
        default:
            break;
        }
    }
    bt_finish_tile(to, out, n);
}

/* Eight pairs of neighbours in k, as two vectors of float32. */
INLINE AVX2 __m256 even_k(__m256i pairs)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16));
}

INLINE AVX2 __m256 odd_k(__m256i pairs)
{
    return _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32((int)0xffff0000)));
}

INLINE AVX2 void tile_bfloat16(const size_t n, float *out, size_t K, const float *a, const uint16_t *w)
{
    __m256 sum[ROWS][2];
    BT_UNROLL
    for (size_t i = 0; i < n; i++)
        sum[i][0] = sum[i][1] = _mm256_setzero_ps();
    for (size_t k = 0; k < K; k += 2, w += 2 * BT_PANEL) {
        const float *v = a + k / FLOATS * FLOATS * n + k % FLOATS;
        __m256i p0 = _mm256_loadu_si256((const __m256i *)(const void *)w);
        __m256i p1 = _mm256_loadu_si256((const __m256i *)(const void *)(w + 16));
        BT_UNROLL
        for (size_t i = 0; i < n; i++) {
            __m256 x = _mm256_broadcast_ss(v + i * FLOATS);
            sum[i][0] = _mm256_fmadd_ps(x, even_k(p0), sum[i][0]);
            sum[i][1] = _mm256_fmadd_ps(x, even_k(p1), sum[i][1]);
        }
        BT_UNROLL
        for (size_t i = 0; i < n; i++) {
            __m256 x = _mm256_broadcast_ss(v + i * FLOATS + 1);
            sum[i][0] = _mm256_fmadd_ps(x, odd_k(p0), sum[i][0]);
            sum[i][1] = _mm256_fmadd_ps(x, odd_k(p1), sum[i][1]);
        }
    }
    BT_UNROLL
    for (size_t i = 0; i < n; i++) {
        _mm256_storeu_ps(out + i * BT_PANEL, sum[i][0]);
        _mm256_storeu_ps(out + i * BT_PANEL + 8, sum[i][1]);
    }
}

AVX2 static void multiply_bfloat16(const bt_target *to, size_t n, size_t K, const void *rows,
                                   const bt_quant *quant, const void *panel, const float *scale,
                                   const int32_t *sum)
{
    float out[ROWS * BT_PANEL];
    (void)quant, (void)scale, (void)sum;
    bt_fetch_target(to, n);
    for (size_t half = 0; half < BT_PANEL; half += 16) {
        switch (n) {
            BT_ROWS_TO_6(tile_bfloat16, out + half, K, rows, (const uint16_t *)panel + 2 * half)
        default:
            break;
        }
    }
    bt_finish_tile(to, out, n);
}

/* ---- int8: rows as 16-bit words ---- */

AVX2 static bt_quant quant_of(const float *x, size_t K)
{
    __m256 low = _mm256_setzero_ps(), high = low;
    float least[8], most[8];
    size_t k = 0;
    for (; k + 8 <= K; k += 8) {
        low = _mm256_min_ps(low, _mm256_loadu_ps(x + k));
        high = _mm256_max_ps(high, _mm256_loadu_ps(x + k));
    }
    _mm256_storeu_ps(least, low);
    _mm256_storeu_ps(most, high);
    for (size_t i = 1; i < 8; i++) {
        least[0] = fminf(least[0], least[i]);
        most[0] = fmaxf(most[0], most[i]);
    }
    for (; k < K; k++) {
        least[0] = fminf(least[0], x[k]);
        most[0] = fmaxf(most[0], x[k]);
    }
    return bt_quant_between(least[0], most[0]);
}

/* Words hold q - zero: what the sum of the column would take off again. */
AVX2 static void convert_int8(void *to, bt_quant *quant, const float *x, size_t stride, size_t n,
                              size_t K)
{
    int16_t *rows = to;
    for (size_t i = 0; i < n; i++, x += stride) {
        quant[i] = quant_of(x, K);
        float inverse = bt_quant_inverse(quant[i]);
        int low = -quant[i].zero, high = 255 - quant[i].zero;
        for (size_t k = 0; k < (K + 3) / 4 * 4; k++) {
            int q = k < K ? _mm_cvtss_si32(_mm_set_ss(x[k] * inverse)) : 0;
            rows[k / SHORTS * SHORTS * n + i * SHORTS + k % SHORTS] =
                (int16_t)(q > high ? high : q < low ? low : q);
        }
    }
}

/* Four columns of four bytes, as words. */
INLINE AVX2 __m256i words_at(const int8_t *w)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w));
}

INLINE AVX2 void tile_int8(const size_t n, float *out, size_t K, const int16_t *a,
                           const bt_quant *quant, const int8_t *w, const float *scale)
{
    __m256i sum[INT8_ROWS][4]; /* of four columns each, in two halves a column */
    BT_UNROLL
    for (size_t i = 0; i < n; i++)
        sum[i][0] = sum[i][1] = sum[i][2] = sum[i][3] = _mm256_setzero_si256();
    for (size_t k = 0; k < K; k += 4, w += 4 * BT_PANEL) {
        const int16_t *v = a + k / SHORTS * SHORTS * n + k % SHORTS;
        BT_UNROLL
        for (size_t c = 0; c < 4; c++) {
            __m256i four = words_at(w + 16 * c);
            BT_UNROLL
            for (size_t i = 0; i < n; i++) {
                long long x;
                memcpy(&x, v + i * SHORTS, sizeof x);
                __m256i products = _mm256_madd_epi16(_mm256_set1_epi64x(x), four);
                sum[i][c] = _mm256_add_epi32(sum[i][c], products);
            }
        }
    }
    BT_UNROLL
    for (size_t i = 0; i < n; i++) {
        BT_UNROLL
        for (size_t c = 0; c < 4; c += 2) {
            __m256i both = _mm256_hadd_epi32(sum[i][c], sum[i][c + 1]);
            both = _mm256_permute4x64_epi64(both, 0xd8);
            __m256 s = _mm256_mul_ps(_mm256_set1_ps(quant[i].scale), _mm256_loadu_ps(scale + 4 * c));
            _mm256_storeu_ps(out + i * BT_PANEL + 4 * c, _mm256_mul_ps(_mm256_cvtepi32_ps(both), s));
        }
    }
}

AVX2 static void multiply_int8(const bt_target *to, size_t n, size_t K, const void *rows,
                               const bt_quant *quant, const void *panel, const float *scale,
                               const int32_t *sum)
{
    float out[INT8_ROWS * BT_PANEL];
    (void)sum;
    bt_fetch_target(to, n);
    for (size_t half = 0; half < BT_PANEL; half += 16) {
        switch (n) {
            BT_ROWS_TO_3(tile_int8, out + half, K, rows, quant,
                       (const int8_t *)panel + 4 * half, scale + half)
        default:
            break;
        }
    }
    bt_finish_tile(to, out, n);
}

const bt_tile bt_tiles_avx2[3] = {
    {"avx2", BT_FLOAT32, ROWS, sizeof(float), convert_float32, multiply_float32},
    {"avx2", BT_BFLOAT16, ROWS, sizeof(float), convert_float32, multiply_bfloat16},
    {"avx2", BT_INT8, INT8_ROWS, sizeof(int16_t), convert_int8, multiply_int8},
};

#endif
