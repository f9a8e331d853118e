/*
 * service.c - bolter_service_*: a queue, and workers with a session each.
 *
 *     caller:  text -> ids, queue, wait          (any thread)
 *     worker:  gather, score, decide, deliver    (the only threads that compute)
 */
#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "service/explain.h"
#include "service/queue.h"
#include "service/verdict.h"
#include "service/worker.h"

#define DEFAULT_WORKERS    1
#define DEFAULT_MAX_SEQS   16
#define DEFAULT_MAX_QUEUED 256
#define DEFAULT_DEGRADED   128
#define MAX_WORKERS        1024
#define MAX_SEQS           4096
/* Tokens of a batch: room for four windows, or for all of one message, keeps the products large and the
 * memory of a session small; a batch of usual mail holds many more messages. */
#define WINDOWS_PER_BATCH 4
#define DEFAULT_WAIT_MS   1000
#define NS_PER_MS         1000000

/* What one worker owns. */
typedef struct scorer {
    const bolter_model *model;
    bolter_session *session;
    bolter_seq *seqs; /* max_seqs */
    float *prob;      /* (max_seqs, n_label) */
} scorer;

struct bolter_service {
    bolter_model *model;
    bt_queue *queue;
    size_t max_seqs, max_tokens;
    size_t max_queued;
    size_t degrade_at, degrade_tokens; /* when so many wait, read so much; SIZE_MAX: never */
    size_t n_scorers, n_started;
    scorer *scorers;
    bt_worker *workers;
};

static void fill_verdict(const scorer *sc, bt_job *j, const float *prob)
{
    j->status = BOLTER_OK;
    j->verdict = (bolter_verdict){
        .n_tokens = j->seq.n,
        .n_windows = j->seq.windows,
        .truncated = j->truncated,
        .degraded = j->degraded};
    bt_verdict_decide(&j->verdict, sc->model, prob);
    j->verdict.queue_ms = bt_ms_between(j->queued_ns, j->taken_ns);
    j->verdict.compute_ms = bt_ms_between(j->taken_ns, bt_now_ns());
}

static bool score_together(scorer *sc, bt_job **jobs, size_t n)
{
    size_t n_label = (size_t)bolter_model_info_of(sc->model)->n_label;
    bolter_error err = {0};
    for (size_t i = 0; i < n; i++)
        sc->seqs[i] = jobs[i]->seq;
    bolter_status s = bolter_session_score(sc->session, sc->seqs, n, sc->prob, &err);
    for (size_t i = 0; i < n; i++) {
        if (s == BOLTER_OK) {
            fill_verdict(sc, jobs[i], sc->prob + i * n_label);
            continue;
        }
        jobs[i]->status = s;
        jobs[i]->err = err;
    }
    return s == BOLTER_OK;
}

/* A message that cannot be scored must not take its batch with it: each gets a second chance alone.
 */
static void score_batch(void *state, bt_job **jobs, size_t n)
{
    scorer *sc = state;
    if (score_together(sc, jobs, n) || n == 1)
        return;
    for (size_t i = 0; i < n; i++)
        score_together(sc, &jobs[i], 1);
}

static bolter_status open_scorer(bolter_service *s, scorer *sc, bolter_error *err)
{
    size_t n_label = (size_t)bolter_model_info_of(s->model)->n_label, n_prob;
    if (!bt_mul_size(s->max_seqs, n_label, &n_prob))
        return bt_fail(err, BOLTER_E_NOMEM, "service: %zu labels are too many", n_label);
    sc->model = s->model;
    sc->seqs = bt_alloc_array(s->max_seqs, sizeof *sc->seqs);
    sc->prob = bt_alloc_array(n_prob, sizeof *sc->prob);
    if (!sc->seqs || !sc->prob)
        return bt_fail(err, BOLTER_E_NOMEM, "service: no memory for batches of %zu", s->max_seqs);
    return bolter_session_open(&sc->session, s->model, s->max_seqs, s->max_tokens, err);
}

static bolter_status start(bolter_service *s, bolter_error *err)
{
    for (size_t i = 0; i < s->n_scorers; i++) {
        s->workers[i] = (bt_worker){.queue = s->queue,
                                    .run = score_batch,
                                    .state = &s->scorers[i],
                                    .max_jobs = s->max_seqs,
                                    .max_tokens = s->max_tokens};
        bolter_status status = open_scorer(s, &s->scorers[i], err);
        if (status == BOLTER_OK)
            status = bt_worker_start(&s->workers[i], err);
        if (status != BOLTER_OK)
            return status;
        s->n_started++;
    }
    return BOLTER_OK;
}

static size_t or_default(size_t value, size_t fallback)
{
    return value ? value : fallback;
}

/* From a share of the queue to a number of messages, at least one: an empty queue is no load. */
static size_t degrade_length(double share, size_t max_queued)
{
    if (!(share > 0))
        return SIZE_MAX;
    size_t n = (size_t)ceil(share * (double)max_queued);
    return n > 0 ? n : 1;
}

static bolter_status open_parts(bolter_service *s, const bolter_service_options *o,
                                bolter_error *err)
{
    const bolter_model_info *info = bolter_model_info_of(s->model);
    size_t per_batch;
    s->max_seqs = or_default(o->max_seqs, DEFAULT_MAX_SEQS);
    s->n_scorers = or_default(o->workers, DEFAULT_WORKERS);
    s->max_queued = or_default(o->max_queued, DEFAULT_MAX_QUEUED);
    s->degrade_at = degrade_length(o->degrade_at, s->max_queued);
    s->degrade_tokens = or_default(o->degrade_tokens, DEFAULT_DEGRADED);
    if (s->max_seqs > MAX_SEQS || s->n_scorers > MAX_WORKERS)
        return bt_fail(err, BOLTER_E_ARG,
                       "service: %zu workers of %zu messages, expected at most "
                       "%d and %d",
                       s->n_scorers, s->max_seqs, MAX_WORKERS, MAX_SEQS);
    per_batch = (size_t)info->max_tokens *
                (s->max_seqs < WINDOWS_PER_BATCH ? s->max_seqs : WINDOWS_PER_BATCH);
    s->max_tokens = info->max_ids > per_batch ? info->max_ids : per_batch;
    s->scorers = bt_alloc_array(s->n_scorers, sizeof *s->scorers);
    s->workers = bt_alloc_array(s->n_scorers, sizeof *s->workers);
    if (!s->scorers || !s->workers)
        return bt_fail(err, BOLTER_E_NOMEM, "service: no memory for %zu workers", s->n_scorers);
    return bt_queue_open(&s->queue, s->max_queued, err);
}

bolter_status bolter_service_open(bolter_service **out, bolter_model *m,
                                  const bolter_service_options *o, bolter_error *err)
{
    static const bolter_service_options defaults;
    *out = NULL;
    bolter_status status = bolter_model_need_spam_head(m, err);
    if (status != BOLTER_OK)
        return status;
    bolter_service *s = bt_alloc(sizeof *s);
    if (!s)
        return bt_fail(err, BOLTER_E_NOMEM, "service: no memory");
    s->model = bolter_model_ref(m);
    status = open_parts(s, o ? o : &defaults, err);
    if (status == BOLTER_OK)
        status = start(s, err);
    if (status != BOLTER_OK) {
        bolter_service_close(s);
        return status;
    }
    *out = s;
    return BOLTER_OK;
}

void bolter_service_close(bolter_service *s)
{
    if (!s)
        return;
    if (s->queue)
        bt_queue_close(s->queue);
    for (size_t i = 0; i < s->n_started; i++)
        bt_worker_join(&s->workers[i]);
    for (size_t i = 0; s->scorers && i < s->n_scorers; i++) {
        bolter_session_free(s->scorers[i].session);
        bt_release(s->scorers[i].seqs);
        bt_release(s->scorers[i].prob);
    }
    bt_queue_free(s->queue);
    bt_release(s->scorers);
    bt_release(s->workers);
    bolter_model_unref(s->model);
    bt_release(s);
}

static bt_patience patience_of(int64_t begin_ns, uint32_t timeout_ms, uint32_t wait_ms,
                               bolter_wait_fn wait, void *ud)
{
    bt_patience p = {.every_ns = (int64_t)(wait_ms ? wait_ms : DEFAULT_WAIT_MS) * NS_PER_MS,
                     .wait = wait,
                     .ud = ud};
    if (timeout_ms)
        p.deadline_ns = begin_ns + (int64_t)timeout_ms * NS_PER_MS;
    return p;
}

/* With what is read of a text by the wide part, or NULL. */
static bolter_status classify(bolter_service *s, const char *utf8, size_t n,
                              const bolter_features *f, const bt_patience *p, int64_t begin_ns,
                              bolter_verdict *out, bolter_error *err)
{
    bt_reading r;
    bolter_status status = bt_reading_open(&r, s->model, utf8, n, err);
    if (status != BOLTER_OK)
        return status;
    bool degraded = bt_queue_length(s->queue) >= s->degrade_at &&
                    bt_reading_shorten(&r, s->model, s->degrade_tokens);
    bt_job j = {.seq = r.seq, .truncated = r.truncated, .degraded = degraded};
    j.seq.features = f;
    int64_t read_ns = bt_now_ns();
    status = bt_queue_run(s->queue, &j, p, err);
    if (status == BOLTER_OK) {
        *out = j.verdict;
        out->compute_ms += bt_ms_between(begin_ns, read_ns);
    }
    bt_reading_clear(&r);
    return status;
}

bolter_status bolter_service_classify(bolter_service *s, const char *utf8, size_t n,
                                      uint32_t timeout_ms, uint32_t wait_ms, bolter_wait_fn wait,
                                      void *ud, bolter_verdict *out, bolter_error *err)
{
    int64_t begin_ns = bt_now_ns();
    bt_patience p = patience_of(begin_ns, timeout_ms, wait_ms, wait, ud);
    return classify(s, utf8, n, NULL, &p, begin_ns, out, err);
}

bolter_status bolter_service_classify_text(bolter_service *s, bolter_text *t, uint32_t timeout_ms,
                                           uint32_t wait_ms, bolter_wait_fn wait, void *ud,
                                           bolter_verdict *out, bolter_error *err)
{
    int64_t begin_ns = bt_now_ns();
    bt_patience p = patience_of(begin_ns, timeout_ms, wait_ms, wait, ud);
    bolter_features room;
    const bolter_features *f;
    const char *utf8;
    size_t n;
    bolter_status status = bt_wide_reading(&room, &f, s->model, t, err);
    bolter_text_last(t, &utf8, &n);
    return status == BOLTER_OK ? classify(s, utf8, n, f, &p, begin_ns, out, err) : status;
}

/* One sequence through the queue. */
struct asking {
    bolter_service *service;
    bt_patience patience;
};

static bolter_status ask_workers(void *ud, const bolter_seq *seq, double *spam, bolter_error *err)
{
    struct asking *a = ud;
    bt_job j = {.seq = *seq};
    bolter_status status = bt_queue_run(a->service->queue, &j, &a->patience, err);
    if (status == BOLTER_OK)
        *spam = (double)j.verdict.spam;
    return status;
}

bolter_status bolter_service_explain(bolter_service *s, const char *utf8, size_t n,
                                     uint32_t timeout_ms, uint32_t wait_ms, bolter_wait_fn wait,
                                     void *ud, bolter_piece *out, size_t cap, size_t *n_pieces,
                                     bolter_error *err)
{
    struct asking a = {s, patience_of(bt_now_ns(), timeout_ms, wait_ms, wait, ud)};
    return bt_explain(s->model, ask_workers, &a, utf8, n, out, cap, n_pieces, err);
}

void bolter_service_state_of(bolter_service *s, bolter_service_state *out)
{
    int64_t now_ns = bt_now_ns(), oldest_ns = now_ns;
    *out = (bolter_service_state){.queued = bt_queue_length(s->queue),
                                  .max_queued = s->max_queued,
                                  .workers = s->n_started};
    for (size_t i = 0; i < s->n_started; i++) {
        int64_t since_ns = atomic_load(&s->workers[i].since_ns);
        out->busy += since_ns != 0;
        if (since_ns != 0 && since_ns < oldest_ns)
            oldest_ns = since_ns;
    }
    out->longest_ms = (uint64_t)((now_ns - oldest_ns) / NS_PER_MS);
}
