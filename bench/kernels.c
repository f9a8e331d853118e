/*
 * kernels.c - what share of this core's peak the products of packed.h reach, as CSV.
 *
 *     taskset -c 0 bench-kernels [ISA [ROUNDS]]        avx512 and avx2 where they are; 5 rounds
 *
 * The peak is what the instruction of a tile does when nothing but registers feeds it. It is taken
 * anew around each product, in processor seconds, so that a machine whose clock or neighbours change
 * disturbs both alike; a share is the median of the rounds. Weights are either one matrix, which the
 * caches keep, or those of all blocks in turn, as in a forward pass. The time of a product includes
 * conversion of its rows and the bias.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/median.h"
#include "base/mem.h"
#include "base/rng.h"
#include "kern/packed.h"

enum { SHAPES = 8, HEIGHTS = 4, MAX_ROUNDS = 99, MAX_BLOCKS = 12, LARGEST_K = 3072 };

#define LEAST_SECONDS 0.01

/* The linear layers of GPT-2 124M, and of a model 384 wide; the blocks of such a model. */
static const struct shape {
    size_t K, N, blocks;
} shapes[SHAPES] = {{768, 2304, 12}, {768, 768, 12},  {768, 3072, 12}, {3072, 768, 12},
                    {384, 1152, 8},  {384, 384, 8},   {384, 1536, 8},  {1536, 384, 8}};
static const size_t heights[HEIGHTS] = {32, 128, 256, 1024};
static const char *const formats[] = {"float32", "bfloat16", "int8"};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- The peak ---- */

#ifdef __x86_64__
#define EACH_REGISTER(OP, R)                                                                       \
    OP(R, "0") OP(R, "1") OP(R, "2") OP(R, "3") OP(R, "4") OP(R, "5") OP(R, "6") OP(R, "7")        \
    OP(R, "8") OP(R, "9") OP(R, "10") OP(R, "11")
#define FMA(R, N)  "vfmadd231ps %%" R "15,%%" R "14,%%" R N "\n"
#define BF16(R, N) "vdpbf16ps %%" R "15,%%" R "14,%%" R N "\n"
#define VNNI(R, N) "vpdpbusd %%" R "15,%%" R "14,%%" R N "\n"
/* A product of words, and the addition that it needs. */
#define MADD(R, N) "vpmaddwd %%" R "15,%%" R "14,%%" R "13\nvpaddd %%" R "13,%%" R N ",%%" R N "\n"
#define RUN(OP, R)                                                                                 \
    __asm__ volatile("vzeroall\n1:\n" EACH_REGISTER(OP, R) "dec %0\njnz 1b\n"                      \
                     : "+r"(loops)                                                                 \
                     :                                                                             \
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",     \
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc")

/* Run a tile's own instruction 12 times a loop; the operations of one of them. */
static double run_peak(const bt_tile *t, long loops)
{
    bool wide = strcmp(t->isa, "avx512") == 0;
    if (wide && t->precision == BT_FLOAT32)
        RUN(FMA, "zmm");
    else if (wide && t->precision == BT_BFLOAT16)
        RUN(BF16, "zmm");
    else if (wide)
        RUN(VNNI, "zmm");
    else if (t->precision != BT_INT8)
        RUN(FMA, "ymm");
    else
        RUN(MADD, "ymm");
    static const double in_wide_lane[] = {2, 4, 8}, in_lane[] = {2, 2, 4};
    return wide ? 16 * in_wide_lane[t->precision] : 8 * in_lane[t->precision];
}
#else
static double run_peak(const bt_tile *t, long loops)
{
    (void)t, (void)loops;
    return 0;
}
#endif

/* Operations a second, in thousand millions. */
static double peak(const bt_tile *t)
{
    enum { LOOPS = 500000 };
    double begin = now(), each = run_peak(t, LOOPS);
    return each * 12 * LOOPS / (now() - begin) * 1e-9;
}

/* ---- A product ---- */

struct product {
    const bt_tile *tile;
    bt_packed w[MAX_BLOCKS];
    size_t blocks, used, next; /* how many of the weights take turns */
    float *x, *y;
    void *scratch;
};

static void *need(void *memory)
{
    if (!memory) {
        fprintf(stderr, "bench-kernels: no memory\n");
        exit(1);
    }
    return memory;
}

static float *random_values(bt_rng *rng, size_t n)
{
    float *x = need(bt_alloc_aligned(n, sizeof *x));
    for (size_t i = 0; i < n; i++)
        x[i] = (float)bt_rng_normal(rng);
    return x;
}

static void make_weights(struct product *p, const struct shape *s, bt_rng *rng)
{
    float *w = random_values(rng, s->K * s->N);
    p->blocks = s->blocks;
    for (size_t i = 0; i < s->blocks; i++)
        if (bt_packed_make(&p->w[i], p->tile->precision, bt_mat_of(w, s->K, s->N), NULL, NULL))
            need(NULL);
    bt_release(w);
}

/* Operations a second of products of M rows, in thousand millions. */
static double rate(struct product *p, size_t M)
{
    double begin = now(), seconds = 0;
    size_t n = 0;
    for (; seconds < LEAST_SECONDS || n < p->used; n++) {
        const bt_packed *w = &p->w[p->next++ % p->used];
        bt_packed_forward(p->tile, w, p->y, w->N, p->x, w->K, M, BT_STORE, false, p->scratch);
        seconds = now() - begin;
    }
    return 2.0 * (double)(n * M * p->w[0].K * p->w[0].N) / seconds * 1e-9;
}

/* With one matrix again and again, or with those of all blocks in turn. */
static void measure(struct product *p, size_t M, bool all, size_t rounds)
{
    double share[MAX_ROUNDS], got[MAX_ROUNDS], top[MAX_ROUNDS];
    p->used = all ? p->blocks : 1;
    rate(p, M);
    for (size_t i = 0; i < rounds; i++) {
        double before = peak(p->tile);
        got[i] = rate(p, M);
        top[i] = (before + peak(p->tile)) / 2;
        share[i] = top[i] > 0 ? got[i] / top[i] : 0;
    }
    printf("%s,%s,%s,%zu,%zu,%zu,%.1f,%.1f,%.3f\n", p->tile->isa, formats[p->tile->precision],
           all ? "memory" : "cache", M, p->w[0].K, p->w[0].N, median(got, rounds),
           median(top, rounds), median(share, rounds));
    fflush(stdout);
}

static void measure_isa(struct product *p, const char *isa, size_t rounds, bt_rng *rng)
{
    for (int precision = 0; precision < 3; precision++) {
        p->tile = bt_tile_find((bt_precision)precision, isa);
        for (size_t s = 0; p->tile && s < SHAPES; s++) {
            make_weights(p, &shapes[s], rng);
            for (size_t h = 0; h < 2 * HEIGHTS; h++)
                measure(p, heights[h / 2], h % 2, rounds);
            for (size_t i = 0; i < p->blocks; i++)
                bt_packed_clear(&p->w[i]);
        }
    }
}

int main(int argc, char **argv)
{
    static struct product p;
    bt_rng rng = {.seed = 5};
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 5;
    if (argc > 3 || rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: bench-kernels [ISA [ROUNDS]]\n");
        return 2;
    }
    p.x = random_values(&rng, heights[HEIGHTS - 1] * LARGEST_K);
    p.y = need(bt_alloc_aligned(heights[HEIGHTS - 1] * LARGEST_K, sizeof *p.y));
    p.scratch = need(bt_alloc_aligned(bt_packed_scratch(LARGEST_K), 1));
    printf("isa,precision,weights,M,K,N,gops,peak_gops,share\n");
    if (argc > 1)
        measure_isa(&p, argv[1], (size_t)rounds, &rng);
    for (int i = 0; argc < 2 && i < 2; i++)
        measure_isa(&p, (const char *[]){"avx512", "avx2"}[i], (size_t)rounds, &rng);
    bt_release(p.x);
    bt_release(p.y);
    bt_release(p.scratch);
    return 0;
}
