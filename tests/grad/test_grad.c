/*
 * test_grad.c - the whole network: forward against a plain one in double precision made of naive.c's
 * kernels, backward against finite differences of that.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kern/kern.h"
#include "model/gpt2.h"
#include "tests/check.h"
#include "tests/unit/naive.h"
#include "tests/unit/tiny.h"

enum { N_SEQS = 6, N_LABEL = 3 };
static const int32_t labels[N_SEQS] = {0, 2, 1, 1, 0, 2};

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

/* hidden (C) that the head reads of one sequence. */
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
    for (size_t i = 0; i < C; i++) {
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

/* Mean cross-entropy of the batch; logits (N_SEQS, N_LABEL) may be NULL. */
static double plain_loss(const struct plain *p, const bolter_seq *seqs, bt_read read, double *logits)
{
    size_t C = p->cfg.n_embd;
    double *hidden = doubles(C), row[N_LABEL], loss = 0;
    for (size_t s = 0; s < N_SEQS; s++) {
        plain_hidden(p, &seqs[s], read, hidden);
        naive_gemm(&(struct naive_product){1, N_LABEL, C, false, true, 1, 0}, row, hidden,
                   weight(p, bt_last_index(&p->cfg, BT_SCORE)));
        if (logits)
            memcpy(logits + s * N_LABEL, row, sizeof row);
        loss += naive_xent(NULL, row, N_LABEL, (size_t)labels[s], 1) / N_SEQS;
    }
    bt_release(hidden);
    return loss;
}

/* ---- The comparison ---- */

struct both {
    tiny t;
    struct plain plain;
    bolter_seq *seqs;
    bt_run *run;
    float *gradients, **g;
    float logits[N_SEQS * N_LABEL];
};

static void open_both(struct both *b, size_t n_layer, bool causal)
{
    bt_config cfg = tiny_config(n_layer, N_LABEL);
    bolter_error err = {0};
    *b = (struct both){.seqs = tiny_seqs(N_SEQS, 13, 3)};
    tiny_init(&b->t, &cfg, 11);
    b->plain = (struct plain){cfg, b->t.params, doubles(b->t.params.n_values), causal};
    for (size_t i = 0; i < b->t.params.n_values; i++)
        b->plain.block[i] = (double)b->t.block[i];
    b->gradients = bt_alloc_array(b->t.params.n_values, sizeof *b->gradients);
    b->g = bt_alloc_array(b->t.params.n, sizeof *b->g);
    bt_run_size size = {.max_tok = 64, .max_seqs = N_SEQS, .keep = true};
    if (bt_run_open(&b->run, &cfg, &size, &err) != BOLTER_OK || !b->gradients || !b->g)
        abort();
    for (size_t i = 0; i < b->t.params.n; i++)
        b->g[i] = b->gradients + b->t.params.row[i].offset;
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
    bt_net net = {.cfg = b->t.cfg, .w = (const float *const *)b->t.w};
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

static void compare_all(struct check *c, size_t n_layer, bt_read read, bool causal)
{
    struct both b;
    open_both(&b, n_layer, causal);
    run_ours(&b, read);
    compare_logits(c, &b, read);
    for (size_t i = 0; i < b.t.params.n; i++)
        compare_tensor(c, &b, read, i);
    close_both(&b);
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
        CASE(a_gradient_alone_equals_itself_among_all),
        CASE(gradients_add_up_over_batches),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
