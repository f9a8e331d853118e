/* queue.c - a linked list, one lock, one condition for workers and one for each submitter. */
#include "service/queue.h"

#include <time.h>

#include "base/error.h"
#include "base/mem.h"

#define NS_PER_S 1000000000

struct bt_queue {
    pthread_mutex_t lock; /* guards everything below, and the queue's part of every job */
    pthread_cond_t work;  /* a job was queued, or the queue was closed */
    bt_job *first, **end;
    size_t length, max_queued;
    bool closed;
};

int64_t bt_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

bolter_status bt_queue_open(bt_queue **out, size_t max_queued, bolter_error *err)
{
    *out = NULL;
    bt_queue *q = bt_alloc(sizeof *q);
    if (!q)
        return bt_fail(err, BOLTER_E_NOMEM, "service: no memory for the queue");
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->work, NULL);
    q->end = &q->first;
    q->max_queued = max_queued;
    *out = q;
    return BOLTER_OK;
}

void bt_queue_free(bt_queue *q)
{
    if (!q)
        return;
    pthread_cond_destroy(&q->work);
    pthread_mutex_destroy(&q->lock);
    bt_release(q);
}

/* Deadlines are on the monotonic clock: a clock that is set must not end or prolong a wait. */
static void init_done(pthread_cond_t *done)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(done, &attr);
    pthread_condattr_destroy(&attr);
}

/* With the lock held. */
static bolter_status push(bt_queue *q, bt_job *j, bolter_error *err)
{
    if (q->closed)
        return bt_fail(err, BOLTER_E_ARG, "service: it is closed");
    if (q->length >= q->max_queued)
        return bt_fail(err, BOLTER_E_BUSY, "service: %zu messages wait already, the most allowed",
                       q->length);
    j->state = BT_JOB_QUEUED;
    j->queued_ns = bt_now_ns();
    j->next = NULL;
    *q->end = j;
    q->end = &j->next;
    q->length++;
    pthread_cond_signal(&q->work);
    return BOLTER_OK;
}

/* With the lock held and j queued. */
static void withdraw(bt_queue *q, bt_job *j)
{
    bt_job **link = &q->first;
    while (*link != j)
        link = &(*link)->next;
    *link = j->next;
    if (q->end == &j->next)
        q->end = link;
    q->length--;
    j->state = BT_JOB_NEW;
}

/* Call the submitter's function outside the lock: it talks to a mail server. */
static bool keep_waiting(bt_queue *q, const bt_patience *p)
{
    pthread_mutex_unlock(&q->lock);
    bool go_on = p->wait(p->ud);
    pthread_mutex_lock(&q->lock);
    return go_on;
}

/* Sleep until j changes or a moment comes (0: none). */
static void sleep_until(bt_queue *q, bt_job *j, int64_t moment_ns)
{
    if (moment_ns == 0) {
        pthread_cond_wait(&j->done, &q->lock);
        return;
    }
    struct timespec t = {.tv_sec = (time_t)(moment_ns / NS_PER_S),
                         .tv_nsec = (long)(moment_ns % NS_PER_S)};
    pthread_cond_timedwait(&j->done, &q->lock, &t);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* With the lock held and j queued: until it is done, or withdrawn for the reason returned. */
static bolter_status await(bt_queue *q, bt_job *j, const bt_patience *p)
{
    bool cancelled = false;
    int64_t call_ns = p->wait ? bt_now_ns() + p->every_ns : 0;
    while (j->state != BT_JOB_DONE) {
        int64_t now = bt_now_ns();
        bool late = p->deadline_ns != 0 && now >= p->deadline_ns;
        if (j->state == BT_JOB_QUEUED && (cancelled || late)) {
            withdraw(q, j);
            return cancelled ? BOLTER_E_CANCELLED : BOLTER_E_TIMEOUT;
        }
        if (call_ns != 0 && now >= call_ns) {
            cancelled = !keep_waiting(q, p);
            call_ns = cancelled ? 0 : bt_now_ns() + p->every_ns;
            continue;
        }
        /* In a worker's hands the deadline means nothing any more. */
        sleep_until(q, j, late ? call_ns : earlier(p->deadline_ns, call_ns));
    }
    return cancelled ? BOLTER_E_CANCELLED : BOLTER_OK;
}

bolter_status bt_queue_run(bt_queue *q, bt_job *j, const bt_patience *p, bolter_error *err)
{
    init_done(&j->done);
    pthread_mutex_lock(&q->lock);
    bolter_status s = push(q, j, err);
    if (s == BOLTER_OK) {
        s = await(q, j, p);
        if (s == BOLTER_E_TIMEOUT)
            bt_fail(err, s, "service: no worker was free in time (%zu more wait)", q->length);
        else if (s == BOLTER_E_CANCELLED)
            bt_fail(err, s, "service: the caller gave up");
        else if ((s = j->status) != BOLTER_OK)
            bt_fail(err, s, "%s", j->err.text);
    }
    pthread_mutex_unlock(&q->lock);
    pthread_cond_destroy(&j->done);
    return s;
}

/* With the lock held. */
static bt_job *pop(bt_queue *q)
{
    bt_job *j = q->first;
    q->first = j->next;
    if (!q->first)
        q->end = &q->first;
    q->length--;
    j->state = BT_JOB_TAKEN;
    j->taken_ns = bt_now_ns();
    return j;
}

size_t bt_queue_take(bt_queue *q, bt_job **jobs, size_t max_jobs, size_t max_tokens)
{
    size_t n = 0, tokens = 0;
    pthread_mutex_lock(&q->lock);
    while (!q->first && !q->closed)
        pthread_cond_wait(&q->work, &q->lock);
    while (q->first && n < max_jobs) {
        size_t more = q->first->seq.n;
        if (n > 0 && (tokens > max_tokens || more > max_tokens - tokens))
            break;
        tokens += more;
        jobs[n++] = pop(q);
    }
    pthread_mutex_unlock(&q->lock);
    return n;
}

void bt_queue_deliver(bt_queue *q, bt_job **jobs, size_t n)
{
    pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < n; i++) {
        jobs[i]->state = BT_JOB_DONE;
        pthread_cond_signal(&jobs[i]->done);
    }
    pthread_mutex_unlock(&q->lock);
}

size_t bt_queue_length(bt_queue *q)
{
    pthread_mutex_lock(&q->lock);
    size_t n = q->length;
    pthread_mutex_unlock(&q->lock);
    return n;
}

void bt_queue_close(bt_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->work);
    pthread_mutex_unlock(&q->lock);
}
