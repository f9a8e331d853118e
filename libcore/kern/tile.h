/* tile.h - the tiles of each instruction set; shared by the files of this folder. */
#ifndef BT_TILE_H
#define BT_TILE_H

#include "kern/packed.h"

/* One for each bt_precision. */
extern const bt_tile bt_tiles_portable[3];
#ifdef __x86_64__
extern const bt_tile bt_tiles_avx2[3];
extern const bt_tile bt_tiles_avx512[3];
#endif

/* Ask for the memory that n rows will fill, so that no store waits for it. */
static inline void bt_fetch_target(const bt_target *to, size_t n)
{
    const float *y = to->y;
    for (size_t i = 0; i < n; i++, y += to->stride) {
        __builtin_prefetch(y, 1);
        __builtin_prefetch(y + to->cols - 1, 1);
    }
}

/* finish.c: what becomes of n rows of sums (n, BT_PANEL). */
void bt_finish_tile(const bt_target *to, const float *sums, size_t n);

/* How to quantise a row between low and high; zero stands for 0 exactly. */
static inline bt_quant bt_quant_between(float low, float high)
{
    low = low < 0 ? low : 0;
    high = high > 0 ? high : 0;
    float scale = (high - low) / 255;
    return (bt_quant){scale, scale > 0 ? (int32_t)(-low / scale + 0.5f) : 0};
}

/* What to multiply values by before they are rounded. */
static inline float bt_quant_inverse(bt_quant q)
{
    return q.scale > 0 ? 1 / q.scale : 0;
}

/* Loops over a tile's rows must vanish, so that the sums live in registers. */
#ifdef __clang__
#define BT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define BT_UNROLL _Pragma("GCC unroll 16")
#endif

/* Call f(n, ...) with n a constant: from 1 to 3, 6 or 14. */
#define BT_ROWS_CASE(n, f, ...)                                                                    \
    case n:                                                                                        \
        f(n, __VA_ARGS__);                                                                         \
        break;
#define BT_ROWS_TO_3(f, ...)                                                                       \
    BT_ROWS_CASE(1, f, __VA_ARGS__)                                                                \
    BT_ROWS_CASE(2, f, __VA_ARGS__)                                                                \
    BT_ROWS_CASE(3, f, __VA_ARGS__)
#define BT_ROWS_TO_6(f, ...)                                                                       \
    BT_ROWS_TO_3(f, __VA_ARGS__)                                                                   \
    BT_ROWS_CASE(4, f, __VA_ARGS__)                                                                \
    BT_ROWS_CASE(5, f, __VA_ARGS__)                                                                \
    BT_ROWS_CASE(6, f, __VA_ARGS__)
#define BT_ROWS_TO_14(f, ...)                                                                      \
    BT_ROWS_TO_6(f, __VA_ARGS__)                                                                   \
    BT_ROWS_CASE(7, f, __VA_ARGS__)                                                                \
    BT_ROWS_CASE(8, f, __VA_ARGS__)                                                                \
    BT_ROWS_CASE(9, f, __VA_ARGS__)                                                                \
    BT_ROWS_CASE(10, f, __VA_ARGS__)                                                               \
    BT_ROWS_CASE(11, f, __VA_ARGS__)                                                               \
    BT_ROWS_CASE(12, f, __VA_ARGS__)                                                               \
    BT_ROWS_CASE(13, f, __VA_ARGS__)                                                               \
    BT_ROWS_CASE(14, f, __VA_ARGS__)

#endif
