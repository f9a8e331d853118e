/* tile_portable.c - tiles in plain C, for any processor; also what the others are compared with. */
#include <math.h>

#include "kern/tile.h"

/* Values of a row that lie together: 64 bytes. */
#define FLOATS 16
#define BYTES  64
#define ROWS   4

static void convert_floats(void *to, bt_quant *quant, const float *x, size_t stride, size_t n, size_t K)
{
    float *rows = to;
    (void)quant;
    for (size_t k = 0; k < K; k += FLOATS)
        for (size_t i = 0; i < n; i++, rows += FLOATS)
            for (size_t l = 0; l < FLOATS; l++)
                rows[l] = k + l < K ? x[i * stride + k + l] : 0;
}

static void convert_int8(void *to, bt_quant *quant, const float *x, size_t stride, size_t n, size_t K)
{
    uint8_t *rows = to;
    for (size_t i = 0; i < n; i++, x += stride) {
        float low = 0, high = 0;
        for (size_t k = 0; k < K; k++) {
            low = fminf(low, x[k]);
            high = fmaxf(high, x[k]);
        }
        quant[i] = bt_quant_between(low, high);
        float inverse = bt_quant_inverse(quant[i]);
        for (size_t k = 0; k < (K + 3) / 4 * 4; k++) {
            long q = k < K ? lrintf(x[k] * inverse) + quant[i].zero : 0;
            rows[k / BYTES * BYTES * n + i * BYTES + k % BYTES] = (uint8_t)(q > 255 ? 255 : q < 0 ? 0 : q);
        }
    }
}

static void clear(float *out, size_t n)
{
    for (size_t i = 0; i < n * BT_PANEL; i++)
        out[i] = 0;
}

static void multiply_float32(const bt_target *to, size_t n, size_t K, const void *rows,
                             const bt_quant *quant, const void *panel, const float *scale,
                             const int32_t *sum)
{
    float out[ROWS * BT_PANEL];
    const float *a = rows, *w = panel;
    (void)quant, (void)scale, (void)sum;
    bt_fetch_target(to, n);
    clear(out, n);
    for (size_t k = 0; k < K; k++, w += BT_PANEL) {
        const float *v = a + k / FLOATS * FLOATS * n + k % FLOATS;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < BT_PANEL; j++)
                out[i * BT_PANEL + j] += v[i * FLOATS] * w[j];
    }
    bt_finish_tile(to, out, n);
}

/* Widen a step of a panel: its 32 values of k, then those of k + 1. */
static void widen(float *wide, const uint16_t *w)
{
    for (size_t j = 0; j < BT_PANEL; j++) {
        union {
            uint32_t u;
            float f;
        } even = {(uint32_t)w[2 * j] << 16}, odd = {(uint32_t)w[2 * j + 1] << 16};
        wide[j] = even.f;
        wide[BT_PANEL + j] = odd.f;
    }
}

static void multiply_bfloat16(const bt_target *to, size_t n, size_t K, const void *rows,
                              const bt_quant *quant, const void *panel, const float *scale,
                              const int32_t *sum)
{
    float out[ROWS * BT_PANEL];
    const float *a = rows;
    const uint16_t *w = panel;
    float wide[2 * BT_PANEL];
    (void)quant, (void)scale, (void)sum;
    bt_fetch_target(to, n);
    clear(out, n);
    for (size_t k = 0; k < K; k += 2, w += 2 * BT_PANEL) {
        const float *v = a + k / FLOATS * FLOATS * n + k % FLOATS;
        widen(wide, w);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < BT_PANEL; j++)
                out[i * BT_PANEL + j] += v[i * FLOATS] * wide[j] + v[i * FLOATS + 1] * wide[BT_PANEL + j];
    }
    bt_finish_tile(to, out, n);
}

static void multiply_int8(const bt_target *to, size_t n, size_t K, const void *rows,
                          const bt_quant *quant, const void *panel, const float *scale,
                          const int32_t *sum)
{
    float out[ROWS * BT_PANEL];
    bt_fetch_target(to, n);
    for (size_t i = 0; i < n; i++) {
        int32_t dot[BT_PANEL] = {0};
        const int8_t *w = panel;
        for (size_t k = 0; k < K; k += 4, w += 4 * BT_PANEL) {
            const uint8_t *v = (const uint8_t *)rows + k / BYTES * BYTES * n + i * BYTES + k % BYTES;
            for (size_t j = 0; j < BT_PANEL; j++)
                dot[j] += v[0] * w[4 * j] + v[1] * w[4 * j + 1] + v[2] * w[4 * j + 2] +
                          v[3] * w[4 * j + 3];
        }
        for (size_t j = 0; j < BT_PANEL; j++)
            out[i * BT_PANEL + j] =
                (float)(dot[j] - quant[i].zero * sum[j]) * (quant[i].scale * scale[j]);
    }
    bt_finish_tile(to, out, n);
}

const bt_tile bt_tiles_portable[3] = {
    {"portable", BT_FLOAT32, ROWS, sizeof(float), convert_floats, multiply_float32},
    {"portable", BT_BFLOAT16, ROWS, sizeof(float), convert_floats, multiply_bfloat16},
    {"portable", BT_INT8, ROWS, sizeof(uint8_t), convert_int8, multiply_int8},
};
