/* worker.c - gather, score, deliver. */
#include "service/worker.h"

#include <signal.h>

#include "base/error.h"
#include "base/mem.h"

static void *work(void *arg)
{
    bt_worker *w = arg;
    size_t n;
    while ((n = bt_queue_take(w->queue, w->batch, w->max_jobs, w->max_tokens)) > 0) {
        atomic_store(&w->since_ns, bt_now_ns());
        w->run(w->state, w->batch, n);
        atomic_store(&w->since_ns, 0);
        bt_queue_deliver(w->queue, w->batch, n);
    }
    return NULL;
}

/* Signals belong to the program's own threads; a worker must not run their handlers. */
static int start_without_signals(pthread_t *thread, void *arg)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int e = pthread_create(thread, NULL, work, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e;
}

bolter_status bt_worker_start(bt_worker *w, bolter_error *err)
{
    w->batch = bt_alloc_array(w->max_jobs, sizeof *w->batch);
    if (!w->batch)
        return bt_fail(err, BOLTER_E_NOMEM, "service: no memory for batches of %zu", w->max_jobs);
    int e = start_without_signals(&w->thread, w);
    if (e == 0)
        return BOLTER_OK;
    bt_release(w->batch);
    return bt_fail_errno(err, e, "service: cannot start a worker");
}

void bt_worker_join(bt_worker *w)
{
    pthread_join(w->thread, NULL);
    bt_release(w->batch);
}
