/* packed.c - packing of weights, and the loops around the tiles. */
#include "kern/packed.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/float16.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "kern/tile.h"
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

/* Where the value (k, n) of a matrix is: at k * down + n * right. */
struct strides {
    size_t down, right;
};

/* A run of one row of a matrix within one panel: `cols` values, `step` apart from `to` on. */
struct run {
    size_t from, to, cols, step;
};

static struct run run_at(const bt_packed *p, struct strides at, size_t k, size_t n)
{
    size_t step = step_of(p->precision);
    return (struct run){.from = k * at.down + n * at.right,
                        .to = n * padded(p->K, 4) + k / step * step * BT_PANEL + k % step,
                        .cols = p->N - n < BT_PANEL ? p->N - n : BT_PANEL,
                        .step = step};
}

/* All runs of a matrix: for (k, n) in panels. */
#define EACH_RUN(p, k, n)                                                                          \
    for (size_t n = 0; n < (p)->N; n += BT_PANEL)                                                  \
        for (size_t k = 0; k < (p)->K; k++)

static void pack_float32(const bt_packed *p, float *to, const float *w, struct strides at)
{
    EACH_RUN(p, k, n) {
        struct run r = run_at(p, at, k, n);
        for (size_t i = 0; i < r.cols; i++)
            to[r.to + i] = w[r.from + i * at.right];
    }
}

static void pack_bfloat16(const bt_packed *p, uint16_t *to, const float *w, struct strides at)
{
    EACH_RUN(p, k, n) {
        struct run r = run_at(p, at, k, n);
        for (size_t i = 0; i < r.cols; i++)
            to[r.to + i * r.step] = bt_to_bf16(w[r.from + i * at.right]);
    }
}

static void pack_int8(const bt_packed *p, int8_t *to, float *scale, const float *w,
                      struct strides at)
{
    for (size_t k = 0; k < p->K; k++)
        for (size_t n = 0; n < p->N; n++)
            scale[n] = fmaxf(scale[n], fabsf(w[k * at.down + n * at.right]) / 127);
    EACH_RUN(p, k, n) {
        struct run r = run_at(p, at, k, n);
        for (size_t i = 0; i < r.cols; i++)
            if (scale[n + i] > 0)
                to[r.to + i * r.step] = (int8_t)lrintf(w[r.from + i * at.right] / scale[n + i]);
    }
}

void bt_packed_order(int8_t *to, const int8_t *q, size_t K, size_t N)
{
    const bt_packed p = {.precision = BT_INT8, .K = K, .N = N};
    memset(to, 0, bt_packed_bytes(BT_INT8, K, N));
    EACH_RUN(&p, k, n) {
        struct run r = run_at(&p, (struct strides){N, 1}, k, n);
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

static bolter_status make(bt_packed *out, const float *w, struct strides at, const float *bias,
                          bolter_error *err)
{
    bolter_status rc = make_block(out, true, bias, err);
    if (rc != BOLTER_OK)
        return rc;
    if (out->precision == BT_FLOAT32)
        pack_float32(out, out->block, w, at);
    else if (out->precision == BT_BFLOAT16)
        pack_bfloat16(out, out->block, w, at);
    if (out->precision != BT_INT8)
        return BOLTER_OK;
    pack_int8(out, out->block, scales(out), w, at);
    column_sums(sums(out), out->panel, padded(out->K, 4), padded(out->N, BT_PANEL) / BT_PANEL);
    return BOLTER_OK;
}

bolter_status bt_packed_make(bt_packed *out, bt_precision precision, bt_mat w, const float *bias,
                             bolter_error *err)
{
    *out = (bt_packed){.precision = precision, .K = w.rows, .N = w.cols};
    return make(out, w.data, (struct strides){w.stride, 1}, bias, err);
}

bolter_status bt_packed_make_rows(bt_packed *out, bt_precision precision, bt_mat w,
                                  bolter_error *err)
{
    *out = (bt_packed){.precision = precision, .K = w.cols, .N = w.rows};
    return make(out, w.data, (struct strides){1, w.stride}, NULL, err);
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
        struct run r = run_at(p, (struct strides){p->N, 1}, k, n);
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

/* Never less than of shorter rows, of which there are more at a time. */
static size_t rows_scratch(size_t K)
{
    size_t least = 2 * BT_TILE_ROWS * padded(K * sizeof(float), BT_PIECE);
    size_t rows = ROWS_BYTES / BT_PIECE + 2 * BT_TILE_ROWS; /* how they were quantised */
    return (least > ROWS_BYTES ? least : ROWS_BYTES) + padded(rows * sizeof(bt_quant), BT_PIECE);
}

size_t bt_packed_scratch(size_t K)
{
    return 2 * rows_scratch(K) + padded(BT_TILE_ROWS * K * sizeof(float), BT_PIECE);
}

/* Rows of x ready for the tiles: n of them, and what quantising left over of them or NULL. */
struct rows {
    size_t n, group, row_bytes;
    char *value, *rest;
    bt_quant *quant, *rest_quant;
    float *left; /* (BT_TILE_ROWS, K) of a group */
};

static struct rows cut_rows(const bt_tile *t, const bt_packed *w, size_t chunk, bool twice,
                            char *scratch)
{
    struct rows r = {.row_bytes = padded(w->K * t->value_bytes, BT_PIECE), .value = scratch};
    size_t bytes = padded(chunk * r.row_bytes, BT_PIECE);
    r.quant = (bt_quant *)(void *)(scratch + bytes);
    if (t->precision != BT_INT8 || !twice)
        return r;
    r.rest = scratch + rows_scratch(w->K);
    r.rest_quant = (bt_quant *)(void *)(r.rest + bytes);
    r.left = (float *)(void *)(r.rest + rows_scratch(w->K));
    return r;
}

/* left = x less what its bytes stand for. */
BT_CLONES
static void leave_over(float *left, const float *x, size_t K, bt_quant q)
{
    float inverse = bt_quant_inverse(q), low = (float)-q.zero, high = (float)(255 - q.zero);
    for (size_t k = 0; k < K; k++) {
        float byte = rintf(x[k] * inverse);
        byte = byte < low ? low : byte;
        byte = byte > high ? high : byte;
        left[k] = x[k] - byte * q.scale;
    }
}

static void convert_rows(const bt_tile *t, const struct rows *r, const float *x, size_t stride, size_t K)
{
    for (size_t i = 0; i < r->n; i += r->group) {
        size_t n = r->n - i < r->group ? r->n - i : r->group;
        t->convert(r->value + i * r->row_bytes, r->quant + i, x + i * stride, stride, n, K);
        if (!r->rest)
            continue;
        for (size_t j = 0; j < n; j++)
            leave_over(r->left + j * K, x + (i + j) * stride, K, r->quant[i + j]);
        t->convert(r->rest + i * r->row_bytes, r->rest_quant + i, r->left, K, n, K);
    }
}

static const float no_bias[BT_PANEL];

/* A panel against rows i .. i + n - 1, in one product or two. */
static void multiply_group(const bt_tile *t, const bt_packed *w, bt_target to, size_t i, size_t n,
                           const struct rows *r, size_t j)
{
    size_t K = padded(w->K, 4), at = i * r->row_bytes;
    const char *panel = (const char *)w->panel + j * K * value_bytes(w->precision);
    bt_finish last = to.finish == BT_GELU ? BT_ADD_GELU : BT_ADD;
    if (r->rest && to.finish == BT_GELU)
        to.finish = BT_STORE;
    t->multiply(&to, n, K, r->value + at, r->quant + i, panel, w->scale + j, w->sum + j);
    if (!r->rest)
        return;
    to.finish = last;
    to.bias = no_bias;
    t->multiply(&to, n, K, r->rest + at, r->rest_quant + i, panel, w->scale + j, w->sum + j);
}

void bt_packed_forward(const bt_tile *t, const bt_packed *w, float *y, size_t y_stride, const float *x,
                       size_t x_stride, size_t M, bt_finish finish, bool twice, void *scratch)
{
    size_t row_bytes = padded(w->K * t->value_bytes, BT_PIECE);
    size_t chunk = bt_even_share(M, chunk_rows(row_bytes));
    struct rows r = cut_rows(t, w, chunk, twice, scratch);
    for (size_t at = 0; at < M; at += chunk, y += chunk * y_stride, x += chunk * x_stride) {
        r.n = M - at < chunk ? M - at : chunk;
        r.group = bt_even_share(r.n, t->rows);
        convert_rows(t, &r, x, x_stride, w->K);
        for (size_t j = 0; j < w->N; j += BT_PANEL) {
            bt_target to = {.stride = y_stride,
                            .cols = w->N - j < BT_PANEL ? w->N - j : BT_PANEL,
                            .bias = w->bias + j,
                            .finish = finish};
            for (size_t i = 0; i < r.n; i += r.group) {
                to.y = y + i * y_stride + j;
                multiply_group(t, w, to, i, r.n - i < r.group ? r.n - i : r.group, &r, j);
            }
        }
    }
}
