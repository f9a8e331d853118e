/*
 * packed.h - y = x w + b with weights that were reordered once: the products of a forward pass.
 *
 * Weights (K, N) lie in panels of BT_PANEL columns, so that a tile of a few rows by one panel stays in
 * registers while K runs. Within a panel, values that one instruction takes together are neighbours:
 *
 *   float32   [panel][k][32]
 *   bfloat16  [panel][k/2][32][2]
 *   int8      [panel][k/4][32][4]    one scale a column
 *
 * The layout is the same for every instruction set and may be mapped from a file. K and N are padded
 * with zeros to multiples of 4 and of BT_PANEL.
 *
 * A tile is one way to compute: a number format on an instruction set. Rows of x are converted to the
 * format of the tile; for int8 each row is quantised to 0..255 with a scale and a zero of its own
 * (dynamic, asymmetric: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", section 2.1), x = scale (q - zero). The sums of products are
 * exact integers, so that every instruction set gives the same ones.
 */
#ifndef BT_PACKED_H
#define BT_PACKED_H

#include <stddef.h>
#include <stdint.h>

#include "bolter.h"
#include "kern/kern.h"

#define BT_PANEL 32
#define BT_TILE_ROWS 14 /* of the largest tile */
#define BT_PIECE 64

typedef enum bt_precision { BT_FLOAT32, BT_BFLOAT16, BT_INT8 } bt_precision;

typedef struct bt_packed {
    bt_precision precision;
    size_t K, N;
    const void *panel;     /* 64-byte aligned is best */
    const float *scale;    /* int8: (N padded) */
    const int32_t *sum;    /* int8: (N padded), of each column */
    const float *bias;     /* (N padded); zeros without a bias */
    void *block;           /* owned memory of the above, or of part of it */
} bt_packed;

/* Rows at a time that share out n rows evenly among the fewest turns of at most `most`; 1 for none. */
static inline size_t bt_even_share(size_t n, size_t most)
{
    size_t turns = (n + most - 1) / most;
    return n > 0 ? (n + turns - 1) / turns : 1;
}

/* Bytes of the panels of a (K, N) matrix. */
size_t bt_packed_bytes(bt_precision precision, size_t K, size_t N);
/* Pack w (K, N), which may be columns of a wider matrix, and bias (N) or NULL. E_NOMEM. */
bolter_status bt_packed_make(bt_packed *out, bt_precision precision, bt_mat w, const float *bias,
                             bolter_error *err);
/*
 * The same from int8 panels that lie ready (borrowed as long as out lives), with a scale for each of
 * the N columns (copied). E_NOMEM.
 */
bolter_status bt_packed_ready(bt_packed *out, const int8_t *panel, const float *scale,
                              const float *bias, size_t K, size_t N, bolter_error *err);
/* The same from w (N, K), whose rows become columns: a product with the tied head. */
bolter_status bt_packed_make_rows(bt_packed *out, bt_precision precision, bt_mat w,
                                  bolter_error *err);
void bt_packed_clear(bt_packed *p);
/* Int8 panels of a matrix that is quantised already, q (K, N) row-major; to has bt_packed_bytes(). */
void bt_packed_order(int8_t *to, const int8_t *q, size_t K, size_t N);
/* And back: w (K, N) row-major in float32. */
void bt_packed_unpack(float *w, const bt_packed *p);

/* What happens with a product. */
typedef enum bt_finish {
    BT_STORE, /* y = x w + b */
    BT_ADD,   /* y += x w + b: the residual stream */
    BT_GELU,  /* y = gelu(x w + b) */
    BT_ADD_GELU /* y = gelu(y + x w + b) */
} bt_finish;

/* How a row was quantised: x = scale (q - zero). */
typedef struct bt_quant {
    float scale;
    int32_t zero; /* 0..255 */
} bt_quant;

/* Where the product of a tile goes, of its BT_PANEL columns the first cols. */
typedef struct bt_target {
    float *y;
    size_t stride, cols;
    const float *bias; /* (BT_PANEL) */
    bt_finish finish;
} bt_target;

/*
 * Up to `rows` rows against a panel. Converted rows take turns in pieces of BT_PIECE bytes,
 * [piece][row][BT_PIECE], so that a tile walks through memory once and without powers of two.
 */
typedef struct bt_tile {
    const char *isa; /* "avx512", "avx2" or "portable" */
    bt_precision precision;
    size_t rows;
    size_t value_bytes; /* of one value of a converted row */
    /* Convert n rows of K values, stride apart; quant (n) is set for int8. */
    void (*convert)(void *to, bt_quant *quant, const float *x, size_t stride, size_t n, size_t K);
    /* Finish n rows times a panel, scaled back. K is padded to 4. */
    void (*multiply)(const bt_target *to, size_t n, size_t K, const void *rows,
                     const bt_quant *quant, const void *panel, const float *scale,
                     const int32_t *sum);
} bt_tile;

/*
 * The best tile of a precision on this processor, or with isa not NULL the one of that name; NULL if
 * the processor or this build lacks it.
 */
const bt_tile *bt_tile_find(bt_precision precision, const char *isa);

/* Bytes of scratch for rows of up to K values. */
size_t bt_packed_scratch(size_t K);
/*
 * y (M, N) = finish(x (M, K) w + b). scratch is 64-byte aligned. y is not x.
 *
 * twice: on an int8 tile, what quantising a row to bytes leaves over is quantised too, and multiplied as
 * well. That is double work, for rows as good as of 16 bits; weights are what they were.
 */
void bt_packed_forward(const bt_tile *t, const bt_packed *w, float *y, size_t y_stride, const float *x,
                       size_t x_stride, size_t M, bt_finish finish, bool twice, void *scratch);

/* ---- attend.c ---- */

/* Values of scratch, on 64 bytes, for up to T keys and heads of D channels. */
size_t bt_attend_scratch(size_t T, size_t D);
/* As bt_attention_forward() without lse, on a float32 tile. */
void bt_attend(const bt_tile *t, const bt_attention *a, float *out, const float *q, const float *kv);
/*
 * The same for one query, q (C), that sees all a->T keys, without putting them into panels: a step of
 * generation. scratch has a->T values.
 */
void bt_attend_one(const bt_attention *a, float *out, const float *q, const float *kv);

#endif
