/* workers.c - data-parallel forward and backward over the sequences of a batch. */
#include "train/workers.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "kern/kern.h"
#include "model/next_token.h"
#include "train/trunk.h"

/* Tokens that go through the network at once: enough for the matrix products, few enough for
 * memory. */
#define CHUNK_TOKENS 1024
#define CHUNK_SEQS   256

struct worker {
    bt_run *run;
    float *block;        /* gradients, n_values */
    float **g;           /* by the three tables; NULL where there is none */
    unsigned char *used; /* by id: its row of the embedding's gradient is not zero */
    size_t *mine;        /* indices of its sequences, n_mine */
    size_t n_mine, n_tokens;
    bt_result result;
    bolter_status status;
    bolter_error err;
    float *logits;   /* (CHUNK_SEQS, n_label), then their gradients; of a classifier */
    bt_next_token next_token; /* of one that predicts */
    int32_t *target; /* (chunk_tokens) its next tokens */
    bolter_seq seqs[CHUNK_SEQS];
    size_t index[CHUNK_SEQS];
};

struct bt_workers {
    bt_config cfg;
    size_t n, chunk_tokens, n_values, cap;
    size_t n_embedding; /* of the n_values, at their begin: the token embedding's, where few rows are
                           used; 0: all of them may be */
    struct worker *worker;
    size_t *order; /* sequences by falling length */
    const bt_work *work;
    double weight;    /* of the batch, that its loss is divided by */
    uint64_t guessed; /* next tokens of a classifier's batch */
};

/* What it takes to predict the next token. */
static bolter_status open_next_token(const bt_workers *w, struct worker *k, bolter_error *err)
{
    k->target = bt_alloc_array(w->chunk_tokens, sizeof *k->target);
    if (!k->target)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    return bt_next_token_init(&k->next_token, w->cfg.n_vocab, w->cfg.n_embd, w->chunk_tokens, err);
}

static bolter_status open_worker(bt_workers *w, struct worker *k, const bt_workers_size *size,
                                 bolter_error *err)
{
    bt_run_size run = size->run;
    size_t n = 3 * size->params->n, at = 0;
    run.max_tok = w->chunk_tokens;
    run.max_seqs = CHUNK_SEQS;
    bolter_status rc = bt_run_open(&k->run, &w->cfg, &run, err);
    if (rc == BOLTER_OK && size->predicts)
        rc = open_next_token(w, k, err);
    k->block = bt_alloc_array(w->n_values, sizeof *k->block);
    k->g = bt_alloc_array(n, sizeof *k->g);
    k->used = bt_alloc(w->n_embedding > 0 ? w->cfg.n_vocab : 0);
    k->logits = bt_alloc_array(CHUNK_SEQS * w->cfg.n_label, sizeof *k->logits);
    if (rc != BOLTER_OK || !k->block || !k->g || !k->used || !k->logits)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for %zu gradients", w->n_values);
    for (size_t i = 0; i < n; i++) {
        k->g[i] = size->n_gradient[i] > 0 ? k->block + at : NULL;
        at += size->n_gradient[i];
    }
    return BOLTER_OK;
}

bolter_status bt_workers_open(bt_workers **out, const bt_workers_size *size, bolter_error *err)
{
    *out = NULL;
    bt_workers *w = bt_alloc(sizeof *w);
    if (!w)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    *w = (bt_workers){.cfg = size->cfg, .n = size->n_threads};
    w->chunk_tokens = size->longest > CHUNK_TOKENS ? size->longest : CHUNK_TOKENS;
    w->n_embedding = size->all_rows ? 0 : size->n_gradient[BT_WTE];
    for (size_t i = 0; i < 3 * size->params->n; i++)
        w->n_values += size->n_gradient[i];
    w->worker = bt_alloc_array(w->n, sizeof *w->worker);
    bolter_status rc = w->worker ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    for (size_t i = 0; rc == BOLTER_OK && i < w->n; i++)
        rc = open_worker(w, &w->worker[i], size, err);
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
        bt_release(w->worker[i].used);
        bt_release(w->worker[i].mine);
        bt_release(w->worker[i].logits);
        bt_release(w->worker[i].target);
        bt_next_token_clear(&w->worker[i].next_token);
    }
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
    return w->chunk_tokens;
}

bool bt_chunk_has_room(size_t n, size_t tokens, size_t more)
{
    return n < CHUNK_SEQS && tokens + more <= CHUNK_TOKENS;
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
        struct worker *least = &w->worker[0];
        for (size_t k = 1; k < w->n; k++)
            if (w->worker[k].n_tokens < least->n_tokens)
                least = &w->worker[k];
        least->mine[least->n_mine++] = w->order[i];
        least->n_tokens += work->seqs[w->order[i]].n;
    }
}

/* ---- One worker ---- */

/* Collect the next of its sequences that go through the network together; how many. */
static size_t next_chunk(struct worker *k, const bt_work *work, size_t from)
{
    size_t n = 0, tokens = 0;
    while (from + n < k->n_mine) {
        size_t i = k->mine[from + n];
        if (n > 0 && !bt_chunk_has_room(n, tokens, work->seqs[i].n))
            break;
        tokens += work->seqs[i].n;
        k->seqs[n] = work->seqs[i];
        k->index[n++] = i;
    }
    return n;
}

/* Forward from the frozen blocks' cached output. */
static bolter_status resume(const bt_workers *w, struct worker *k, const bt_batch *b)
{
    const bt_trunk *trunk = w->work->trunk;
    bolter_status rc = BOLTER_OK;
    bool heads = trunk->kind.first == w->cfg.n_layer;
    float *x = bt_run_input(k->run, trunk->kind.first);
    for (size_t s = 0; rc == BOLTER_OK && s < b->n_seqs; s++) {
        rc = bt_trunk_load(trunk, &b->seqs[s], x, &k->err);
        x += (heads ? 1 : b->seqs[s].n) * w->cfg.n_embd;
    }
    if (rc == BOLTER_OK)
        bt_gpt2_resume(k->run, w->work->net, b, trunk->kind.first);
    return rc;
}

/* Logits become gradients; loss and hits are counted. */
static void take_losses(const bt_workers *w, struct worker *k, size_t n)
{
    const bt_work *work = w->work;
    size_t K = w->cfg.n_label;
    double scale = w->weight > 0 ? 1 / w->weight : 0;
    for (size_t i = 0; i < n; i++) {
        float *row = k->logits + i * K;
        int32_t label = work->labels[k->index[i]];
        if (label != work->loss.ignore)
            k->result.n_right += row[label] >= bt_max(row, K);
        k->result.loss += bt_loss_row(&work->loss, row, K, label, scale);
    }
}

static void mark_used(const bt_workers *w, struct worker *k, size_t n)
{
    for (size_t s = 0; w->n_embedding > 0 && s < n; s++)
        for (size_t i = 0; i < k->seqs[s].n; i++)
            k->used[k->seqs[s].ids[i]] = 1;
}

static bool goes_back(const bt_work *work)
{
    return work->next ? !work->only_loss : work->labels != NULL;
}

/* Loss of the rows of k->target that count, and their gradients. */
static bt_next_token_result predict(const bt_workers *w, struct worker *k, const float *hidden,
                                    size_t n, double scale)
{
    const bt_work *work = w->work;
    size_t head = bt_vocabulary_index(&w->cfg);
    const bt_next_token_rows rows = {.head = work->net->w[head],
                                     .hidden = hidden,
                                     .target = k->target,
                                     .n = n,
                                     .scale = scale,
                                     .dhidden = work->only_loss ? NULL : bt_run_dhidden(k->run),
                                     .dhead = k->g[head]};
    return bt_next_token_loss(&k->next_token, &rows);
}

/* Loss and gradients of a language model's n sequences. */
static void predict_next(const bt_workers *w, struct worker *k, const bt_batch *b)
{
    const bt_work *work = w->work;
    int32_t *target = k->target;
    for (size_t s = 0; s < b->n_seqs; s++)
        for (size_t i = 0; i < b->seqs[s].n; i++)
            *target++ = i < work->next[k->index[s]] ? -1 : b->seqs[s].ids[i + 1];
    bt_next_token_result result = predict(w, k, bt_run_hidden(k->run), (size_t)(target - k->target),
                                          w->weight > 0 ? 1 / w->weight : 0);
    k->result.loss += result.loss;
    k->result.n_right += result.n_right;
    if (!work->only_loss)
        bt_gpt2_backward_hidden(k->run, work->net, b, k->g);
}

/* Does a classifier predict the token after row i of sequence s? */
static bool guesses(const bt_guess *g, size_t n, size_t s, size_t i)
{
    return i + 1 < n && (i + s + g->phase) % g->every == 0;
}

/* The same of what a classifier predicts beside its labels. */
static void guess_next(const bt_workers *w, struct worker *k, const bt_batch *b)
{
    const bt_guess *g = &w->work->guess;
    int32_t *target = k->target;
    for (size_t s = 0; s < b->n_seqs; s++)
        for (size_t i = 0; i < b->seqs[s].n; i++)
            *target++ = guesses(g, b->seqs[s].n, k->index[s], i) ? b->seqs[s].ids[i + 1] : -1;
    double scale = w->guessed > 0 ? g->weight / (double)w->guessed : 0;
    bt_next_token_result result =
        predict(w, k, bt_run_rows(k->run), (size_t)(target - k->target), scale);
    k->result.guess_loss += result.loss / g->weight;
}

/* Forward, and backward if it is wanted, of the n sequences in k->seqs. */
static void run_chunk(const bt_workers *w, struct worker *k, size_t n)
{
    const bt_work *work = w->work;
    size_t K = w->cfg.n_label;
    bt_batch b = {k->seqs, n, work->read, work->causal};
    bt_run_hold(k->run, goes_back(work));
    if (work->trunk)
        k->status = resume(w, k, &b);
    else
        bt_gpt2_forward(k->run, work->net, &b);
    if (k->status != BOLTER_OK)
        return;
    if (goes_back(work))
        mark_used(w, k, n);
    if (work->next) {
        predict_next(w, k, &b);
        return;
    }
    bt_head_forward(k->run, work->net, &b, k->logits);
    for (size_t i = 0; work->logits && i < n; i++)
        memcpy(work->logits + k->index[i] * K, k->logits + i * K, K * sizeof *k->logits);
    if (!work->labels)
        return;
    take_losses(w, k, n);
    if (work->guess.weight > 0) {
        guess_next(w, k, &b);
        bt_gpt2_backward_both(k->run, work->net, &b, k->logits, k->g);
    } else {
        bt_gpt2_backward(k->run, work->net, &b, k->logits, k->g);
    }
}

/* Zero the gradients; of the embedding's, the rows that are not. */
static void clear(const bt_workers *w, struct worker *k)
{
    size_t C = w->cfg.n_embd;
    for (size_t id = 0; w->n_embedding > 0 && id < w->cfg.n_vocab; id++)
        if (k->used[id])
            memset(k->g[BT_WTE] + id * C, 0, C * sizeof(float));
    memset(k->used, 0, w->n_embedding > 0 ? w->cfg.n_vocab : 0);
    memset(k->block + w->n_embedding, 0, (w->n_values - w->n_embedding) * sizeof *k->block);
}

static void run_worker(void *arg, size_t i)
{
    bt_workers *w = arg;
    struct worker *k = &w->worker[i];
    k->result = (bt_result){0};
    k->status = BOLTER_OK;
    k->err = (bolter_error){0};
    if (goes_back(w->work))
        clear(w, k);
    for (size_t at = 0, n; at < k->n_mine && k->status == BOLTER_OK; at += n) {
        n = next_chunk(k, w->work, at);
        run_chunk(w, k, n);
    }
}

/* ---- All of them ---- */

#define REDUCE_STEP 65536

/* Rows of the embedding's gradient, every n-th of them, that another worker has. */
static void reduce_rows(bt_workers *w, size_t first)
{
    size_t C = w->cfg.n_embd;
    for (size_t id = first; id < w->cfg.n_vocab; id += w->n) {
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
    if (w->n_embedding > 0)
        reduce_rows(w, i);
    size_t end = w->n_values;
    for (size_t at = w->n_embedding + i * REDUCE_STEP; at < end; at += w->n * REDUCE_STEP) {
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
            n += guesses(&work->guess, work->seqs[s].n, s, i);
    return n;
}

bolter_status bt_workers_run(bt_workers *w, const bt_work *work, bt_result *out, bolter_error *err)
{
    bolter_status rc = reserve(w, work->n_seqs, err);
    if (rc != BOLTER_OK)
        return rc;
    share_out(w, work);
    w->work = work;
    w->weight = weight_of(work);
    w->guessed = guessed_of(work);
    bt_parallel(w->n, run_worker, w);
    *out = (bt_result){.n_counted = work->next ? (uint64_t)w->weight : 0};
    for (size_t i = 0; i < w->n; i++) {
        const struct worker *k = &w->worker[i];
        if (k->status != BOLTER_OK)
            return bt_fail(err, k->status, "%s", k->err.text);
        out->loss += k->result.loss;
        out->n_right += k->result.n_right;
        out->guess_loss += k->result.guess_loss;
    }
    if (goes_back(work) && w->n > 1)
        bt_parallel(w->n, reduce, w);
    return BOLTER_OK;
}
