/* test_packed.c - products with packed weights on every instruction set, against plain loops. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/float16.h"
#include "base/mem.h"
#include "base/rng.h"
#include "kern/product.h"
#include "tests/check.h"
#include "tests/unit/naive.h"

static const char *const isas[] = {"avx512", "avx2", "portable"};
static const char *const formats[] = {"float32", "bfloat16", "int8"};
/* Of the largest value. */
#define TOLERANCE 1e-5

static const size_t row_sizes[] = {1, 2, 5, 14, 15, 29, 61};
static const size_t k_sizes[] = {1, 3, 4, 16, 33, 64, 100};
static const size_t n_sizes[] = {1, 31, 32, 33, 70};

static bt_rng rng = {.seed = 11};

static float *random_floats(size_t n)
{
    float *x = bt_alloc_array(n, sizeof *x);
    for (size_t i = 0; x && i < n; i++)
        x[i] = (float)bt_rng_normal(&rng);
    return x ? x : (abort(), NULL);
}

/* What a tile makes of a value of a row that reaches from low to high. */
static double value_as_read(const bt_tile *tile, float v, float low, float high)
{
    if (tile->precision == BT_BFLOAT16 && tile->value_bytes == sizeof(uint16_t))
        return (double)bt_from_bf16(bt_to_bf16(v));
    if (tile->precision != BT_INT8 || high <= low)
        return (double)v;
    float scale = (high - low) / 255, zero = floorf(-low / scale + 0.5f);
    float q = rintf(v * (1 / scale)) + zero;
    return (double)(fminf(fmaxf(q, 0), 255) - zero) * (double)scale;
}

/* In one piece; in two, rows are read as they are but for a part in 65,000. */
static double *rows_as_read(const bt_tile *tile, const float *x, size_t M, size_t K, bool twice)
{
    double *wide = bt_alloc_array(M * K, sizeof *wide);
    for (size_t i = 0; wide && i < M; i++) {
        float low = 0, high = 0;
        for (size_t k = 0; k < K; k++) {
            low = fminf(low, x[i * K + k]);
            high = fmaxf(high, x[i * K + k]);
        }
        for (size_t k = 0; k < K; k++)
            wide[i * K + k] = twice ? (double)x[i * K + k] : value_as_read(tile, x[i * K + k], low, high);
    }
    return wide ? wide : (abort(), NULL);
}

struct product {
    const bt_tile *tile;
    bt_precision precision;
    size_t M, K, N;
    bt_finish finish;
    bool twice;
};

static void finish_plainly(double *y, const double *xw, size_t n, bt_finish finish)
{
    for (size_t i = 0; i < n; i++)
        y[i] = finish == BT_STORE ? xw[i] : finish == BT_ADD ? y[i] + xw[i] : naive_gelu(xw[i]);
}

/* The distance of a product from plain loops over the same numbers, relative to the largest. */
static double distance(const struct product *p)
{
    size_t M = p->M, K = p->K, N = p->N, stride = N + 3;
    float *x = random_floats(M * K), *w = random_floats(K * N), *bias = random_floats(N);
    float *y = random_floats(M * stride), *back = random_floats(K * N);
    double *wide_w = bt_alloc_array(K * N, sizeof(double)), *wide_b = bt_alloc_array(N, sizeof(double));
    double *xw = bt_alloc_array(M * N, sizeof(double)), *want = bt_alloc_array(M * N, sizeof(double));
    double *rows = rows_as_read(p->tile, x, M, K, p->twice), far = 0, large = 1e-30;
    void *scratch = bt_alloc_aligned(bt_packed_scratch(K), 1);
    bt_packed packed;
    if (!wide_w || !wide_b || !xw || !want || !scratch ||
        bt_packed_make(&packed, p->precision, bt_mat_of(w, K, N), bias, NULL) != BOLTER_OK)
        abort();
    bt_packed_unpack(back, &packed);
    for (size_t i = 0; i < K * N; i++)
        wide_w[i] = (double)back[i];
    for (size_t i = 0; i < N; i++)
        wide_b[i] = (double)bias[i];
    for (size_t i = 0; i < M * N; i++)
        want[i] = (double)y[i / N * stride + i % N];
    naive_linear(xw, rows, wide_w, wide_b, M, K, N);
    finish_plainly(want, xw, M * N, p->finish);
    bt_packed_forward(p->tile, &packed, y, stride, x, K, M, p->finish, p->twice, scratch);
    for (size_t i = 0; i < M * N; i++) {
        far = fmax(far, fabs((double)y[i / N * stride + i % N] - want[i]));
        large = fmax(large, fabs(xw[i]));
    }
    bt_packed_clear(&packed);
    bt_release(scratch);
    for (size_t i = 0; i < 9; i++)
        bt_release((void *[]){x, w, bias, y, back, wide_w, wide_b, xw, want}[i]);
    bt_release(rows);
    return far / large;
}

static void all_sizes(struct check *c, const bt_tile *tile, bt_precision precision)
{
    for (size_t m = 0; m < sizeof row_sizes / sizeof *row_sizes; m++)
        for (size_t k = 0; k < sizeof k_sizes / sizeof *k_sizes; k++)
            for (size_t n = 0; n < sizeof n_sizes / sizeof *n_sizes; n++) {
                struct product p = {tile, precision, row_sizes[m], k_sizes[k], n_sizes[n],
                                    (bt_finish)((m + k + n) % 3), false};
                double d = distance(&p);
                CHECK(c, d <= TOLERANCE, "%s %s (%zu,%zu) (%zu,%zu): off by %.3g",
                      tile->isa, formats[precision], p.M, p.K, p.K, p.N, d);
            }
}

static void on_isa(struct check *c, const char *isa)
{
    static char reason[80];
    for (int precision = 0; precision < 3; precision++) {
        const bt_tile *tile = bt_tile_find((bt_precision)precision, isa);
        if (tile)
            all_sizes(c, tile, (bt_precision)precision);
        else
            snprintf(reason, sizeof reason, "this processor has no %s for %s", isa, formats[precision]);
    }
    if (*reason && !bt_tile_find(BT_FLOAT32, isa))
        check_skip(c, reason);
}

static void products_on_avx512_equal_plain_loops(struct check *c)
{
    on_isa(c, isas[0]);
}

static void products_on_avx2_equal_plain_loops(struct check *c)
{
    on_isa(c, isas[1]);
}

static void products_on_any_processor_equal_plain_loops(struct check *c)
{
    on_isa(c, isas[2]);
}

static void the_best_tile_is_found_without_a_name(struct check *c)
{
    for (int precision = 0; precision < 3; precision++) {
        const bt_tile *best = bt_tile_find((bt_precision)precision, NULL);
        CHECK(c, best && best->precision == (bt_precision)precision, "%s has none", formats[precision]);
    }
    CHECK(c, !bt_tile_find(BT_INT8, "abacus"), "an unknown name was found");
}

/* Far closer to rows as they were than in one piece, which is off by a hundredth. */
static void rows_in_two_pieces_lose_next_to_nothing(struct check *c)
{
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        const bt_tile *t = bt_tile_find(BT_INT8, isas[i]);
        for (size_t n = 0; t && n < 3 * sizeof row_sizes / sizeof *row_sizes; n++) {
            struct product p = {t, BT_INT8, row_sizes[n / 3], 100, 70, (bt_finish)(n % 3), true};
            double d = distance(&p);
            CHECK(c, d <= 1e-4, "%s, %zu rows: off by %.3g", t->isa, p.M, d);
        }
    }
    struct product whole = {bt_tile_find(BT_INT8, NULL), BT_INT8, 700, 520, 40, BT_GELU, true};
    double d = distance(&whole);
    CHECK(c, d <= 1e-4, "several chunks: off by %.3g", d);
}

/* Layers of all widths share a scratch that was made for the widest. */
static void a_scratch_for_long_rows_serves_shorter_ones(struct check *c)
{
    for (size_t k = 1; k < 5000; k++)
        CHECK(c, bt_packed_scratch(k) <= bt_packed_scratch(k + 1), "%zu values need more than %zu", k,
              k + 1);
}

/* Long enough for several chunks of converted rows. */
static void long_products_are_cut_without_a_seam(struct check *c)
{
    for (int precision = 0; precision < 3; precision++) {
        struct product p = {bt_tile_find((bt_precision)precision, NULL), (bt_precision)precision, 700,
                            520, 40, BT_STORE, false};
        double d = distance(&p);
        CHECK(c, d <= TOLERANCE, "%s: off by %.3g", formats[precision], d);
    }
}

/* ---- Products of two changing factors ---- */

struct changing {
    const bt_tile *tile;
    size_t M, K, N;
    bool ta, tb, add;
};

/* Values as a factor of a product is read. */
static double *wide_of(const float *x, size_t n, bool narrow)
{
    double *wide = bt_alloc_array(n, sizeof *wide);
    for (size_t i = 0; wide && i < n; i++)
        wide[i] = (double)(narrow ? bt_from_bf16(bt_to_bf16(x[i])) : x[i]);
    return wide ? wide : (abort(), NULL);
}

static double changing_distance(const struct changing *p)
{
    size_t M = p->M, K = p->K, N = p->N, stride = N + 5;
    float *a = random_floats(M * K), *b = random_floats(K * N), *c = random_floats(M * stride);
    double *want = bt_alloc_array(M * N, sizeof(double)), far = 0, large = 1e-30;
    double *wide_a = wide_of(a, M * K, p->tile->value_bytes == sizeof(uint16_t));
    double *wide_b = wide_of(b, K * N, p->tile->precision == BT_BFLOAT16);
    void *scratch = bt_alloc_aligned(bt_product_scratch(K, N), 1);
    if (!want || !scratch)
        abort();
    for (size_t i = 0; i < M * N; i++)
        want[i] = (double)c[i / N * stride + i % N];
    naive_gemm(&(struct naive_product){M, N, K, p->ta, p->tb, 1, p->add}, want, wide_a, wide_b);
    bt_product(p->tile, (bt_mat){c, M, N, stride}, bt_mat_of(a, p->ta ? K : M, p->ta ? M : K), p->ta,
               bt_mat_of(b, p->tb ? N : K, p->tb ? K : N), p->tb, p->add, scratch);
    for (size_t i = 0; i < M * N; i++) {
        far = fmax(far, fabs((double)c[i / N * stride + i % N] - want[i]));
        large = fmax(large, fabs(want[i]));
    }
    bt_release(a);
    bt_release(b);
    bt_release(c);
    bt_release(want);
    bt_release(wide_a);
    bt_release(wide_b);
    bt_release(scratch);
    return far / large;
}

static void products_of_changing_factors_equal_plain_loops(struct check *c)
{
    static const size_t sizes[][3] = {{1, 1, 1},    {2, 3, 33},  {14, 4, 32},   {15, 34, 31},
                                      {29, 33, 70}, {61, 67, 5}, {300, 515, 40}, {40, 9, 100}};
    for (size_t i = 0; i < 3 * 2 * 8; i++) {
        const bt_tile *tile = bt_tile_find(i % 2 ? BT_BFLOAT16 : BT_FLOAT32, isas[i / 2 % 3]);
        const size_t *n = sizes[i / 6];
        for (int form = 0; tile && form < 8; form++) {
            struct changing p = {tile, n[0], n[1], n[2], form & 1, form & 2, form & 4};
            double d = changing_distance(&p);
            CHECK(c, d <= TOLERANCE, "%s %s (%zu,%zu) (%zu,%zu) form %d: off by %.3g", tile->isa,
                  formats[i % 2], p.M, p.K, p.K, p.N, form, d);
        }
    }
}

static void int8_sums_are_the_same_on_every_instruction_set(struct check *c)
{
    enum { M = 9, K = 77, N = 45 };
    float *x = random_floats(M * K), *w = random_floats(K * N), *y = random_floats(3 * M * N);
    void *scratch = bt_alloc_aligned(bt_packed_scratch(K), 1);
    bt_packed packed;
    if (!scratch || bt_packed_make(&packed, BT_INT8, bt_mat_of(w, K, N), NULL, NULL) != BOLTER_OK)
        abort();
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        const bt_tile *t = bt_tile_find(BT_INT8, isas[i]);
        if (t)
            bt_packed_forward(t, &packed, y + n++ * M * N, N, x, K, M, BT_STORE, false, scratch);
    }
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < M * N; j++)
            CHECK(c, fabsf(y[j] - y[i * M * N + j]) <= 1e-6f * fabsf(y[j]), "value %zu: %.9g and %.9g",
                  j, (double)y[j], (double)y[i * M * N + j]);
    bt_packed_clear(&packed);
    bt_release(scratch);
    bt_release(x);
    bt_release(w);
    bt_release(y);
}

static void rows_and_columns_of_zeros_give_the_bias(struct check *c)
{
    float x[8] = {0}, w[8 * 2] = {0}, bias[2] = {1.5f, -2}, y[2];
    for (int precision = 0; precision < 3; precision++) {
        bt_packed packed;
        void *scratch = bt_alloc_aligned(bt_packed_scratch(8), 1);
        if (!scratch || bt_packed_make(&packed, (bt_precision)precision, bt_mat_of(w, 8, 2), bias, NULL))
            abort();
        bt_packed_forward(bt_tile_find((bt_precision)precision, NULL), &packed, y, 2, x, 8, 1, BT_STORE,
                          false, scratch);
        CHECK(c, y[0] == bias[0] && y[1] == bias[1], "%s: %g %g", formats[precision], (double)y[0],
              (double)y[1]);
        bt_packed_clear(&packed);
        bt_release(scratch);
    }
}

static void ready_int8_panels_are_used_where_they_lie(struct check *c)
{
    enum { K = 10, N = 35 };
    float *w = random_floats(K * N), *x = random_floats(K), y[N], want[N];
    int8_t *panel = bt_alloc_aligned(bt_packed_bytes(BT_INT8, K, N), 1), q[K * N];
    void *scratch = bt_alloc_aligned(bt_packed_scratch(K), 1);
    bt_packed made, ready;
    if (!panel || !scratch || bt_packed_make(&made, BT_INT8, bt_mat_of(w, K, N), NULL, NULL) != BOLTER_OK)
        abort();
    for (size_t k = 0; k < K; k++)
        for (size_t n = 0; n < N; n++)
            q[k * N + n] = (int8_t)lrintf(w[k * N + n] / made.scale[n]);
    bt_packed_order(panel, q, K, N);
    CHECK(c, bt_packed_ready(&ready, panel, made.scale, NULL, K, N, NULL) == BOLTER_OK, "refused");
    CHECK(c, ready.panel == panel, "the panels were copied");
    const bt_tile *t = bt_tile_find(BT_INT8, NULL);
    bt_packed_forward(t, &made, want, N, x, K, 1, BT_STORE, false, scratch);
    bt_packed_forward(t, &ready, y, N, x, K, 1, BT_STORE, false, scratch);
    CHECK(c, memcmp(y, want, sizeof y) == 0, "another product");
    bt_packed_clear(&made);
    bt_packed_clear(&ready);
    bt_release(panel);
    bt_release(scratch);
    bt_release(w);
    bt_release(x);
}

static void rows_are_packed_as_their_columns_are(struct check *c)
{
    enum { K = 10, N = 70 };
    float *w = random_floats(K * N), turned[N * K];
    for (size_t i = 0; i < K * N; i++)
        turned[i % N * K + i / N] = w[i];
    for (int precision = BT_FLOAT32; precision <= BT_INT8; precision++) {
        bt_packed a, b;
        bolter_status rc = bt_packed_make(&a, (bt_precision)precision, bt_mat_of(w, K, N), NULL, NULL);
        if (rc == BOLTER_OK)
            rc = bt_packed_make_rows(&b, (bt_precision)precision, bt_mat_of(turned, N, K), NULL);
        CHECK(c, rc == BOLTER_OK, "refused");
        size_t bytes = bt_packed_bytes((bt_precision)precision, K, N);
        CHECK(c, memcmp(a.panel, b.panel, bytes) == 0, "precision %d: other panels", precision);
        CHECK(c, memcmp(a.scale, b.scale, N * sizeof *a.scale) == 0, "precision %d: other scales",
              precision);
        bt_packed_clear(&a);
        bt_packed_clear(&b);
    }
    bt_release(w);
}

/* ---- Attention ---- */

static void attention_case(struct check *c, const bt_tile *t, size_t T, size_t n_q, size_t D, bool causal)
{
    size_t H = 2, C = H * D;
    float *q = random_floats(n_q * C), *kv = random_floats(T * 2 * C), *out = random_floats(n_q * C);
    bt_attention a = {.T = T, .n_q = n_q, .first = causal ? T - n_q : 0, .C = C, .H = H, .causal = causal};
    a.scratch = bt_alloc_aligned(bt_attend_scratch(T, D), sizeof(float));
    double *wide_q = bt_alloc_array(n_q * C, sizeof(double)), far = 0;
    double *wide_kv = bt_alloc_array(T * 2 * C, sizeof(double));
    double *want = bt_alloc_array(n_q * C, sizeof(double)), *lse = bt_alloc_array(H * n_q, sizeof(double));
    if (!a.scratch || !wide_q || !wide_kv || !want || !lse)
        abort();
    for (size_t i = 0; i < n_q * C; i++)
        wide_q[i] = (double)q[i];
    for (size_t i = 0; i < T * 2 * C; i++)
        wide_kv[i] = (double)kv[i];
    naive_attention(&a, want, lse, wide_q, wide_kv);
    bt_attend(t, &a, out, q, kv);
    for (size_t i = 0; i < n_q * C; i++)
        far = fmax(far, fabs((double)out[i] - want[i]));
    CHECK(c, far < 1e-5, "%s: %zu queries, %zu keys, %zu channels: off by %.3g", t->isa, n_q, T, D, far);
    if (n_q == 1 && causal) {
        bt_attend_one(&a, out, q, kv);
        far = 0;
        for (size_t i = 0; i < C; i++)
            far = fmax(far, fabs((double)out[i] - want[i]));
        CHECK(c, far < 1e-5, "one query, %zu keys, %zu channels: off by %.3g", T, D, far);
    }
    for (size_t i = 0; i < 8; i++)
        bt_release((void *[]){q, kv, out, a.scratch, wide_q, wide_kv, want, lse}[i]);
}

static void attention_on_tiles_equals_its_twin(struct check *c)
{
    static const size_t keys[] = {1, 2, 31, 33, 64, 97}, channels[] = {1, 8, 33, 64};
    for (size_t i = 0; i < 3; i++) {
        const bt_tile *t = bt_tile_find(BT_FLOAT32, isas[i]);
        for (size_t k = 0; t && k < 6; k++)
            for (size_t d = 0; d < 4; d++) {
                attention_case(c, t, keys[k], keys[k], channels[d], true);
                attention_case(c, t, keys[k], keys[k], channels[d], false);
                attention_case(c, t, keys[k], 1, channels[d], true);
            }
    }
}

static void packing_without_memory_fails_cleanly(struct check *c)
{
    float w[4] = {1, 2, 3, 4};
    bt_packed packed;
    bolter_error err = {0};
    bt_mem_fail_from(1);
    bolter_status rc = bt_packed_make(&packed, BT_FLOAT32, bt_mat_of(w, 2, 2), NULL, &err);
    bt_mem_fail_from(0);
    CHECK(c, rc == BOLTER_E_NOMEM && packed.block == NULL, "status %d", (int)rc);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(products_on_avx512_equal_plain_loops),
        CASE(products_on_avx2_equal_plain_loops),
        CASE(products_on_any_processor_equal_plain_loops),
        CASE(the_best_tile_is_found_without_a_name),
        CASE(rows_in_two_pieces_lose_next_to_nothing),
        CASE(a_scratch_for_long_rows_serves_shorter_ones),
        CASE(long_products_are_cut_without_a_seam),
        CASE(products_of_changing_factors_equal_plain_loops),
        CASE(int8_sums_are_the_same_on_every_instruction_set),
        CASE(rows_and_columns_of_zeros_give_the_bias),
        CASE(ready_int8_panels_are_used_where_they_lie),
        CASE(rows_are_packed_as_their_columns_are),
        CASE(attention_on_tiles_equals_its_twin),
        CASE(packing_without_memory_fails_cleanly),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
