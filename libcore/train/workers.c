/* workers.c - data-parallel forward and backward over the sequences of a batch. */
#include "train/workers.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "kern/kern.h"

/* Tokens that go through the network at once: enough for the matrix products, few enough for memory. */
#define CHUNK_TOKENS 1024
#define CHUNK_SEQS   256

struct worker {
    bt_run *run;
    float *block; /* dense gradients, n_values */
    float **g;    /* by parameter index; NULL where there is none */
    size_t *mine; /* indices of its sequences, n_mine */
    size_t n_mine, n_tokens;
    double loss;
    float *logits; /* (CHUNK_SEQS, n_label), then their gradients */
    bolter_seq seqs[CHUNK_SEQS];
    size_t index[CHUNK_SEQS];
};

struct bt_workers {
    const bt_params *params;
    bt_config cfg;
    size_t n, chunk_tokens, n_values, cap;
    struct worker *worker;
    size_t *order; /* sequences by falling length */
    const bt_job *job;
};

static bolter_status open_worker(bt_workers *w, struct worker *k, const bool *has_gradient,
                                 bolter_error *err)
{
    bolter_status rc = bt_run_open(&k->run, &w->cfg, w->chunk_tokens, CHUNK_SEQS, w->n_values > 0, err);
    k->block = bt_alloc_aligned(w->n_values, sizeof *k->block);
    k->g = bt_alloc_array(w->params->n, sizeof *k->g);
    k->logits = bt_alloc_array(CHUNK_SEQS * w->cfg.n_label, sizeof *k->logits);
    if (rc != BOLTER_OK || !k->block || !k->g || !k->logits)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for %zu gradients", w->n_values);
    size_t at = 0;
    for (size_t i = 0; i < w->params->n; i++) {
        if (!has_gradient[i])
            continue;
        k->g[i] = k->block + at;
        at += bt_param_size(&w->params->row[i]);
    }
    return BOLTER_OK;
}

bolter_status bt_workers_open(bt_workers **out, const bt_params *params, const bt_config *cfg,
                              const bool *has_gradient, size_t n_threads, size_t longest,
                              bolter_error *err)
{
    *out = NULL;
    bt_workers *w = bt_alloc(sizeof *w);
    if (!w)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    *w = (bt_workers){.params = params, .cfg = *cfg, .n = n_threads};
    w->chunk_tokens = longest > CHUNK_TOKENS ? longest : CHUNK_TOKENS;
    for (size_t i = 0; i < params->n; i++)
        w->n_values += has_gradient[i] ? bt_param_size(&params->row[i]) : 0;
    w->worker = bt_alloc_array(w->n, sizeof *w->worker);
    bolter_status rc = w->worker ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    for (size_t i = 0; rc == BOLTER_OK && i < w->n; i++)
        rc = open_worker(w, &w->worker[i], has_gradient, err);
    if (rc != BOLTER_OK) {
        bt_workers_free(w);
        return rc;
    }
    *out = w;
    return BOLTER_OK;
}

void bt_workers_free(bt_workers *w)
{
    if (!w)
        return;
    for (size_t i = 0; w->worker && i < w->n; i++) {
        bt_run_free(w->worker[i].run);
        bt_release(w->worker[i].block);
        bt_release(w->worker[i].g);
        bt_release(w->worker[i].mine);
        bt_release(w->worker[i].logits);
    }
    bt_release(w->worker);
    bt_release(w->order);
    bt_release(w);
}

float *const *bt_workers_gradients(const bt_workers *w)
{
    return w->worker[0].g;
}

/* ---- Sharing the sequences out ---- */

static bolter_status reserve(bt_workers *w, size_t n_seqs, bolter_error *err)
{
    if (n_seqs <= w->cap)
        return BOLTER_OK;
    bt_release(w->order);
    w->cap = 0;
    w->order = bt_alloc_array(n_seqs, sizeof *w->order);
    bool ok = w->order != NULL;
    for (size_t i = 0; i < w->n; i++) {
        bt_release(w->worker[i].mine);
        w->worker[i].mine = bt_alloc_array(n_seqs, sizeof *w->worker[i].mine);
        ok = ok && w->worker[i].mine;
    }
    if (!ok)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for %zu sequences", n_seqs);
    w->cap = n_seqs;
    return BOLTER_OK;
}

static int longer_first(const void *a, const void *b, void *seqs)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    const bolter_seq *s = seqs;
    if (s[x].n != s[y].n)
        return s[x].n > s[y].n ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* The longest sequence left goes to the worker with the fewest tokens. */
static void share_out(bt_workers *w, const bt_job *job)
{
    for (size_t i = 0; i < job->n_seqs; i++)
        w->order[i] = i;
    qsort_r(w->order, job->n_seqs, sizeof *w->order, longer_first,
            (void *)(uintptr_t)job->seqs);
    for (size_t i = 0; i < w->n; i++)
        w->worker[i].n_mine = w->worker[i].n_tokens = 0;
    for (size_t i = 0; i < job->n_seqs; i++) {
        struct worker *least = &w->worker[0];
        for (size_t k = 1; k < w->n; k++)
            if (w->worker[k].n_tokens < least->n_tokens)
                least = &w->worker[k];
        least->mine[least->n_mine++] = w->order[i];
        least->n_tokens += job->seqs[w->order[i]].n;
    }
}

/* ---- One worker ---- */

/* Collect the next of its sequences that fit a chunk; how many. */
static size_t next_chunk(struct worker *k, const bt_job *job, size_t from, size_t chunk_tokens)
{
    size_t n = 0, tokens = 0;
    while (from + n < k->n_mine && n < CHUNK_SEQS) {
        size_t i = k->mine[from + n];
        if (n > 0 && tokens + job->seqs[i].n > chunk_tokens)
            break;
        tokens += job->seqs[i].n;
        k->seqs[n] = job->seqs[i];
        k->index[n++] = i;
    }
    return n;
}

/* Forward, and with labels backward, of the n sequences in k->seqs. */
static void run_chunk(const bt_workers *w, struct worker *k, size_t n)
{
    const bt_job *job = w->job;
    size_t K = w->cfg.n_label;
    bt_batch b = {k->seqs, n, job->read, true};
    bt_gpt2_forward(k->run, job->net, &b);
    bt_head_forward(k->run, job->net, &b, k->logits);
    for (size_t i = 0; i < n; i++) {
        float *row = k->logits + i * K;
        if (job->logits)
            memcpy(job->logits + k->index[i] * K, row, K * sizeof *row);
        if (job->labels)
            k->loss += bt_xent(row, row, K, (size_t)job->labels[k->index[i]],
                               1.0 / (double)job->n_seqs);
    }
    if (job->labels)
        bt_gpt2_backward(k->run, job->net, &b, k->logits, k->g);
}

static void run_worker(void *arg, size_t i)
{
    bt_workers *w = arg;
    struct worker *k = &w->worker[i];
    k->loss = 0;
    if (w->job->labels)
        memset(k->block, 0, w->n_values * sizeof *k->block);
    for (size_t at = 0, n; at < k->n_mine; at += n) {
        n = next_chunk(k, w->job, at, w->chunk_tokens);
        run_chunk(w, k, n);
    }
}

/* ---- All of them ---- */

#define REDUCE_STEP 65536

/* Piece i of the sum of all workers' gradients into the first's. */
static void reduce(void *arg, size_t i)
{
    bt_workers *w = arg;
    for (size_t at = i * REDUCE_STEP; at < w->n_values; at += w->n * REDUCE_STEP) {
        size_t n = w->n_values - at < REDUCE_STEP ? w->n_values - at : REDUCE_STEP;
        for (size_t k = 1; k < w->n; k++)
            bt_add(w->worker[0].block + at, w->worker[k].block + at, n);
    }
}

bolter_status bt_workers_run(bt_workers *w, const bt_job *job, double *loss, bolter_error *err)
{
    bolter_status rc = reserve(w, job->n_seqs, err);
    if (rc != BOLTER_OK)
        return rc;
    share_out(w, job);
    w->job = job;
    bt_parallel(w->n, run_worker, w);
    if (job->labels && w->n > 1)
        bt_parallel(w->n, reduce, w);
    *loss = 0;
    for (size_t i = 0; i < w->n; i++)
        *loss += w->worker[i].loss / (double)job->n_seqs;
    return BOLTER_OK;
}
