/*
 * test_grad.c - the whole network: forward against a plain one in double precision made of naive.c's
 * kernels, backward against finite differences of that.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "kern/int8.h"
#include "kern/packed.h"
#include "model/gpt2.h"
#include "model/next_token.h"
#include "tests/check.h"
#include "tests/unit/naive.h"
#include "tests/unit/tiny.h"

enum { N_SEQS = 6, N_LABEL = 3 };
static const int32_t labels[N_SEQS] = {0, 2, 1, 1, 0, 2};

/* Of a language model: the first row of each sequence whose next token counts. */
static const size_t counts_from[N_SEQS] = {0, 0, 1, 0, 3, 5};

static double *doubles(size_t n)
{
    double *x = bt_alloc_array(n, sizeof *x);
    if (!x)
        abort();
    return x;
}

/* ---- The plain network ---- */

struct plain {
    bt_config cfg;
    bt_params params;
    double *block;
    bool causal;
};

static const double *weight(const struct plain *p, size_t index)
{
    return p->block + p->params.row[index].offset;
}

/* y += f(x) of one block, for T tokens. */
static void plain_block(const struct plain *p, size_t block, double *x, size_t T)
{
    size_t C = p->cfg.n_embd, I = p->cfg.n_inner, first = bt_block_index(block, BT_LN1_W);
    double eps = (double)p->cfg.eps;
    double *norm = doubles(T * C), *qkv = doubles(T * 3 * C), *q = doubles(T * C);
    double *kv = doubles(T * 2 * C), *out = doubles(T * C), *fc = doubles(T * I);
    double *lse = doubles(T * p->cfg.n_head);
    naive_layernorm(norm, x, weight(p, first + BT_LN1_W), weight(p, first + BT_LN1_B), T, C, eps);
    naive_linear(qkv, norm, weight(p, first + BT_QKV_W), weight(p, first + BT_QKV_B), T, C, 3 * C);
    for (size_t t = 0; t < T; t++) {
        memcpy(q + t * C, qkv + t * 3 * C, C * sizeof *q);
        memcpy(kv + t * 2 * C, qkv + t * 3 * C + C, 2 * C * sizeof *q);
    }
    bt_attention a = {T, T, 0, C, p->cfg.n_head, p->causal, NULL};
    naive_attention(&a, out, lse, q, kv);
    naive_linear(norm, out, weight(p, first + BT_PROJ_W), weight(p, first + BT_PROJ_B), T, C, C);
    for (size_t i = 0; i < T * C; i++)
        x[i] += norm[i];
    naive_layernorm(norm, x, weight(p, first + BT_LN2_W), weight(p, first + BT_LN2_B), T, C, eps);
    naive_linear(fc, norm, weight(p, first + BT_FC_W), weight(p, first + BT_FC_B), T, C, I);
    for (size_t i = 0; i < T * I; i++)
        fc[i] = naive_gelu(fc[i]);
    naive_linear(norm, fc, weight(p, first + BT_OUT_W), weight(p, first + BT_OUT_B), T, I, C);
    for (size_t i = 0; i < T * C; i++)
        x[i] += norm[i];
    double *all[] = {norm, qkv, q, kv, out, fc, lse};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        bt_release(all[i]);
}

/* hidden (C) that the head reads of one sequence; (T,C) where all are read. */
static void plain_hidden(const struct plain *p, const bolter_seq *seq, bt_read read, double *hidden)
{
    size_t C = p->cfg.n_embd, T = seq->n, last = bt_last_index(&p->cfg, BT_LNF_W);
    double *x = doubles(T * C), *y = doubles(T * C);
    for (size_t t = 0; t < T; t++)
        for (size_t i = 0; i < C; i++)
            x[t * C + i] = weight(p, BT_WTE)[(size_t)seq->ids[t] * C + i] +
                           weight(p, BT_WPE)[t * C + i];
    for (size_t l = 0; l < p->cfg.n_layer; l++)
        plain_block(p, l, x, T);
    naive_layernorm(y, x, weight(p, last + BT_LNF_W), weight(p, last + BT_LNF_B), T, C,
                    (double)p->cfg.eps);
    if (read == BT_READ_ALL)
        memcpy(hidden, y, T * C * sizeof *y);
    for (size_t i = 0; read != BT_READ_ALL && i < C; i++) {
        hidden[i] = 0;
        for (size_t t = 0; t < T; t++)
            if (read == BT_READ_MEAN)
                hidden[i] += y[t * C + i] / (double)T;
            else if (t == (read == BT_READ_LAST ? T - 1 : 0))
                hidden[i] = y[t * C + i];
    }
    bt_release(x);
    bt_release(y);
}

/* Mean cross-entropy of the next tokens that count. */
static double plain_next_loss(const struct plain *p, const bolter_seq *seqs)
{
    size_t C = p->cfg.n_embd, V = p->cfg.n_vocab, n = 0;
    double *hidden = doubles(32 * C), *row = doubles(V), loss = 0;
    for (size_t s = 1; s < N_SEQS; s++) {
        const bolter_seq inputs = {.ids = seqs[s].ids, .n = seqs[s].n - 1};
        plain_hidden(p, &inputs, BT_READ_ALL, hidden);
        for (size_t t = counts_from[s]; t < inputs.n; t++, n++) {
            naive_gemm(&(struct naive_product){1, V, C, false, true, 1, 0}, row, hidden + t * C,
                       weight(p, bt_vocabulary_index(&p->cfg)));
            loss += naive_xent(NULL, row, V, (size_t)seqs[s].ids[t + 1], 1);
        }
    }
    bt_release(hidden);
    bt_release(row);
    return loss / (double)n;
}

/* Mean cross-entropy of the batch; logits (N_SEQS, N_LABEL) may be NULL. */
static double plain_loss(const struct plain *p, const bolter_seq *seqs, bt_read read, double *logits)
{
    size_t C = p->cfg.n_embd;
    if (read == BT_READ_ALL)
        return plain_next_loss(p, seqs);
    double *hidden = doubles(C), row[N_LABEL], loss = 0;
    for (size_t s = 0; s < N_SEQS; s++) {
        plain_hidden(p, &seqs[s], read, hidden);
        naive_gemm(&(struct naive_product){1, N_LABEL, C, false, true, 1, 0}, row, hidden,
                   weight(p, bt_last_index(&p->cfg, BT_SCORE)));
        for (size_t k = 0; p->cfg.head_bias && k < N_LABEL; k++)
            row[k] += weight(p, bt_last_index(&p->cfg, BT_SCORE_BIAS))[k];
        if (logits)
            memcpy(logits + s * N_LABEL, row, sizeof row);
        loss += naive_xent(NULL, row, N_LABEL, (size_t)labels[s], 1) / N_SEQS;
    }
    bt_release(hidden);
    return loss;
}

/* ---- The comparison ---- */

struct both {
    const bt_tile *tile; /* of our network; NULL: the BLAS */
    tiny t;
    struct plain plain;
    bolter_seq *seqs;
    bt_run *run;
    float *gradients, **g;
    float logits[N_SEQS * N_LABEL];
};

static void open_shape(struct both *b, const bt_config *cfg, bool causal)
{
    bolter_error err = {0};
    *b = (struct both){.seqs = tiny_seqs(N_SEQS, 13, 3)};
    tiny_init(&b->t, cfg, 11);
    b->plain = (struct plain){*cfg, b->t.params, doubles(b->t.params.n_values), causal};
    for (size_t i = 0; i < b->t.params.n_values; i++)
        b->plain.block[i] = (double)b->t.block[i];
    b->gradients = bt_alloc_array(b->t.params.n_values, sizeof *b->gradients);
    b->g = bt_alloc_array(b->t.params.n, sizeof *b->g);
    bt_run_size size = {.max_tok = 64, .max_seqs = N_SEQS, .keep = true, .tiled = true};
    if (bt_run_open(&b->run, cfg, &size, &err) != BOLTER_OK || !b->gradients || !b->g)
        abort();
    for (size_t i = 0; i < b->t.params.n; i++)
        b->g[i] = b->gradients + b->t.params.row[i].offset;
}

/* A classifier whose head has a bias. */
static void open_both(struct both *b, size_t n_layer, bool causal)
{
    bt_config cfg = tiny_config(n_layer, N_LABEL);
    cfg.head_bias = true;
    open_shape(b, &cfg, causal);
}

static void open_language_model(struct both *b, bool untied)
{
    bt_config cfg = tiny_config(2, 0);
    cfg.untied = untied;
    open_shape(b, &cfg, true);
}

static void close_both(struct both *b)
{
    bt_run_free(b->run);
    bt_release(b->gradients);
    bt_release(b->g);
    bt_release(b->plain.block);
    tiny_clear(&b->t);
    tiny_free_seqs(b->seqs, N_SEQS);
}

/* Forward and, where b->g says so, backward of our network. */
static void run_ours(struct both *b, bt_read read)
{
    bt_net net = {.cfg = b->t.cfg, .w = (const float *const *)b->t.w, .tile = b->tile};
    bt_batch batch = {b->seqs, N_SEQS, read, b->plain.causal};
    float d[N_SEQS * N_LABEL];
    bt_gpt2_forward(b->run, &net, &batch);
    bt_head_forward(b->run, &net, &batch, b->logits);
    for (size_t s = 0; s < N_SEQS; s++)
        bt_xent(d + s * N_LABEL, b->logits + s * N_LABEL, N_LABEL, (size_t)labels[s], 1.0 / N_SEQS);
    memset(b->gradients, 0, b->t.params.n_values * sizeof *b->gradients);
    bt_gpt2_backward(b->run, &net, &batch, d, b->g);
}

static void compare_logits(struct check *c, const struct both *b, bt_read read)
{
    double want[N_SEQS * N_LABEL];
    plain_loss(&b->plain, b->seqs, read, want);
    for (size_t i = 0; i < N_SEQS * N_LABEL; i++)
        CHECK(c, fabs((double)b->logits[i] - want[i]) <= 2e-5 * (1 + fabs(want[i])),
              "read %d: logit %zu: got %.9g, want %.9g", (int)read, i, (double)b->logits[i], want[i]);
}

/* A sample of entries of one tensor: about 12, and of the embeddings rows that the batch uses. */
static void compare_tensor(struct check *c, struct both *b, bt_read read, size_t index)
{
    const bt_param *p = &b->t.params.row[index];
    const double h = 1e-5;
    size_t n = bt_param_size(p), step = n > 12 ? n / 12 : 1;
    for (size_t k = 0; k < n; k += step) {
        size_t at = k;
        if (index == BT_WTE)
            at = (size_t)b->seqs[k / step % N_SEQS].ids[0] * p->cols + k % p->cols;
        if (index == BT_WPE)
            at = k % (13 * p->cols);
        double *x = &b->plain.block[p->offset + at], kept = *x;
        *x = kept + h;
        double above = plain_loss(&b->plain, b->seqs, read, NULL);
        *x = kept - h;
        double below = plain_loss(&b->plain, b->seqs, read, NULL);
        *x = kept;
        double want = (above - below) / (2 * h), got = (double)b->g[index][at];
        CHECK(c, fabs(got - want) <= 2e-6 + 1e-4 * fabs(want),
              "read %d: %s[%zu]: got %.9g, want %.9g", (int)read, p->name, at, got, want);
    }
}

static void compare_on(struct check *c, const bt_tile *tile, size_t n_layer, bt_read read, bool causal)
{
    struct both b;
    open_both(&b, n_layer, causal);
    b.tile = tile;
    run_ours(&b, read);
    compare_logits(c, &b, read);
    for (size_t i = 0; i < b.t.params.n; i++)
        compare_tensor(c, &b, read, i);
    close_both(&b);
}

static void compare_all(struct check *c, size_t n_layer, bt_read read, bool causal)
{
    compare_on(c, NULL, n_layer, read, causal);
}

static void gradients_read_at_the_last_token_are_right(struct check *c)
{
    compare_all(c, 2, BT_READ_LAST, true);
}

static void gradients_read_at_the_first_token_are_right(struct check *c)
{
    compare_all(c, 2, BT_READ_FIRST, true);
}

static void gradients_read_at_the_mean_are_right(struct check *c)
{
    compare_all(c, 2, BT_READ_MEAN, true);
}

static void gradients_without_a_causal_mask_are_right(struct check *c)
{
    compare_all(c, 2, BT_READ_FIRST, false);
    compare_all(c, 1, BT_READ_MEAN, false);
}

static void gradients_of_a_single_block_are_right(struct check *c)
{
    compare_all(c, 1, BT_READ_LAST, true);
}

static void gradients_by_tiles_instead_of_the_blas_are_right(struct check *c)
{
    compare_on(c, bt_tile_find(BT_FLOAT32, NULL), 2, BT_READ_MEAN, true);
    compare_on(c, bt_tile_find(BT_FLOAT32, "portable"), 2, BT_READ_LAST, false);
}

/* Eight bits of a factor: each product is within a few thousandths, and so is the gradient's length. */
static void gradients_in_bfloat16_point_the_same_way(struct check *c)
{
    struct both b;
    open_both(&b, 2, true);
    size_t n = b.t.params.n_values;
    run_ours(&b, BT_READ_MEAN);
    float *exact = bt_alloc_array(n, sizeof *exact);
    memcpy(exact, b.gradients, n * sizeof *exact);
    b.tile = bt_tile_find(BT_BFLOAT16, NULL);
    run_ours(&b, BT_READ_MEAN);
    double off = 0, length = bt_sum_squares(exact, n);
    for (size_t i = 0; i < n; i++)
        off += pow((double)b.gradients[i] - (double)exact[i], 2);
    CHECK(c, off > 0 && sqrt(off / length) < 0.02, "off by %.3g of %.3g", sqrt(off), sqrt(length));
    bt_release(exact);
    close_both(&b);
}

/* ---- Language models ---- */

/* Forward and backward of the next tokens' mean loss; its value. The first sequence is too short. */
static double run_next(struct both *b, size_t rows_at_a_time)
{
    bt_net net = {.cfg = b->t.cfg, .w = (const float *const *)b->t.w};
    bolter_seq inputs[N_SEQS - 1];
    int32_t target[64];
    bt_next_token next;
    size_t n = 0, counted = 0;
    for (size_t s = 1; s < N_SEQS; s++) {
        inputs[s - 1] = (bolter_seq){.ids = b->seqs[s].ids, .n = b->seqs[s].n - 1};
        for (size_t t = 0; t < inputs[s - 1].n; t++) {
            target[n++] = t < counts_from[s] ? -1 : b->seqs[s].ids[t + 1];
            counted += t >= counts_from[s];
        }
    }
    bt_batch batch = {inputs, N_SEQS - 1, BT_READ_ALL, true};
    if (bt_next_token_init(&next, b->t.cfg.n_vocab, b->t.cfg.n_embd, rows_at_a_time, false, NULL) !=
        BOLTER_OK)
        abort();
    memset(b->gradients, 0, b->t.params.n_values * sizeof *b->gradients);
    bt_gpt2_forward(b->run, &net, &batch);
    size_t head = bt_vocabulary_index(&b->t.cfg);
    const bt_next_token_rows rows = {.head = b->t.w[head],
                                     .hidden = bt_run_hidden(b->run),
                                     .target = target,
                                     .n = n,
                                     .scale = 1.0 / (double)counted,
                                     .dhidden = bt_run_dhidden(b->run),
                                     .dhead = b->g[head]};
    double loss = bt_next_token_loss(&next, &rows).loss;
    bt_gpt2_backward_hidden(b->run, &net, &batch, b->g);
    bt_next_token_clear(&next);
    return loss;
}

static void gradients_of_next_tokens_are_right(struct check *c)
{
    static const size_t rows_at_a_time[] = {64, 5, 1};
    for (size_t k = 0; k < 6; k++) {
        struct both b;
        size_t rows = rows_at_a_time[k % 3];
        open_language_model(&b, k >= 3);
        double got = run_next(&b, rows), want = plain_next_loss(&b.plain, b.seqs);
        CHECK(c, fabs(got - want) <= 1e-5 * want, "%zu rows: loss %.9g, want %.9g", rows, got, want);
        for (size_t i = 0; i < b.t.params.n; i++)
            compare_tensor(c, &b, BT_READ_ALL, i);
        close_both(&b);
    }
}

/* Of the embedding, which is not the head then, the rows of tokens that were read have a gradient. */
static void an_untied_embedding_learns_from_what_is_read(struct check *c)
{
    struct both b;
    bool read[TINY_VOCAB] = {false};
    open_language_model(&b, true);
    run_next(&b, 64);
    for (size_t s = 1; s < N_SEQS; s++)
        for (size_t t = 0; t + 1 < b.seqs[s].n; t++)
            read[b.seqs[s].ids[t]] = true;
    size_t C = b.t.cfg.n_embd;
    for (size_t id = 0; id < TINY_VOCAB; id++)
        CHECK(c, (bt_sum_squares(b.g[BT_WTE] + id * C, C) > 0) == read[id], "token %zu", id);
    close_both(&b);
}

/* ---- Adapters, and layers of signed bytes ---- */

enum { RANK = 2 };
static const float lora_scale = 1.5f;

/* A net over b's weights whose linear layers are bytes with adapters, and the same for the plain one. */
struct adapted {
    struct both b;
    size_t n; /* parameters */
    bt_run *run;
    bt_lora *lora;
    bt_byte_layer *quant;
    const float **w;
    float **g;    /* three tables */
    void *all[256]; /* what was allocated */
    size_t n_all;
};

static void *adapted_memory(struct adapted *a, size_t n, size_t size)
{
    void *p = bt_alloc_array(n, size);
    if (!p || a->n_all == sizeof a->all / sizeof *a->all)
        abort();
    return a->all[a->n_all++] = p;
}

static float *small_randoms(struct adapted *a, size_t n, bt_rng *rng)
{
    float *x = adapted_memory(a, n, sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = 0.3f * (float)bt_rng_normal(rng);
    return x;
}

/* The plain weight of a layer: bytes as floats, and scale A^T B^T. */
static void merge_plain(struct adapted *a, size_t i)
{
    const bt_param *p = &a->b.t.params.row[i];
    for (size_t r = 0; r < p->rows; r++) {
        for (size_t c = 0; c < p->cols; c++) {
            double w = (double)a->quant[i].q[r * p->cols + c] * (double)a->quant[i].scale[c];
            for (size_t k = 0; k < RANK; k++)
                w += (double)lora_scale * (double)a->lora[i].a[k * p->rows + r] *
                     (double)a->lora[i].b[c * RANK + k];
            a->b.plain.block[p->offset + r * p->cols + c] = w;
        }
    }
}

static void adapt_layer(struct adapted *a, size_t i, bt_rng *rng)
{
    const bt_param *p = &a->b.t.params.row[i];
    signed char *q = adapted_memory(a, bt_param_size(p), 1);
    float *scale = adapted_memory(a, p->cols, sizeof *scale);
    bt_quantise(q, scale, a->b.t.w[i], p->rows, p->cols, true);
    a->quant[i] = (bt_byte_layer){q, scale};
    a->lora[i] = (bt_lora){small_randoms(a, RANK * p->rows, rng), small_randoms(a, p->cols * RANK, rng)};
    a->g[i] = NULL;
    a->w[i] = NULL;
    a->g[a->n + i] = adapted_memory(a, RANK * p->rows, sizeof(float));
    a->g[2 * a->n + i] = adapted_memory(a, p->cols * RANK, sizeof(float));
    merge_plain(a, i);
}

static void open_adapted(struct adapted *a)
{
    bt_rng rng = {.seed = 21};
    *a = (struct adapted){0};
    open_both(&a->b, 2, true);
    a->n = a->b.t.params.n;
    a->lora = adapted_memory(a, a->n, sizeof *a->lora);
    a->quant = adapted_memory(a, a->n, sizeof *a->quant);
    a->w = adapted_memory(a, a->n, sizeof *a->w);
    a->g = adapted_memory(a, 3 * a->n, sizeof *a->g);
    for (size_t i = 0; i < a->n; i++) {
        a->w[i] = a->b.t.w[i];
        a->g[i] = a->b.g[i];
        if (a->b.t.params.row[i].lora)
            adapt_layer(a, i, &rng);
    }
    bt_run_size size = {
        .max_tok = 64, .max_seqs = N_SEQS, .keep = true, .rank = RANK, .quantised = true};
    if (bt_run_open(&a->run, &a->b.t.cfg, &size, NULL) != BOLTER_OK)
        abort();
}

static void close_adapted(struct adapted *a)
{
    bt_run_free(a->run);
    while (a->n_all > 0)
        bt_release(a->all[--a->n_all]);
    close_both(&a->b);
}

static void run_adapted(struct adapted *a, bt_read read)
{
    bt_net net = {.cfg = a->b.t.cfg,
                  .w = a->w,
                  .quant = a->quant,
                  .lora = a->lora,
                  .rank = RANK,
                  .scale = lora_scale};
    bt_batch batch = {a->b.seqs, N_SEQS, read, true};
    float d[N_SEQS * N_LABEL];
    bt_gpt2_forward(a->run, &net, &batch);
    bt_head_forward(a->run, &net, &batch, a->b.logits);
    for (size_t s = 0; s < N_SEQS; s++)
        bt_xent(d + s * N_LABEL, a->b.logits + s * N_LABEL, N_LABEL, (size_t)labels[s], 1.0 / N_SEQS);
    bt_gpt2_backward(a->run, &net, &batch, d, a->g);
}

/* A sample of one adapter's A or B: a float is moved by h and the layer merged anew. */
static void compare_adapter(struct check *c, struct adapted *a, bt_read read, size_t i, bool is_b)
{
    const bt_param *p = &a->b.t.params.row[i];
    size_t n = RANK * (is_b ? p->cols : p->rows);
    float *x = bt_mat_of(is_b ? a->lora[i].b : a->lora[i].a, 1, n).data;
    for (size_t k = 0; k < n; k += n / 6) {
        const float kept = x[k], h = 1.0f / 4096;
        x[k] = kept + h;
        double up = (double)x[k] - (double)kept;
        merge_plain(a, i);
        double above = plain_loss(&a->b.plain, a->b.seqs, read, NULL);
        x[k] = kept - h;
        double down = (double)kept - (double)x[k];
        merge_plain(a, i);
        double below = plain_loss(&a->b.plain, a->b.seqs, read, NULL);
        x[k] = kept;
        merge_plain(a, i);
        double want = (above - below) / (up + down), got = (double)a->g[(is_b ? 2 : 1) * a->n + i][k];
        CHECK(c, fabs(got - want) <= 5e-6 + 1e-3 * fabs(want), "read %d: %s %s[%zu]: got %.9g, want %.9g",
              (int)read, p->name, is_b ? "B" : "A", k, got, want);
    }
}

static void gradients_of_adapters_over_signed_bytes_are_right(struct check *c)
{
    static const bt_read reads[] = {BT_READ_LAST, BT_READ_FIRST, BT_READ_MEAN};
    for (size_t k = 0; k < 3; k++) {
        struct adapted a;
        open_adapted(&a);
        run_adapted(&a, reads[k]);
        compare_logits(c, &a.b, reads[k]);
        for (size_t i = 0; i < a.n; i++) {
            if (a.g[i]) {
                a.b.g[i] = a.g[i];
                compare_tensor(c, &a.b, reads[k], i);
            } else {
                compare_adapter(c, &a, reads[k], i, false);
                compare_adapter(c, &a, reads[k], i, true);
            }
        }
        close_adapted(&a);
    }
}

/* ---- The trunk in parts ---- */

static void the_trunk_in_parts_equals_the_whole(struct check *c)
{
    static const bt_read reads[] = {BT_READ_LAST, BT_READ_FIRST, BT_READ_MEAN};
    enum { L = 3 };
    for (size_t k = 0; k < 3; k++) {
        struct both b;
        open_both(&b, L, k != 1);
        run_ours(&b, reads[k]);
        float want[N_SEQS * N_LABEL], *x = bt_alloc_array(64 * b.t.cfg.n_embd, sizeof *x);
        memcpy(want, b.logits, sizeof want);
        bt_net net = {.cfg = b.t.cfg, .w = (const float *const *)b.t.w};
        bt_batch batch = {b.seqs, N_SEQS, reads[k], b.plain.causal};
        size_t n_tok = 0;
        for (size_t s = 0; s < N_SEQS; s++)
            n_tok += b.seqs[s].n;
        for (size_t from = 1; from < L; from++) {
            bt_gpt2_embed(&net, &batch, x);
            for (size_t l = 0; l < from; l++)
                bt_gpt2_block(b.run, &net, &batch, l, x);
            memcpy(bt_run_input(b.run, from), x, n_tok * b.t.cfg.n_embd * sizeof *x);
            bt_gpt2_resume(b.run, &net, &batch, from);
            bt_head_forward(b.run, &net, &batch, b.logits);
            CHECK(c, memcmp(want, b.logits, sizeof want) == 0, "read %d: other logits from block %zu",
                  (int)reads[k], from);
        }
        memmove(bt_run_input(b.run, L), bt_run_hidden(b.run), N_SEQS * b.t.cfg.n_embd * sizeof *x);
        bt_gpt2_resume(b.run, &net, &batch, L);
        bt_head_forward(b.run, &net, &batch, b.logits);
        CHECK(c, memcmp(want, b.logits, sizeof want) == 0, "read %d: other logits from the head",
              (int)reads[k]);
        bt_release(x);
        close_both(&b);
    }
}

/* ---- What is asked for is what is computed ---- */

static void a_gradient_alone_equals_itself_among_all(struct check *c)
{
    struct both b;
    open_both(&b, 2, true);
    run_ours(&b, BT_READ_LAST);
    float *all = bt_alloc_array(b.t.params.n_values, sizeof *all);
    memcpy(all, b.gradients, b.t.params.n_values * sizeof *all);
    for (size_t i = 0; i < b.t.params.n; i++) {
        const bt_param *p = &b.t.params.row[i];
        memset(b.g, 0, b.t.params.n * sizeof(float *));
        b.g[i] = b.gradients + p->offset;
        run_ours(&b, BT_READ_LAST);
        CHECK(c, memcmp(all + p->offset, b.g[i], bt_param_size(p) * sizeof *all) == 0,
              "%s: other bits when it trains alone", p->name);
        for (size_t k = 0; k < b.t.params.n_values; k++)
            if (k < p->offset || k >= p->offset + bt_param_size(p))
                if (!CHECK(c, fabsf(b.gradients[k]) <= 0, "%s: wrote value %zu of another", p->name, k))
                    break;
    }
    bt_release(all);
    close_both(&b);
}

static void gradients_add_up_over_batches(struct check *c)
{
    struct both b;
    open_both(&b, 2, true);
    run_ours(&b, BT_READ_MEAN);
    float *once = bt_alloc_array(b.t.params.n_values, sizeof *once);
    memcpy(once, b.gradients, b.t.params.n_values * sizeof *once);
    bt_net net = {.cfg = b.t.cfg, .w = (const float *const *)b.t.w};
    bt_batch batch = {b.seqs, N_SEQS, BT_READ_MEAN, true};
    float d[N_SEQS * N_LABEL];
    bt_gpt2_forward(b.run, &net, &batch);
    for (size_t s = 0; s < N_SEQS; s++)
        bt_xent(d + s * N_LABEL, b.logits + s * N_LABEL, N_LABEL, (size_t)labels[s], 1.0 / N_SEQS);
    bt_gpt2_backward(b.run, &net, &batch, d, b.g);
    for (size_t i = 0; i < b.t.params.n_values; i++)
        CHECK(c, fabs((double)b.gradients[i] - 2 * (double)once[i]) <= 1e-5, "value %zu: %g, want %g",
              i, (double)b.gradients[i], 2 * (double)once[i]);
    bt_release(once);
    close_both(&b);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(gradients_read_at_the_last_token_are_right),
        CASE(gradients_read_at_the_first_token_are_right),
        CASE(gradients_read_at_the_mean_are_right),
        CASE(gradients_without_a_causal_mask_are_right),
        CASE(gradients_of_a_single_block_are_right),
        CASE(gradients_by_tiles_instead_of_the_blas_are_right),
        CASE(gradients_in_bfloat16_point_the_same_way),
        CASE(gradients_of_next_tokens_are_right),
        CASE(an_untied_embedding_learns_from_what_is_read),
        CASE(gradients_of_adapters_over_signed_bytes_are_right),
        CASE(the_trunk_in_parts_equals_the_whole),
        CASE(a_gradient_alone_equals_itself_among_all),
        CASE(gradients_add_up_over_batches),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
