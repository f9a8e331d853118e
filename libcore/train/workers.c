/* workers.c - data-parallel forward and backward over the sequences of a batch. */
#include "train/workers.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "kern/kern.h"
#include "train/worker.h"

struct bt_workers {
    bt_job job;
    size_t n, cap;
    bt_worker *worker;
    size_t *order; /* sequences by falling length */
};

bolter_status bt_workers_open(bt_workers **out, const bt_workers_size *size, bolter_error *err)
{
    *out = NULL;
    bt_workers *w = bt_alloc(sizeof *w);
    if (!w)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    *w = (bt_workers){.job.cfg = size->cfg, .n = size->n_threads};
    w->job.chunk_tokens = size->longest > BT_CHUNK_TOKENS ? size->longest : BT_CHUNK_TOKENS;
    w->job.n_embedding = size->all_rows ? 0 : size->n_gradient[BT_WTE];
    for (size_t i = 0; i < 3 * size->params->n; i++)
        w->job.n_values += size->n_gradient[i];
    w->worker = bt_alloc_array(w->n, sizeof *w->worker);
    bolter_status rc = w->worker ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    for (size_t i = 0; rc == BOLTER_OK && i < w->n; i++)
        rc = bt_worker_open(&w->worker[i], &w->job, size, err);
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
    for (size_t i = 0; w->worker && i < w->n; i++)
        bt_worker_clear(&w->worker[i]);
    bt_release(w->worker);
    bt_release(w->order);
    bt_release(w);
}

float *const *bt_workers_gradients(const bt_workers *w)
{
    return w->worker[0].g;
}

bt_run *bt_workers_memory(const bt_workers *w, size_t i)
{
    return w->worker[i].run;
}

size_t bt_workers_longest(const bt_workers *w)
{
    return w->job.chunk_tokens;
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
static void share_out(bt_workers *w, const bt_work *work)
{
    for (size_t i = 0; i < work->n_seqs; i++)
        w->order[i] = i;
    qsort_r(w->order, work->n_seqs, sizeof *w->order, longer_first, (void *)(uintptr_t)work->seqs);
    for (size_t i = 0; i < w->n; i++)
        w->worker[i].n_mine = w->worker[i].n_tokens = 0;
    for (size_t i = 0; i < work->n_seqs; i++) {
        bt_worker *least = &w->worker[0];
        for (size_t k = 1; k < w->n; k++)
            if (w->worker[k].n_tokens < least->n_tokens)
                least = &w->worker[k];
        least->mine[least->n_mine++] = w->order[i];
        least->n_tokens += work->seqs[w->order[i]].n;
    }
}

/* ---- All of them ---- */

#define REDUCE_STEP 65536

static void run(void *arg, size_t i)
{
    bt_workers *w = arg;
    bt_worker_run(&w->worker[i], &w->job);
}

/* Rows of the embedding's gradient, every n-th of them, that another worker has. */
static void reduce_rows(bt_workers *w, size_t first)
{
    size_t C = w->job.cfg.n_embd;
    for (size_t id = first; id < w->job.cfg.n_vocab; id += w->n) {
        for (size_t k = 1; k < w->n; k++) {
            if (!w->worker[k].used[id])
                continue;
            bt_add(w->worker[0].g[BT_WTE] + id * C, w->worker[k].g[BT_WTE] + id * C, C);
            w->worker[0].used[id] = 1;
        }
    }
}

/* Piece i of the sum of all workers' gradients into the first's. */
static void reduce(void *arg, size_t i)
{
    bt_workers *w = arg;
    if (w->job.n_embedding > 0)
        reduce_rows(w, i);
    size_t end = w->job.n_values;
    for (size_t at = w->job.n_embedding + i * REDUCE_STEP; at < end; at += w->n * REDUCE_STEP) {
        size_t n = end - at < REDUCE_STEP ? end - at : REDUCE_STEP;
        for (size_t k = 1; k < w->n; k++)
            bt_add(w->worker[0].block + at, w->worker[k].block + at, n);
    }
}

/* What a batch's loss is divided by. */
static double weight_of(const bt_work *work)
{
    double weight = 0;
    for (size_t i = 0; i < work->n_seqs; i++)
        weight += work->next     ? (double)(work->seqs[i].n - work->next[i])
                  : work->labels ? bt_loss_weight(&work->loss, work->labels[i])
                                 : 0;
    return weight;
}

/* How many next tokens a classifier's batch predicts. */
static uint64_t guessed_of(const bt_work *work)
{
    uint64_t n = 0;
    for (size_t s = 0; work->guess.weight > 0 && s < work->n_seqs; s++)
        for (size_t i = 0; i < work->seqs[s].n; i++)
            n += bt_guesses(&work->guess, work->seqs[s].n, s, i);
    return n;
}

bolter_status bt_workers_run(bt_workers *w, const bt_work *work, bt_result *out, bolter_error *err)
{
    bolter_status rc = reserve(w, work->n_seqs, err);
    if (rc != BOLTER_OK)
        return rc;
    share_out(w, work);
    w->job.work = work;
    w->job.weight = weight_of(work);
    w->job.guessed = guessed_of(work);
    bt_parallel(w->n, run, w);
    *out = (bt_result){.n_counted = work->next ? (uint64_t)w->job.weight : 0};
    for (size_t i = 0; i < w->n; i++) {
        const bt_worker *k = &w->worker[i];
        if (k->status != BOLTER_OK)
            return bt_fail(err, k->status, "%s", k->err.text);
        out->loss += k->result.loss;
        out->n_right += k->result.n_right;
        out->guess_loss += k->result.guess_loss;
    }
    if (bt_goes_back(work) && w->n > 1)
        bt_parallel(w->n, reduce, w);
    return BOLTER_OK;
}
