/* packed.c - packing of weights, and the loops around the tiles. */
#include "kern/packed.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/float16.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "kern/vector.h"

/* Converted rows that wait for their panels: this much of a core's second-level cache. */
#define ROWS_BYTES ((size_t)512 << 10)

static size_t padded(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static size_t value_bytes(bt_precision p)
{
    return p == BT_FLOAT32 ? sizeof(float) : p == BT_BFLOAT16 ? sizeof(uint16_t) : sizeof(int8_t);
}

size_t bt_packed_bytes(bt_precision precision, size_t K, size_t N)
{
    return padded(K, 4) * padded(N, BT_PANEL) * value_bytes(precision);
}

/* ---- Packing ---- */

static size_t step_of(bt_precision p)
{
    return p == BT_FLOAT32 ? 1 : p == BT_BFLOAT16 ? 2 : 4;
}

/* A run of one row of a matrix within one panel: `cols` values, `step` apart from `to` on. */
struct run {
    size_t from, to, cols, step;
};

static struct run run_at(const bt_packed *p, size_t stride, size_t k, size_t n)
{
    size_t step = step_of(p->precision);
    return (struct run){.from = k * stride + n,
                        .to = n * padded(p->K, 4) + k / step * step * BT_PANEL + k % step,
                        .cols = p->N - n < BT_PANEL ? p->N - n : BT_PANEL,
                        .step = step};
}

/* All runs of a matrix: for (k, n) in panels. */
#define EACH_RUN(p, k, n)                                                                          \
    for (size_t n = 0; n < (p)->N; n += BT_PANEL)                                                  \
        for (size_t k = 0; k < (p)->K; k++)

static void pack_float32(const bt_packed *p, float *to, bt_mat w)
{
    EACH_RUN(p, k, n) {
        struct run r = run_at(p, w.stride, k, n);
        for (size_t i = 0; i < r.cols; i++)
            to[r.to + i] = w.data[r.from + i];
    }
}

static void pack_bfloat16(const bt_packed *p, uint16_t *to, bt_mat w)
{
    EACH_RUN(p, k, n) {
        struct run r = run_at(p, w.stride, k, n);
        for (size_t i = 0; i < r.cols; i++)
            to[r.to + i * r.step] = bt_to_bf16(w.data[r.from + i]);
    }
}

static void pack_int8(const bt_packed *p, int8_t *to, float *scale, bt_mat w)
{
    for (size_t k = 0; k < p->K; k++)
        for (size_t n = 0; n < p->N; n++)
            scale[n] = fmaxf(scale[n], fabsf(w.data[k * w.stride + n]) / 127);
    EACH_RUN(p, k, n) {
        struct run r = run_at(p, w.stride, k, n);
        for (size_t i = 0; i < r.cols; i++)
            if (scale[n + i] > 0)
                to[r.to + i * r.step] = (int8_t)lrintf(w.data[r.from + i] / scale[n + i]);
    }
}

void bt_packed_order(int8_t *to, const int8_t *q, size_t K, size_t N)
{
    const bt_packed p = {.precision = BT_INT8, .K = K, .N = N};
    memset(to, 0, bt_packed_bytes(BT_INT8, K, N));
    EACH_RUN(&p, k, n) {
        struct run r = run_at(&p, N, k, n);
        for (size_t i = 0; i < r.cols; i++)
            to[r.to + i * r.step] = q[r.from + i];
    }
}

BT_CLONES
static void column_sums(int32_t *sum, const int8_t *panel, size_t K, size_t n_panel)
{
    for (size_t j = 0; j < n_panel; j++) {
        for (size_t k = 0; k < K; k += 4) {
            for (size_t n = 0; n < BT_PANEL; n++) {
                const int8_t *q = panel + (j * K + k) * BT_PANEL + n * 4;
                sum[j * BT_PANEL + n] += q[0] + q[1] + q[2] + q[3];
            }
        }
    }
}

/* Memory for the small vectors, and for the panels too unless they lie ready. */
static bolter_status make_block(bt_packed *p, bool with_panels, const float *bias, bolter_error *err)
{
    size_t n = padded(p->N, BT_PANEL), panels = with_panels ? bt_packed_bytes(p->precision, p->K, p->N) : 0;
    char *block = bt_alloc_aligned(panels + n * (2 * sizeof(float) + sizeof(int32_t)), 1);
    if (!block)
        return bt_fail(err, BOLTER_E_NOMEM, "model: no memory to pack a (%zu, %zu) matrix", p->K, p->N);
    memset(block, 0, panels + n * (2 * sizeof(float) + sizeof(int32_t)));
    float *own_bias = (float *)(void *)(block + panels);
    p->block = block;
    if (with_panels)
        p->panel = block;
    if (bias)
        memcpy(own_bias, bias, p->N * sizeof *bias);
    p->bias = own_bias;
    p->scale = own_bias + n;
    p->sum = (const int32_t *)(const void *)(own_bias + 2 * n);
    return BOLTER_OK;
}

/* The vectors of make_block() while they are filled. */
static float *scales(const bt_packed *p)
{
    return (float *)p->block + (p->scale - (const float *)p->block);
}

static int32_t *sums(const bt_packed *p)
{
    return (int32_t *)p->block + (p->sum - (const int32_t *)p->block);
}

bolter_status bt_packed_make(bt_packed *out, bt_precision precision, bt_mat w, const float *bias,
                             bolter_error *err)
{
    *out = (bt_packed){.precision = precision, .K = w.rows, .N = w.cols};
    bolter_status rc = make_block(out, true, bias, err);
    if (rc != BOLTER_OK)
        return rc;
    if (precision == BT_FLOAT32)
        pack_float32(out, out->block, w);
    else if (precision == BT_BFLOAT16)
        pack_bfloat16(out, out->block, w);
    if (precision != BT_INT8)
        return BOLTER_OK;
    pack_int8(out, out->block, scales(out), w);
    column_sums(sums(out), out->panel, padded(w.rows, 4), padded(w.cols, BT_PANEL) / BT_PANEL);
    return BOLTER_OK;
}

bolter_status bt_packed_ready(bt_packed *out, const int8_t *panel, const float *scale,
                              const float *bias, size_t K, size_t N, bolter_error *err)
{
    *out = (bt_packed){.precision = BT_INT8, .K = K, .N = N, .panel = panel};
    bolter_status rc = make_block(out, false, bias, err);
    if (rc != BOLTER_OK)
        return rc;
    memcpy(scales(out), scale, N * sizeof *scale);
    column_sums(sums(out), panel, padded(K, 4), padded(N, BT_PANEL) / BT_PANEL);
    return BOLTER_OK;
}

void bt_packed_clear(bt_packed *p)
{
    bt_release(p->block);
    *p = (bt_packed){0};
}

void bt_packed_unpack(float *w, const bt_packed *p)
{
    const float *wide = p->panel;
    const uint16_t *narrow = p->panel;
    const int8_t *q = p->panel;
    EACH_RUN(p, k, n) {
        struct run r = run_at(p, p->N, k, n);
        for (size_t i = 0; i < r.cols; i++) {
            size_t at = r.to + i * r.step;
            w[r.from + i] = p->precision == BT_FLOAT32    ? wide[at]
                            : p->precision == BT_BFLOAT16 ? bt_from_bf16(narrow[at])
                                                          : (float)q[at] * p->scale[n + i];
        }
    }
}

/* ---- The product ---- */

/* Rows that are converted at a time. */
static size_t chunk_rows(size_t row_bytes)
{
    size_t rows = ROWS_BYTES / row_bytes;
    return rows < 2 * BT_TILE_ROWS ? 2 * BT_TILE_ROWS : rows;
}

size_t bt_packed_scratch(size_t K)
{
    size_t least = 2 * BT_TILE_ROWS * padded(K * sizeof(float), BT_PIECE);
    size_t rows = ROWS_BYTES / padded(K, BT_PIECE) + 2 * BT_TILE_ROWS; /* how they were quantised */
    return (least > ROWS_BYTES ? least : ROWS_BYTES) + padded(rows * sizeof(bt_quant), BT_PIECE);
}

/* Rows at a time that share out n rows evenly among the fewest tiles. */
static size_t even_share(size_t n, size_t most)
{
    size_t parts = (n + most - 1) / most;
    return (n + parts - 1) / parts;
}

static void multiply_chunk(const bt_tile *t, const bt_packed *w, float *y, size_t y_stride, size_t n,
                           size_t group, bt_finish finish, const char *rows, const bt_quant *quant)
{
    size_t K = padded(w->K, 4), row_bytes = padded(w->K * t->value_bytes, BT_PIECE);
    size_t panel_bytes = K * BT_PANEL * value_bytes(w->precision);
    for (size_t j = 0; j < w->N; j += BT_PANEL) {
        const char *panel = (const char *)w->panel + j / BT_PANEL * panel_bytes;
        bt_target to = {.stride = y_stride,
                        .cols = w->N - j < BT_PANEL ? w->N - j : BT_PANEL,
                        .bias = w->bias + j,
                        .finish = finish};
        for (size_t i = 0; i < n; i += group) {
            to.y = y + i * y_stride + j;
            t->multiply(&to, n - i < group ? n - i : group, K, rows + i * row_bytes, quant + i, panel,
                        w->scale + j, w->sum + j);
        }
    }
}

void bt_packed_forward(const bt_tile *t, const bt_packed *w, float *y, size_t y_stride, const float *x,
                       size_t x_stride, size_t M, bt_finish finish, void *scratch)
{
    size_t row_bytes = padded(w->K * t->value_bytes, BT_PIECE);
    size_t chunk = M > 0 ? even_share(M, chunk_rows(row_bytes)) : 1;
    char *rows = scratch;
    bt_quant *quant = (bt_quant *)(void *)(rows + padded(chunk * row_bytes, BT_PIECE));
    for (size_t at = 0; at < M; at += chunk) {
        size_t n = M - at < chunk ? M - at : chunk, group = even_share(n, t->rows);
        for (size_t i = 0; i < n; i += group)
            t->convert(rows + i * row_bytes, quant + i, x + (at + i) * x_stride, x_stride,
                       n - i < group ? n - i : group, w->K);
        multiply_chunk(t, w, y + at * y_stride, y_stride, n, group, finish, rows, quant);
    }
}
