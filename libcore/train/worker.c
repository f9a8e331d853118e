/* worker.c - forward and back over one thread's sequences, chunk by chunk. */
#include "train/worker.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "train/trunk.h"

/* What it takes to predict the next token. */
static bolter_status open_next_token(const bt_job *job, bt_worker *k, bool tiled, bolter_error *err)
{
    k->target = bt_alloc_array(job->chunk_tokens, sizeof *k->target);
    if (!k->target)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    return bt_next_token_init(&k->next_token, job->cfg.n_vocab, job->cfg.n_embd, job->chunk_tokens, tiled,
                              err);
}

bolter_status bt_worker_open(bt_worker *k, const bt_job *job, const bt_workers_size *size,
                             bolter_error *err)
{
    bt_run_size run = size->run;
    size_t n = 3 * size->params->n, at = 0;
    run.max_tok = job->chunk_tokens;
    run.max_seqs = BT_CHUNK_SEQS;
    bolter_status rc = bt_run_open(&k->run, &job->cfg, &run, err);
    if (rc == BOLTER_OK && size->predicts)
        rc = open_next_token(job, k, run.tiled, err);
    k->block = bt_alloc_array(job->n_values, sizeof *k->block);
    k->g = bt_alloc_array(n, sizeof *k->g);
    k->used = bt_alloc(job->n_embedding > 0 ? job->cfg.n_vocab : 0);
    k->logits = bt_alloc_array(BT_CHUNK_SEQS * job->cfg.n_label, sizeof *k->logits);
    if (rc != BOLTER_OK || !k->block || !k->g || !k->used || !k->logits)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for %zu gradients", job->n_values);
    for (size_t i = 0; i < n; i++) {
        k->g[i] = size->n_gradient[i] > 0 ? k->block + at : NULL;
        at += size->n_gradient[i];
    }
    return BOLTER_OK;
}

void bt_worker_clear(bt_worker *k)
{
    bt_run_free(k->run);
    bt_release(k->block);
    bt_release(k->g);
    bt_release(k->used);
    bt_release(k->mine);
    bt_release(k->logits);
    bt_release(k->target);
    bt_next_token_clear(&k->next_token);
}

bool bt_chunk_has_room(size_t n, size_t tokens, size_t more)
{
    return n < BT_CHUNK_SEQS && tokens + more <= BT_CHUNK_TOKENS;
}

/* Collect the next of its sequences that go through the network together; how many. */
static size_t next_chunk(bt_worker *k, const bt_work *work, size_t from)
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
static bolter_status resume(const bt_job *job, bt_worker *k, const bt_batch *b)
{
    const bt_trunk *trunk = job->work->trunk;
    bolter_status rc = BOLTER_OK;
    bool heads = trunk->kind.first == job->cfg.n_layer;
    float *x = bt_run_input(k->run, trunk->kind.first);
    for (size_t s = 0; rc == BOLTER_OK && s < b->n_seqs; s++) {
        rc = bt_trunk_load(trunk, &b->seqs[s], x, &k->err);
        x += (heads ? 1 : b->seqs[s].n) * job->cfg.n_embd;
    }
    if (rc == BOLTER_OK)
        bt_gpt2_resume(k->run, job->work->net, b, trunk->kind.first);
    return rc;
}

/* Logits become gradients; loss and hits are counted. */
static void take_losses(const bt_job *job, bt_worker *k, size_t n)
{
    const bt_work *work = job->work;
    size_t K = job->cfg.n_label;
    double scale = job->weight > 0 ? 1 / job->weight : 0;
    for (size_t i = 0; i < n; i++) {
        float *row = k->logits + i * K;
        int32_t label = work->labels[k->index[i]];
        if (label != work->loss.ignore)
            k->result.n_right += row[label] >= bt_max(row, K);
        k->result.loss += bt_loss_row(&work->loss, row, K, label, scale);
    }
}

static void mark_used(const bt_job *job, bt_worker *k, size_t n)
{
    for (size_t s = 0; job->n_embedding > 0 && s < n; s++)
        for (size_t i = 0; i < k->seqs[s].n; i++)
            k->used[k->seqs[s].ids[i]] = 1;
}

bool bt_goes_back(const bt_work *work)
{
    return work->next ? !work->only_loss : work->labels != NULL;
}

/* Loss of the rows of k->target that count, and their gradients. */
static bt_next_token_result predict(const bt_job *job, bt_worker *k, const float *hidden,
                                    size_t n, double scale)
{
    const bt_work *work = job->work;
    size_t head = bt_vocabulary_index(&job->cfg);
    const bt_next_token_rows rows = {.head = work->net->w[head],
                                     .hidden = hidden,
                                     .target = k->target,
                                     .n = n,
                                     .scale = scale,
                                     .tile = work->net->tile,
                                     .dhidden = work->only_loss ? NULL : bt_run_dhidden(k->run),
                                     .dhead = k->g[head]};
    return bt_next_token_loss(&k->next_token, &rows);
}

/* Loss and gradients of a language model's n sequences. */
static void predict_next(const bt_job *job, bt_worker *k, const bt_batch *b)
{
    const bt_work *work = job->work;
    int32_t *target = k->target;
    for (size_t s = 0; s < b->n_seqs; s++)
        for (size_t i = 0; i < b->seqs[s].n; i++)
            *target++ = i < work->next[k->index[s]] ? -1 : b->seqs[s].ids[i + 1];
    bt_next_token_result result = predict(job, k, bt_run_hidden(k->run), (size_t)(target - k->target),
                                          job->weight > 0 ? 1 / job->weight : 0);
    k->result.loss += result.loss;
    k->result.n_right += result.n_right;
    if (!work->only_loss)
        bt_gpt2_backward_hidden(k->run, work->net, b, k->g);
}

/* Does a classifier predict the token after row i of sequence s? */
bool bt_guesses(const bt_guess *g, size_t n, size_t s, size_t i)
{
    return i + 1 < n && (i + s + g->phase) % g->every == 0;
}

/* The same of what a classifier predicts beside its labels. */
static void guess_next(const bt_job *job, bt_worker *k, const bt_batch *b)
{
    const bt_guess *g = &job->work->guess;
    int32_t *target = k->target;
    for (size_t s = 0; s < b->n_seqs; s++)
        for (size_t i = 0; i < b->seqs[s].n; i++)
            *target++ = bt_guesses(g, b->seqs[s].n, k->index[s], i) ? b->seqs[s].ids[i + 1] : -1;
    double scale = job->guessed > 0 ? g->weight / (double)job->guessed : 0;
    bt_next_token_result result =
        predict(job, k, bt_run_rows(k->run), (size_t)(target - k->target), scale);
    k->result.guess_loss += result.loss / g->weight;
}

/* Forward, and backward if it is wanted, of the n sequences in k->seqs. */
static void run_chunk(const bt_job *job, bt_worker *k, size_t n)
{
    const bt_work *work = job->work;
    size_t K = job->cfg.n_label;
    bt_batch b = {k->seqs, n, work->read, work->causal};
    bt_run_hold(k->run, bt_goes_back(work));
    if (work->trunk)
        k->status = resume(job, k, &b);
    else
        bt_gpt2_forward(k->run, work->net, &b);
    if (k->status != BOLTER_OK)
        return;
    if (bt_goes_back(work))
        mark_used(job, k, n);
    if (work->next) {
        predict_next(job, k, &b);
        return;
    }
    bt_head_forward(k->run, work->net, &b, k->logits);
    for (size_t i = 0; work->logits && i < n; i++)
        memcpy(work->logits + k->index[i] * K, k->logits + i * K, K * sizeof *k->logits);
    if (!work->labels)
        return;
    take_losses(job, k, n);
    if (work->guess.weight > 0) {
        guess_next(job, k, &b);
        bt_gpt2_backward_both(k->run, work->net, &b, k->logits, k->g);
    } else {
        bt_gpt2_backward(k->run, work->net, &b, k->logits, k->g);
    }
}

/* Zero the gradients; of the embedding's, the rows that are not. */
static void clear(const bt_job *job, bt_worker *k)
{
    size_t C = job->cfg.n_embd;
    for (size_t id = 0; job->n_embedding > 0 && id < job->cfg.n_vocab; id++)
        if (k->used[id])
            memset(k->g[BT_WTE] + id * C, 0, C * sizeof(float));
    memset(k->used, 0, job->n_embedding > 0 ? job->cfg.n_vocab : 0);
    memset(k->block + job->n_embedding, 0, (job->n_values - job->n_embedding) * sizeof *k->block);
}

void bt_worker_run(bt_worker *k, const bt_job *job)
{
    k->result = (bt_result){0};
    k->status = BOLTER_OK;
    k->err = (bolter_error){0};
    if (bt_goes_back(job->work))
        clear(job, k);
    for (size_t at = 0, n; at < k->n_mine && k->status == BOLTER_OK; at += n) {
        n = next_chunk(k, job->work, at);
        run_chunk(job, k, n);
    }
}
