/* test_next_token.c - the loss of next tokens over a vocabulary of several pieces, against plain sums. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "kern/kern.h"
#include "kern/packed.h"
#include "model/next_token.h"
#include "tests/check.h"

enum { V = 5003, C = 21, N = 90 }; /* two pieces of 2,048 rows of the head, and a part of one */

/* Operands, and what a float32 or a plain sum makes of them. */
struct problem {
    float *head, *hidden, *dhead, *dhidden;
    int32_t target[N];
};

static float *values(bt_rng *rng, size_t n, double size)
{
    float *x = bt_alloc_array(n, sizeof *x);
    if (!x)
        abort();
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(size * (bt_rng_uniform(rng) - 0.5));
    return x;
}

static struct problem problem_open(void)
{
    bt_rng rng = {.seed = 5};
    struct problem p = {.head = values(&rng, V * C, 2), .hidden = values(&rng, N * C, 4)};
    p.dhead = values(&rng, V * C, 0);
    p.dhidden = values(&rng, N * C, 1);
    for (size_t i = 0; i < N; i++)
        p.target[i] = i % 9 == 4 ? -1 : (int32_t)bt_rng_below(&rng, V);
    return p;
}

static void problem_close(struct problem *p)
{
    bt_release(p->head);
    bt_release(p->hidden);
    bt_release(p->dhead);
    bt_release(p->dhidden);
}

static bt_next_token_result run(struct problem *p, const bt_tile *tile, size_t rows_at_a_time)
{
    bt_next_token t;
    if (bt_next_token_init(&t, V, C, rows_at_a_time, tile != NULL, NULL) != BOLTER_OK)
        abort();
    const bt_next_token_rows rows = {p->head, p->hidden, p->target, N, 0.25, tile, p->dhidden, p->dhead};
    bt_next_token_result result = bt_next_token_loss(&t, &rows);
    bt_next_token_clear(&t);
    return result;
}

/* Loss of row i; its gradients are added to dhidden (C) and dhead (V,C). */
static double plain_row(const struct problem *p, size_t i, double *dhidden, double *dhead)
{
    static double e[V];
    double sum = 0, right = 0;
    for (size_t v = 0; v < V; v++) {
        double logit = 0;
        for (size_t c = 0; c < C; c++)
            logit += (double)p->head[v * C + c] * (double)p->hidden[i * C + c];
        right = v == (size_t)p->target[i] ? logit : right;
        sum += e[v] = exp(logit);
    }
    for (size_t v = 0; v < V; v++) {
        double g = 0.25 * (e[v] / sum - (v == (size_t)p->target[i]));
        for (size_t c = 0; c < C; c++) {
            dhidden[c] += g * (double)p->head[v * C + c];
            dhead[v * C + c] += g * (double)p->hidden[i * C + c];
        }
    }
    return 0.25 * (log(sum) - right);
}

/* The loss; gradients where there is room for them. */
static double plain(const struct problem *p, double *dhidden, double *dhead)
{
    double loss = 0;
    memset(dhidden, 0, N * C * sizeof *dhidden);
    memset(dhead, 0, V * C * sizeof *dhead);
    for (size_t i = 0; i < N; i++)
        if (p->target[i] >= 0)
            loss += plain_row(p, i, dhidden + i * C, dhead);
    return loss;
}

/* How far x is from what is wanted, as a share of its length. */
static double distance(const float *x, const double *want, size_t n)
{
    double off = 0, length = 0;
    for (size_t i = 0; i < n; i++) {
        off += pow((double)x[i] - want[i], 2);
        length += want[i] * want[i];
    }
    return sqrt(off / length);
}

static void compare(struct check *c, const char *name, const bt_tile *tile, size_t rows, double allowed)
{
    static double dhidden[N * C], dhead[V * C];
    struct problem p = problem_open();
    double want = plain(&p, dhidden, dhead), got = run(&p, tile, rows).loss;
    CHECK(c, fabs(got - want) <= allowed * want, "%s, %zu rows: loss %.9g, expected %.9g", name, rows,
          got, want);
    double hidden = distance(p.dhidden, dhidden, N * C), head = distance(p.dhead, dhead, V * C);
    CHECK(c, hidden <= allowed && head <= allowed, "%s, %zu rows: off by %.3g and %.3g", name, rows,
          hidden, head);
    problem_close(&p);
}

static void the_blas_agrees_with_plain_sums(struct check *c)
{
    compare(c, "BLAS", NULL, N, 1e-5);
    compare(c, "BLAS", NULL, 7, 1e-5);
}

static void tiles_agree_with_plain_sums_over_several_pieces(struct check *c)
{
    compare(c, "float32", bt_tile_find(BT_FLOAT32, NULL), N, 1e-5);
    compare(c, "float32", bt_tile_find(BT_FLOAT32, "portable"), 33, 1e-5);
}

/* Eight bits of a factor. */
static void a_tile_of_bfloat16_is_a_hundredth_off_at_most(struct check *c)
{
    compare(c, "bfloat16", bt_tile_find(BT_BFLOAT16, NULL), N, 0.01);
    compare(c, "bfloat16", bt_tile_find(BT_BFLOAT16, "portable"), 40, 0.01);
}

static void rows_without_a_target_neither_count_nor_learn(struct check *c)
{
    struct problem p = problem_open();
    for (size_t i = 0; i < N; i++)
        p.target[i] = -1;
    bt_next_token_result r = run(&p, bt_tile_find(BT_BFLOAT16, NULL), N);
    CHECK(c, r.loss == 0 && r.n_right == 0, "loss %g, %llu right", r.loss, (unsigned long long)r.n_right);
    for (size_t i = 0; i < N * C; i++)
        CHECK(c, p.dhidden[i] == 0, "gradient %zu is %g", i, (double)p.dhidden[i]);
    problem_close(&p);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(the_blas_agrees_with_plain_sums),
        CASE(tiles_agree_with_plain_sums_over_several_pieces),
        CASE(a_tile_of_bfloat16_is_a_hundredth_off_at_most),
        CASE(rows_without_a_target_neither_count_nor_learn),
    };
    if (bt_gemm_open(NULL) != BOLTER_OK)
        return 99;
    return check_main(cases, sizeof cases / sizeof *cases);
}
