/*
 * test_kern.c - every kernel against its plain twin of naive.c on sizes around the vector and block
 * widths; the twins' backward functions against finite differences of their forward ones.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "kern/kern.h"
#include "kern/vector.h"
#include "tests/check.h"
#include "tests/unit/naive.h"

static const size_t sizes[] = {1, 3, 17, 63, 64, 65, 130};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

/* ---- Memory of one case, and random numbers ---- */

static void *held[64];
static size_t n_held;

static void *hold(size_t n, size_t size)
{
    void *p = bt_alloc_array(n, size);
    if (!p || n_held == 64)
        abort();
    return held[n_held++] = p;
}

static void drop_all(void)
{
    while (n_held > 0)
        bt_release(held[--n_held]);
}

static bt_rng rng = {.seed = 7};

static float *random_floats(size_t n)
{
    float *x = hold(n, sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)bt_rng_normal(&rng);
    return x;
}

static double *doubles(size_t n)
{
    return hold(n, sizeof(double));
}

static double *widen(const float *x, size_t n)
{
    double *wide = doubles(n);
    for (size_t i = 0; i < n; i++)
        wide[i] = (double)x[i];
    return wide;
}

static double *widen_mat(bt_mat m)
{
    double *wide = doubles(m.rows * m.cols);
    for (size_t i = 0; i < m.rows; i++)
        for (size_t j = 0; j < m.cols; j++)
            wide[i * m.cols + j] = (double)m.data[i * m.stride + j];
    return wide;
}

/* Largest |got - want| over the largest |want|; a want of zeros counts absolutely. */
static double distance(const float *got, const double *want, size_t n)
{
    double far = 0, large = 1e-30;
    for (size_t i = 0; i < n; i++) {
        far = fmax(far, isfinite(got[i]) ? fabs((double)got[i] - want[i]) : INFINITY);
        large = fmax(large, fabs(want[i]));
    }
    return large > 1e-20 ? far / large : far;
}

static void near(struct check *c, const char *what, const float *got, const double *want, size_t n,
                 double tolerance)
{
    double d = distance(got, want, n);
    CHECK(c, d <= tolerance, "%s: off by %.3g of the largest, want %.3g", what, d, tolerance);
}

/* ---- Products ---- */

static void product_case(struct check *c, const struct naive_product *p)
{
    float *a = random_floats(p->M * p->K), *b = random_floats(p->K * p->N);
    float *y = random_floats(p->M * p->N);
    double *want = widen(y, p->M * p->N);
    char what[80];
    naive_gemm(p, want, widen(a, p->M * p->K), widen(b, p->K * p->N));
    bt_mat am = p->ta ? bt_mat_of(a, p->K, p->M) : bt_mat_of(a, p->M, p->K);
    bt_mat bm = p->tb ? bt_mat_of(b, p->N, p->K) : bt_mat_of(b, p->K, p->N);
    bt_gemm(bt_mat_of(y, p->M, p->N), am, p->ta, bm, p->tb, (float)p->alpha, (float)p->beta);
    snprintf(what, sizeof what, "(%zu,%zu,%zu) %d%d beta %g", p->M, p->N, p->K, p->ta, p->tb, p->beta);
    near(c, what, y, want, p->M * p->N, 3e-6);
    drop_all();
}

static void products_equal_their_twin(struct check *c)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        for (int t = 0; t < 4; t++) {
            struct naive_product p = {sizes[i], sizes[(i + 3) % N_SIZES], sizes[(i + 5) % N_SIZES],
                                      t & 1,    t & 2,                    0.5,
                                      t == 3 ? -1 : 0};
            product_case(c, &p);
        }
    }
}

static void a_product_with_beta_0_ignores_what_was_there(struct check *c)
{
    float a = 2, b = 3, y = NAN;
    bt_gemm(bt_mat_of(&y, 1, 1), bt_mat_of(&a, 1, 1), false, bt_mat_of(&b, 1, 1), false, 1, 0);
    CHECK(c, y >= 6 && y <= 6, "got %g, want 6", (double)y);
}

static void views_write_their_columns_only(struct check *c)
{
    enum { M = 17, N = 5, K = 7, W = 23 };
    float *a = random_floats(M * W), *b = random_floats(K * W), *y = random_floats(M * W);
    double *before = widen(y, M * W), *want = doubles(M * N);
    bt_mat am = bt_mat_cols(bt_mat_of(a, M, W), 2, K), bm = bt_mat_cols(bt_mat_of(b, K, W), 4, N);
    bt_mat ym = bt_mat_cols(bt_mat_of(y, M, W), 9, N);
    naive_gemm(&(struct naive_product){M, N, K, false, false, 1, 0}, want, widen_mat(am),
               widen_mat(bm));
    bt_gemm(ym, am, false, bm, false, 1, 0);
    double *got = widen_mat(ym);
    for (size_t i = 0; i < M * N; i++)
        CHECK(c, fabs(got[i] - want[i]) < 1e-5, "value %zu: got %g, want %g", i, got[i], want[i]);
    for (size_t i = 0; i < M * W; i++)
        if (i % W < 9 || i % W >= 9 + N)
            CHECK(c, fabs((double)y[i] - before[i]) <= 0, "value %zu beside the view changed", i);
    drop_all();
}

static void a_view_of_rows_and_columns_points_there(struct check *c)
{
    float *x = random_floats(6 * 5);
    bt_mat v = bt_mat_cols(bt_mat_rows(bt_mat_of(x, 6, 5), 2, 3), 1, 2);
    CHECK(c, v.data == x + 11 && v.rows == 3 && v.cols == 2 && v.stride == 5,
          "got (%zu,%zu) stride %zu", v.rows, v.cols, v.stride);
    CHECK(c, !bt_mat_cols(bt_mat_of(NULL, 6, 5), 1, 2).data, "columns of no matrix are somewhere");
    drop_all();
}

/* ---- Linear ---- */

static void linear_case(struct check *c, size_t N, size_t I, size_t O)
{
    float *x = random_floats(N * I), *w = random_floats(I * O), *b = random_floats(O);
    float *dy = random_floats(N * O), *y = random_floats(N * O);
    float *dx = random_floats(N * I), *dw = hold(I * O, sizeof *dw), *db = hold(O, sizeof *db);
    double *x2 = widen(x, N * I), *w2 = widen(w, I * O), *dy2 = widen(dy, N * O);
    double *y2 = doubles(N * O), *dx2 = doubles(N * I), *dw2 = doubles(I * O), *db2 = doubles(O);
    bt_mat xm = bt_mat_of(x, N, I), wm = bt_mat_of(w, I, O), dym = bt_mat_of(dy, N, O);
    bt_linear_forward(NULL, bt_mat_of(y, N, O), xm, wm, b);
    naive_linear(y2, x2, w2, widen(b, O), N, I, O);
    near(c, "y", y, y2, N * O, 3e-6);
    bt_linear_backward(NULL, bt_mat_of(dx, N, I), false, bt_mat_of(dw, I, O), db, dym, xm, wm);
    naive_linear_backward(dx2, dw2, db2, dy2, x2, w2, N, I, O);
    near(c, "dx", dx, dx2, N * I, 3e-6);
    near(c, "dw", dw, dw2, I * O, 3e-6);
    near(c, "db", db, db2, O, 3e-6);
    /* Once more: parameters' gradients add up, dx too with beta 1. */
    bt_linear_backward(NULL, bt_mat_of(dx, N, I), true, bt_mat_of(dw, I, O), db, dym, xm, wm);
    for (size_t i = 0; i < N * I; i++)
        dx2[i] *= 2;
    for (size_t i = 0; i < I * O; i++)
        dw2[i] *= 2;
    for (size_t i = 0; i < O; i++)
        db2[i] *= 2;
    near(c, "dx twice", dx, dx2, N * I, 3e-6);
    near(c, "dw twice", dw, dw2, I * O, 3e-6);
    near(c, "db twice", db, db2, O, 3e-6);
    drop_all();
}

static void linear_layers_equal_their_twin(struct check *c)
{
    for (size_t i = 0; i < N_SIZES; i++)
        linear_case(c, sizes[i], sizes[(i + 2) % N_SIZES], sizes[(i + 4) % N_SIZES]);
}

static void a_linear_layer_without_a_bias_is_the_product(struct check *c)
{
    float x[2] = {1, 2}, w[2] = {3, 4}, y[1] = {99};
    bt_linear_forward(NULL, bt_mat_of(y, 1, 1), bt_mat_of(x, 1, 2), bt_mat_of(w, 2, 1), NULL);
    CHECK(c, y[0] >= 11 && y[0] <= 11, "got %g, want 11", (double)y[0]);
}

/* ---- Layer norm ---- */

static void layernorm_case(struct check *c, size_t N, size_t C)
{
    const float eps = 1e-5f;
    float *x = random_floats(N * C), *w = random_floats(C), *b = random_floats(C);
    float *dy = random_floats(N * C), *dx = random_floats(N * C), *y = hold(N * C, sizeof *y);
    float *again = hold(N * C, sizeof *again);
    float *mean = hold(N, sizeof *mean), *rstd = hold(N, sizeof *rstd);
    float *dw = hold(C, sizeof *dw), *db = hold(C, sizeof *db);
    double *x2 = widen(x, N * C), *w2 = widen(w, C), *y2 = doubles(N * C), *base = widen(dx, N * C);
    double *dx2 = doubles(N * C), *dw2 = doubles(C), *db2 = doubles(C);
    bt_layernorm_forward(y, mean, rstd, x, w, b, N, C, eps);
    naive_layernorm(y2, x2, w2, widen(b, C), N, C, (double)eps);
    near(c, "y", y, y2, N * C, 2e-6);
    bt_layernorm_again(again, mean, rstd, x, w, b, N, C);
    CHECK(c, memcmp(y, again, N * C * sizeof *y) == 0, "again gives other bits");
    bt_layernorm_backward(dx, dw, db, dy, x, mean, rstd, w, N, C);
    naive_layernorm_backward(dx2, dw2, db2, widen(dy, N * C), x2, w2, N, C, (double)eps);
    for (size_t i = 0; i < N * C; i++)
        dx2[i] += base[i]; /* the residual stream's gradient was there before */
    near(c, "dx", dx, dx2, N * C, C == 1 ? 1e-4 : 1e-5);
    near(c, "dw", dw, dw2, C, C == 1 ? 1e-4 : 1e-5);
    near(c, "db", db, db2, C, 3e-6);
    drop_all();
}

static void layer_norms_equal_their_twin(struct check *c)
{
    for (size_t i = 0; i < N_SIZES; i++)
        layernorm_case(c, sizes[(i + 3) % N_SIZES], sizes[i]);
}

static void a_layer_norm_may_overwrite_its_input(struct check *c)
{
    enum { N = 3, C = 17 };
    float *x = random_floats(N * C), *w = random_floats(C), *b = random_floats(C), y[N * C];
    float mean[N], rstd[N];
    bt_layernorm_forward(y, mean, rstd, x, w, b, N, C, 1e-5f);
    bt_layernorm_forward(x, mean, rstd, x, w, b, N, C, 1e-5f);
    CHECK(c, memcmp(x, y, sizeof y) == 0, "other bits in place");
    drop_all();
}

static void a_large_mean_does_not_drown_the_variance(struct check *c)
{
    float x[4] = {10000.0f, 10000.5f, 10001.0f, 10001.5f}, w[4] = {1, 1, 1, 1}, b[4] = {0}, y[4];
    float mean, rstd;
    bt_layernorm_forward(y, &mean, &rstd, x, w, b, 1, 4, 1e-5f);
    CHECK(c, fabs((double)y[3] - 1.3416) < 1e-3, "got %g, want 1.3416", (double)y[3]);
}

static void each_gradient_of_a_layer_norm_can_be_left_out(struct check *c)
{
    enum { N = 3, C = 17 };
    float *x = random_floats(N * C), *w = random_floats(C), *dy = random_floats(N * C);
    float mean[N] = {0}, rstd[N] = {1, 1, 1};
    float dx[3][N * C] = {{0}}, dw[3][C] = {{0}}, db[3][C] = {{0}};
    bt_layernorm_backward(dx[0], dw[0], db[0], dy, x, mean, rstd, w, N, C);
    bt_layernorm_backward(dx[1], NULL, db[1], dy, x, mean, rstd, w, N, C);
    bt_layernorm_backward(NULL, dw[2], NULL, dy, x, mean, rstd, w, N, C);
    CHECK(c, memcmp(dx[0], dx[1], sizeof dx[0]) == 0, "dx without dw differs");
    CHECK(c, memcmp(db[0], db[1], sizeof db[0]) == 0, "db without dw differs");
    CHECK(c, memcmp(dw[0], dw[2], sizeof dw[0]) == 0, "dw without dx and db differs");
    drop_all();
}

/* ---- GELU ---- */

static void gelu_and_its_slope_equal_their_twin(struct check *c)
{
    enum { N = 4001 };
    float *x = hold(N, sizeof *x), *y = hold(N, sizeof *y), *dy = random_floats(N);
    for (size_t i = 0; i < N; i++)
        x[i] = 0.005f * ((float)i - 2000);
    float *dx = hold(N, sizeof *dx);
    bt_gelu_forward(y, x, N);
    bt_gelu_backward(dx, dy, x, N);
    for (size_t i = 0; i < N; i++) {
        double want = naive_gelu((double)x[i]);
        double slope = naive_gelu_slope((double)x[i]) * (double)dy[i];
        CHECK(c, fabs((double)y[i] - want) <= 2e-6, "gelu(%g): got %.9g, want %.9g", (double)x[i],
              (double)y[i], want);
        CHECK(c, fabs((double)dx[i] - slope) <= 1e-5, "slope at %g: got %.9g, want %.9g",
              (double)x[i], (double)dx[i], slope);
    }
    bt_gelu_backward(dy, dy, x, N);
    CHECK(c, memcmp(dy, dx, N * sizeof *dx) == 0, "other bits in place");
    drop_all();
}

static void gelu_of_huge_numbers_is_finite(struct check *c)
{
    const float x[4] = {-1e6f, -200, 200, 1e6f}, want[4] = {0, 0, 200, 1e6f};
    float y[4], dy[4] = {1, 1, 1, 1}, dx[4];
    bt_gelu_forward(y, x, 4);
    bt_gelu_backward(dx, dy, x, 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK(c, fabs((double)(y[i] - want[i])) <= 1e-20, "gelu(%g): got %g", (double)x[i],
              (double)y[i]);
        CHECK(c, fabs((double)dx[i] - (i < 2 ? 0 : 1)) <= 1e-5, "slope at %g: got %g", (double)x[i],
              (double)dx[i]);
    }
}

/* ---- Attention ---- */

static void attention_case(struct check *c, bt_attention a)
{
    size_t n = a.n_q * a.C, n_kv = a.T * 2 * a.C, n_lse = a.H * a.n_q;
    float *q = random_floats(n), *kv = random_floats(n_kv), *dout = random_floats(n);
    float *out = random_floats(n), *lse = random_floats(n_lse);
    float *dq = random_floats(n), *dkv = random_floats(n_kv);
    double *q2 = widen(q, n), *kv2 = widen(kv, n_kv), *out2 = doubles(n), *lse2 = doubles(n_lse);
    double *dq2 = doubles(n), *dkv2 = doubles(n_kv);
    char what[96];
    a.scratch = hold(bt_attention_scratch(a.T), sizeof *a.scratch);
    bt_attention_forward(&a, out, lse, q, kv);
    bt_attention_backward(&a, dq, dkv, dout, out, lse, q, kv);
    naive_attention(&a, out2, lse2, q2, kv2);
    naive_attention_backward(&a, dq2, dkv2, widen(dout, n), q2, kv2);
    snprintf(what, sizeof what, "T %zu, queries %zu from %zu, C %zu, H %zu%s", a.T, a.n_q, a.first,
             a.C, a.H, a.causal ? "" : ", all keys");
    near(c, what, out, out2, n, 5e-6);
    near(c, what, lse, lse2, n_lse, 5e-6);
    near(c, what, dq, dq2, n, a.T == 1 ? 1e-4 : 2e-5); /* of one key, dq is 0 but for rounding */
    near(c, what, dkv, dkv2, n_kv, 2e-5);
    drop_all();
}

static void attention_over_whole_sequences_equals_its_twin(struct check *c)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        for (size_t H = 1; H <= 3; H++) {
            size_t T = sizes[i];
            attention_case(c, (bt_attention){.T = T, .n_q = T, .C = 5 * H, .H = H, .causal = true});
            attention_case(c, (bt_attention){.T = T, .n_q = T, .C = 5 * H, .H = H});
        }
    }
}

static void attention_of_one_query_anywhere_equals_its_twin(struct check *c)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        size_t T = sizes[i];
        const size_t first[] = {0, T / 2, T - 1};
        for (size_t k = 0; k < 3; k++) {
            attention_case(c, (bt_attention){T, 1, first[k], 12, 2, true, NULL});
            attention_case(c, (bt_attention){T, 1, first[k], 12, 2, false, NULL});
        }
    }
}

static void attention_of_the_last_queries_equals_its_twin(struct check *c)
{
    attention_case(c, (bt_attention){130, 66, 64, 8, 2, true, NULL});
    attention_case(c, (bt_attention){130, 64, 3, 8, 1, true, NULL});
    attention_case(c, (bt_attention){17, 3, 13, 8, 4, true, NULL});
}

static void attention_survives_scores_of_thousands(struct check *c)
{
    float scratch[2 * 64 * 2], q[4] = {100, 100, 100, 100}, lse[2], out[4];
    float kv[8] = {100, 100, 1, 2, -100, -100, 3, 4}; /* (T,2C): k0, v0, k1, v1 */
    bt_attention a = {2, 2, 0, 2, 1, true, scratch};
    bt_attention_forward(&a, out, lse, q, kv);
    CHECK(c, fabs((double)out[2] - 1) < 1e-6 && fabs((double)out[3] - 2) < 1e-6,
          "got (%g, %g), want (1, 2)", (double)out[2], (double)out[3]);
}

/*
 * With W_k and W_v the identity a folded query is attention of one query whose keys and values are the
 * rows themselves, head by head; its scale is that of C channels where the fold has C / H.
 */
static void folded_head(struct check *c, const bt_folded *f, size_t h, const float *z,
                        const float *du, const float *dz, double *dn)
{
    size_t T = f->T, C = f->C;
    bt_attention a = {.T = T, .n_q = 1, .first = T - 1, .C = C, .H = 1, .causal = true};
    double *q = doubles(C), *kv = doubles(2 * T * C), *out = doubles(C), *lse = doubles(1);
    double *dq = doubles(C), *dkv = doubles(2 * T * C), grow = sqrt((double)f->H);
    for (size_t i = 0; i < C; i++)
        q[i] = grow * (double)f->u[h * C + i];
    for (size_t i = 0; i < T * C; i++)
        kv[i / C * 2 * C + i % C] = kv[i / C * 2 * C + C + i % C] = (double)f->n[i];
    naive_attention(&a, out, lse, q, kv);
    naive_attention_backward(&a, dq, dkv, widen(dz + h * C, C), q, kv);
    for (size_t i = 0; i < C; i++)
        dq[i] *= grow;
    for (size_t i = 0; i < T * C; i++)
        dn[i] += dkv[i / C * 2 * C + i % C] + dkv[i / C * 2 * C + C + i % C];
    near(c, "folded z", z + h * C, out, C, 5e-6);
    near(c, "folded du", du + h * C, dq, C, T == 1 ? 1e-4 : 2e-5);
}

static void a_folded_query_equals_attention_over_its_rows(struct check *c)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        for (size_t H = 1; H <= 3; H++) {
            size_t T = sizes[i], C = 5 * H;
            float *n = random_floats(T * C), *u = random_floats(H * C), *dz = random_floats(H * C);
            float *p = random_floats(H * T), *ds = random_floats(H * T), *z = random_floats(H * C);
            float *du = random_floats(H * C), *dn = random_floats(T * C);
            double *dn2 = widen(dn, T * C); /* what is there is added to */
            bt_folded f = {T, C, H, n, u, p};
            bt_folded_forward(&f, z);
            bt_folded_backward(&f, du, dn, ds, dz);
            for (size_t h = 0; h < H; h++)
                folded_head(c, &f, h, z, du, dz, dn2);
            near(c, "folded dn", dn, dn2, T * C, 2e-5);
            drop_all();
        }
    }
}

/* ---- Exponentials and cross-entropy ---- */

static void expf_is_within_3e_7_of_e_to_the_x(struct check *c)
{
    double worst = 0;
    float at = 0;
    for (long i = -870000; i <= 880000; i++) {
        float x = (float)i * 1e-4f + 1e-5f * (float)(i % 7);
        double want = exp((double)x), off = fabs((double)bt_expf(x) - want) / want;
        if (off > worst) {
            worst = off;
            at = x;
        }
    }
    CHECK(c, worst <= 3e-7, "off by %.3g at %.9g", worst, (double)at);
}

static void expf_is_clamped_and_keeps_nan(struct check *c)
{
    CHECK(c, bt_expf(0) >= 1 && bt_expf(0) <= 1, "e^0 is %.9g", (double)bt_expf(0));
    CHECK(c, bt_expf(-1e30f) > 0 && bt_expf(-1e30f) < 1.3e-38f, "got %g", (double)bt_expf(-1e30f));
    CHECK(c, bt_expf(-INFINITY) < 1.3e-38f, "got %g", (double)bt_expf(-INFINITY));
    CHECK(c, isfinite(bt_expf(1e30f)) && bt_expf(1e30f) > 2e38f, "got %g", (double)bt_expf(1e30f));
    CHECK(c, isnan(bt_expf(NAN)), "got %g, want NaN", (double)bt_expf(NAN));
}

static void sums_of_exponentials_equal_their_twin(struct check *c)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        size_t n = sizes[i];
        float *x = random_floats(n), *y = random_floats(n);
        double want = 0, largest = -INFINITY;
        for (size_t k = 0; k < n; k++) {
            want += exp((double)x[k] - 0.25);
            largest = fmax(largest, (double)x[k]);
        }
        CHECK(c, fabs((double)bt_max(x, n) - largest) <= 0, "n %zu: maximum %g, want %g", n,
              (double)bt_max(x, n), largest);
        double got = (double)bt_exp_sum(y, x, 0.25f, n);
        CHECK(c, fabs(got / want - 1) <= 1e-6, "n %zu: sum %.9g, want %.9g", n, got, want);
        for (size_t k = 0; k < n; k++)
            CHECK(c, fabs((double)y[k] / exp((double)x[k] - 0.25) - 1) <= 5e-7, "n %zu: value %zu", n,
                  k);
        float again = bt_exp_sum(x, x, 0.25f, n);
        CHECK(c, memcmp(x, y, n * sizeof *x) == 0 && fabs((double)again - got) <= 0,
              "n %zu: other bits in place", n);
        drop_all();
    }
}

static void cross_entropy_equals_its_twin(struct check *c)
{
    for (size_t i = 1; i < N_SIZES; i++) {
        size_t n = sizes[i], label = n / 2;
        float *x = random_floats(n), *dx = random_floats(n);
        double *x2 = widen(x, n), *dx2 = doubles(n);
        double got = bt_xent(dx, x, n, label, 0.125), want = naive_xent(dx2, x2, n, label, 0.125);
        CHECK(c, fabs(got - want) <= 1e-12 * want, "n %zu: %.17g, want %.17g", n, got, want);
        near(c, "gradient", dx, dx2, n, 1e-7);
        bt_xent(x, x, n, label, 0.125);
        CHECK(c, memcmp(x, dx, n * sizeof *x) == 0, "n %zu: other bits in place", n);
        drop_all();
    }
}

static void cross_entropy_of_far_apart_logits_is_their_distance(struct check *c)
{
    const float x[2] = {-3e4f, 3e4f};
    double loss = bt_xent(NULL, x, 2, 0, 1);
    CHECK(c, fabs(loss - 6e4) < 1e-9, "got %.17g, want 60000", loss);
    const float bad[2] = {NAN, 1};
    CHECK(c, isnan(bt_xent(NULL, bad, 2, 1, 1)), "NaN gave a number");
}

/* ---- The optimiser ---- */

static void adamw_equals_its_twin_over_steps(struct check *c)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        size_t n = sizes[i];
        float *p = random_floats(n), *m = hold(n, sizeof *m), *v = hold(n, sizeof *v);
        double *p2 = widen(p, n), *m2 = doubles(n), *v2 = doubles(n);
        bt_adamw o = {1e-2f, 0.9f, 0.999f, 1e-8f, 0.1f, 0, 0.5f};
        for (o.step = 1; o.step <= 20; o.step++) {
            float *g = random_floats(n);
            bt_adamw_update(p, g, m, v, n, &o);
            naive_adamw(p2, widen(g, n), m2, v2, n, &o);
        }
        near(c, "parameters", p, p2, n, 1e-5);
        near(c, "first moments", m, m2, n, 1e-5);
        near(c, "second moments", v, v2, n, 1e-5);
        drop_all();
    }
}

/* Row 1 never has a gradient, row 2 has none from the second step on. */
static void adamw_by_rows_gives_the_same_bits(struct check *c)
{
    enum { ROWS = 4, COLS = 9, ALL = ROWS * COLS };
    for (size_t decays = 0; decays < 2; decays++) {
        float *p = random_floats(ALL), *q = hold(ALL, sizeof *q), *g = random_floats(ALL);
        float m[ALL] = {0}, v[ALL] = {0}, m2[ALL] = {0}, v2[ALL] = {0};
        bt_adamw o = {1e-2f, 0.9f, 0.999f, 1e-8f, decays ? 0.1f : 0, 0, 0.5f};
        memcpy(q, p, ALL * sizeof *q);
        memset(g + COLS, 0, COLS * sizeof *g);
        for (o.step = 1; o.step < 5; o.step++) {
            for (size_t i = 0; i < ALL; i += COLS)
                bt_adamw_update(p + i, g + i, m + i, v + i, COLS, &o);
            bt_adamw_update_rows(q, g, m2, v2, ROWS, COLS, &o);
            memset(g + 2 * COLS, 0, COLS * sizeof *g);
        }
        CHECK(c, memcmp(p, q, ALL * sizeof *p) == 0, "other values");
        CHECK(c, memcmp(m, m2, sizeof m) == 0 && memcmp(v, v2, sizeof v) == 0, "other moments");
        drop_all();
    }
}

static void sums_of_squares_and_of_vectors_are_right(struct check *c)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        size_t n = sizes[i];
        float *x = random_floats(n), *y = random_floats(n);
        double want = 0, *sum = widen(y, n);
        for (size_t k = 0; k < n; k++) {
            want += (double)x[k] * (double)x[k];
            sum[k] += (double)x[k];
        }
        double got = bt_sum_squares(x, n);
        CHECK(c, fabs(got - want) <= 1e-12 * want, "n %zu: %.17g, want %.17g", n, got, want);
        bt_add(y, x, n);
        near(c, "sum", y, sum, n, 1e-7);
        drop_all();
    }
    CHECK(c, bt_sum_squares(NULL, 0) <= 0, "the sum of nothing is not 0");
}

/* ---- The twins themselves: backward against finite differences of forward ---- */

struct slope {
    double (*loss)(const struct slope *s);
    double *x[3];
    size_t n[3];
    const double *weight; /* of the outputs in the loss */
    double *out, *extra;
    size_t N, I, O;
    bt_attention a;
};

static double weighted(const struct slope *s, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += s->weight[i] * s->out[i];
    return sum;
}

static void check_slopes(struct check *c, struct slope *s, double *const *gradient)
{
    const double h = 1e-5;
    for (size_t k = 0; k < 3 && s->x[k]; k++) {
        for (size_t i = 0; i < s->n[k]; i++) {
            double kept = s->x[k][i];
            s->x[k][i] = kept + h;
            double above = s->loss(s);
            s->x[k][i] = kept - h;
            double below = s->loss(s);
            s->x[k][i] = kept;
            double want = (above - below) / (2 * h), got = gradient[k][i];
            CHECK(c, fabs(got - want) <= 1e-7 * (1 + fabs(want)), "input %zu, %zu: got %.9g, want %.9g",
                  k, i, got, want);
        }
    }
}

static double *random_doubles(size_t n)
{
    return widen(random_floats(n), n);
}

static double linear_loss(const struct slope *s)
{
    naive_linear(s->out, s->x[0], s->x[1], s->x[2], s->N, s->I, s->O);
    return weighted(s, s->N * s->O);
}

static void slopes_of_the_linear_twin_are_right(struct check *c)
{
    enum { N = 3, I = 5, O = 4 };
    struct slope s = {linear_loss, {random_doubles(N * I), random_doubles(I * O), random_doubles(O)},
                      {N * I, I * O, O}, random_doubles(N * O), doubles(N * O), NULL, N, I, O, {0}};
    double *g[3] = {doubles(N * I), doubles(I * O), doubles(O)};
    naive_linear_backward(g[0], g[1], g[2], s.weight, s.x[0], s.x[1], N, I, O);
    check_slopes(c, &s, g);
    drop_all();
}

static double layernorm_loss(const struct slope *s)
{
    naive_layernorm(s->out, s->x[0], s->x[1], s->x[2], s->N, s->I, 1e-5);
    return weighted(s, s->N * s->I);
}

static void slopes_of_the_layer_norm_twin_are_right(struct check *c)
{
    enum { N = 3, C = 7 };
    struct slope s = {layernorm_loss, {random_doubles(N * C), random_doubles(C), random_doubles(C)},
                      {N * C, C, C}, random_doubles(N * C), doubles(N * C), NULL, N, C, 0, {0}};
    double *g[3] = {doubles(N * C), doubles(C), doubles(C)};
    naive_layernorm_backward(g[0], g[1], g[2], s.weight, s.x[0], s.x[1], N, C, 1e-5);
    check_slopes(c, &s, g);
    drop_all();
}

static double attention_loss(const struct slope *s)
{
    naive_attention(&s->a, s->out, s->extra, s->x[0], s->x[1]);
    return weighted(s, s->a.n_q * s->a.C);
}

static void attention_slopes(struct check *c, bt_attention a)
{
    size_t n = a.n_q * a.C, n_kv = a.T * 2 * a.C;
    struct slope s = {attention_loss, {random_doubles(n), random_doubles(n_kv), NULL}, {n, n_kv, 0},
                      random_doubles(n), doubles(n), doubles(a.H * a.n_q), 0, 0, 0, a};
    double *g[3] = {doubles(n), doubles(n_kv), NULL};
    naive_attention_backward(&a, g[0], g[1], s.weight, s.x[0], s.x[1]);
    check_slopes(c, &s, g);
    drop_all();
}

static void slopes_of_the_attention_twin_are_right(struct check *c)
{
    attention_slopes(c, (bt_attention){5, 5, 0, 6, 2, true, NULL});
    attention_slopes(c, (bt_attention){5, 5, 0, 6, 3, false, NULL});
    attention_slopes(c, (bt_attention){5, 1, 2, 6, 2, true, NULL});
}

static double gelu_loss(const struct slope *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->N; i++)
        sum += s->weight[i] * naive_gelu(s->x[0][i]);
    return sum;
}

static double xent_loss(const struct slope *s)
{
    return naive_xent(NULL, s->x[0], s->N, 1, 1);
}

static void slopes_of_the_gelu_and_cross_entropy_twins_are_right(struct check *c)
{
    enum { N = 9 };
    struct slope s = {gelu_loss, {random_doubles(N), NULL, NULL}, {N, 0, 0}, random_doubles(N), NULL,
                      NULL, N, 0, 0, {0}};
    double *g[3] = {doubles(N), NULL, NULL};
    for (size_t i = 0; i < N; i++)
        g[0][i] = s.weight[i] * naive_gelu_slope(s.x[0][i]);
    check_slopes(c, &s, g);
    s.loss = xent_loss;
    naive_xent(g[0], s.x[0], N, 1, 1);
    check_slopes(c, &s, g);
    drop_all();
}

static void cross_entropy_of_a_vocabulary_equals_its_twin(struct check *c)
{
    static const size_t vocab[] = {1, 2, 15, 16, 17, 1000, 50257};
    bt_rng random = {.seed = 12};
    for (size_t i = 0; i < sizeof vocab / sizeof *vocab; i++) {
        size_t n = vocab[i], label = n / 3;
        float *x = bt_alloc_array(n, sizeof *x);
        double *wide = bt_alloc_array(n, sizeof *wide), *want = bt_alloc_array(n, sizeof *want), far = 0;
        for (size_t k = 0; k < n; k++)
            wide[k] = (double)(x[k] = 5 * (float)bt_rng_normal(&random));
        double loss = naive_xent(want, wide, n, label, 0.25), got = bt_xent_long(x, n, label, 0.25);
        CHECK(c, fabs(got - loss) <= 1e-5 * (1 + loss), "%zu: loss %.9g, want %.9g", n, got, loss);
        for (size_t k = 0; k < n; k++)
            far = fmax(far, fabs((double)x[k] - want[k]));
        CHECK(c, far <= 1e-6, "%zu: gradient off by %.3g", n, far);
        bt_release(x);
        bt_release(wide);
        bt_release(want);
    }
}

int main(void)
{
    bolter_error err = {0};
    if (bt_gemm_open(&err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    static const struct check_case cases[] = {
        CASE(products_equal_their_twin),
        CASE(a_product_with_beta_0_ignores_what_was_there),
        CASE(views_write_their_columns_only),
        CASE(a_view_of_rows_and_columns_points_there),
        CASE(linear_layers_equal_their_twin),
        CASE(a_linear_layer_without_a_bias_is_the_product),
        CASE(layer_norms_equal_their_twin),
        CASE(a_layer_norm_may_overwrite_its_input),
        CASE(a_large_mean_does_not_drown_the_variance),
        CASE(each_gradient_of_a_layer_norm_can_be_left_out),
        CASE(gelu_and_its_slope_equal_their_twin),
        CASE(gelu_of_huge_numbers_is_finite),
        CASE(attention_over_whole_sequences_equals_its_twin),
        CASE(attention_of_one_query_anywhere_equals_its_twin),
        CASE(attention_of_the_last_queries_equals_its_twin),
        CASE(attention_survives_scores_of_thousands),
        CASE(a_folded_query_equals_attention_over_its_rows),
        CASE(expf_is_within_3e_7_of_e_to_the_x),
        CASE(expf_is_clamped_and_keeps_nan),
        CASE(sums_of_exponentials_equal_their_twin),
        CASE(cross_entropy_equals_its_twin),
        CASE(cross_entropy_of_far_apart_logits_is_their_distance),
        CASE(adamw_equals_its_twin_over_steps),
        CASE(adamw_by_rows_gives_the_same_bits),
        CASE(sums_of_squares_and_of_vectors_are_right),
        CASE(slopes_of_the_linear_twin_are_right),
        CASE(slopes_of_the_layer_norm_twin_are_right),
        CASE(slopes_of_the_attention_twin_are_right),
        CASE(slopes_of_the_gelu_and_cross_entropy_twins_are_right),
        CASE(cross_entropy_of_a_vocabulary_equals_its_twin),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
