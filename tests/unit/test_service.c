/* test_service.c - the queue and its workers, with functions in the place of a model. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "service/queue.h"
#include "service/worker.h"
#include "tests/check.h"

#define MS       1000000
#define MAX_JOBS 8

static void nap_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * MS};
    nanosleep(&t, NULL);
}

/* A thread that submits one job and keeps what came of it. */
struct asker {
    bt_queue *queue;
    bt_job job;
    bt_patience patience;
    bolter_status status;
    bolter_error err;
    pthread_t thread;
};

static void *ask(void *arg)
{
    struct asker *a = arg;
    a->status = bt_queue_run(a->queue, &a->job, &a->patience, &a->err);
    return NULL;
}

static void await_length(bt_queue *q, size_t length)
{
    for (int i = 0; i < 5000 && bt_queue_length(q) != length; i++)
        nap_ms(1);
}

/* Start an asker and return once its job stands in the queue. */
static void enqueue(struct asker *a, bt_queue *q, size_t n_tokens)
{
    size_t before = bt_queue_length(q);
    a->queue = q;
    a->job.seq.n = n_tokens;
    pthread_create(&a->thread, NULL, ask, a);
    await_length(q, before + 1);
}

static void take_and_deliver(bt_queue *q, bt_job **jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        jobs[i]->status = BOLTER_OK;
        jobs[i]->verdict.n_tokens = jobs[i]->seq.n;
    }
    bt_queue_deliver(q, jobs, n);
}

static void jobs_leave_in_the_order_they_came(struct check *c)
{
    bt_queue *q;
    struct asker a[4] = {{.queue = NULL}};
    bt_job *taken[MAX_JOBS];
    bt_queue_open(&q, 10, NULL);
    for (size_t i = 0; i < 4; i++)
        enqueue(&a[i], q, i + 1);
    size_t n = bt_queue_take(q, taken, 3, 100);
    CHECK(c, n == 3, "a batch of at most 3 got %zu", n);
    for (size_t i = 0; i < n; i++)
        CHECK(c, taken[i] == &a[i].job, "place %zu has %zu tokens", i, taken[i]->seq.n);
    take_and_deliver(q, taken, n);
    n = bt_queue_take(q, taken, 3, 100);
    CHECK(c, n == 1 && taken[0] == &a[3].job, "the rest is %zu", n);
    take_and_deliver(q, taken, n);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(a[i].thread, NULL);
        CHECK(c, a[i].status == BOLTER_OK && a[i].job.verdict.n_tokens == i + 1, "asker %zu: %s", i,
              a[i].err.text);
    }
    bt_queue_free(q);
}

static void batch_stops_before_its_tokens_overflow(struct check *c)
{
    static const size_t length[] = {90, 10, 10, 200, 1}, want[] = {2, 1, 1, 1};
    bt_queue *q;
    struct asker a[5] = {{.queue = NULL}};
    bt_job *taken[MAX_JOBS];
    bt_queue_open(&q, 10, NULL);
    for (size_t i = 0; i < 5; i++)
        enqueue(&a[i], q, length[i]);
    for (size_t i = 0; i < 4; i++) {
        size_t n = bt_queue_take(q, taken, MAX_JOBS, 100);
        CHECK(c, n == want[i], "batch %zu has %zu jobs, want %zu", i, n, want[i]);
        take_and_deliver(q, taken, n);
    }
    for (size_t i = 0; i < 5; i++)
        pthread_join(a[i].thread, NULL);
    bt_queue_free(q);
}

static void full_queue_answers_busy_at_once(struct check *c)
{
    bt_queue *q;
    struct asker a[2] = {{.queue = NULL}};
    bt_job extra = {.seq = {.n = 1}}, *taken[MAX_JOBS];
    bt_patience patient = {0};
    bolter_error err = {0};
    bt_queue_open(&q, 2, NULL);
    enqueue(&a[0], q, 1);
    enqueue(&a[1], q, 1);
    CHECK(c, bt_queue_run(q, &extra, &patient, &err) == BOLTER_E_BUSY, "got %s", err.text);
    CHECK(c, bt_queue_length(q) == 2, "length is %zu", bt_queue_length(q));
    take_and_deliver(q, taken, bt_queue_take(q, taken, MAX_JOBS, 100));
    for (size_t i = 0; i < 2; i++)
        pthread_join(a[i].thread, NULL);
    bt_queue_free(q);
}

static void deadline_withdraws_a_job_that_still_waits(struct check *c)
{
    bt_queue *q;
    struct asker a[3] = {{.queue = NULL}};
    bt_job *taken[MAX_JOBS];
    bt_queue_open(&q, 10, NULL);
    a[1].patience.deadline_ns = bt_now_ns() + 100 * MS;
    for (size_t i = 0; i < 3; i++)
        enqueue(&a[i], q, 1);
    pthread_join(a[1].thread, NULL);
    CHECK(c, a[1].status == BOLTER_E_TIMEOUT, "got %s", bolter_status_name(a[1].status));
    size_t n = bt_queue_take(q, taken, MAX_JOBS, 100);
    CHECK(c, n == 2 && taken[0] == &a[0].job && taken[1] == &a[2].job, "%zu jobs are left", n);
    take_and_deliver(q, taken, n);
    pthread_join(a[0].thread, NULL);
    pthread_join(a[2].thread, NULL);
    bt_queue_free(q);
}

static void last_job_withdrawn_leaves_a_usable_queue(struct check *c)
{
    bt_queue *q;
    struct asker late = {.queue = NULL}, next = {.queue = NULL};
    bt_job *taken[MAX_JOBS];
    bt_queue_open(&q, 10, NULL);
    late.patience.deadline_ns = bt_now_ns() + 10 * MS;
    enqueue(&late, q, 1);
    pthread_join(late.thread, NULL);
    CHECK(c, bt_queue_length(q) == 0, "length is %zu", bt_queue_length(q));
    enqueue(&next, q, 7);
    size_t n = bt_queue_take(q, taken, MAX_JOBS, 100);
    CHECK(c, n == 1 && taken[0] == &next.job, "got %zu jobs", n);
    take_and_deliver(q, taken, n);
    pthread_join(next.thread, NULL);
    bt_queue_free(q);
}

static void job_in_a_workers_hands_outlives_its_deadline(struct check *c)
{
    bt_queue *q;
    struct asker a = {.queue = NULL};
    bt_job *taken[MAX_JOBS];
    bt_queue_open(&q, 10, NULL);
    a.patience.deadline_ns = bt_now_ns() + 500 * MS;
    enqueue(&a, q, 5);
    size_t n = bt_queue_take(q, taken, MAX_JOBS, 100);
    nap_ms(600);
    take_and_deliver(q, taken, n);
    pthread_join(a.thread, NULL);
    CHECK(c, a.status == BOLTER_OK && a.job.verdict.n_tokens == 5, "got %s", a.err.text);
    bt_queue_free(q);
}

/* Counts calls and says no at the nth. */
struct patience_counter {
    atomic_int calls;
    int no_at;
};

static bool count_call(void *ud)
{
    struct patience_counter *p = ud;
    return atomic_fetch_add(&p->calls, 1) + 1 != p->no_at;
}

static void wait_function_is_called_and_may_cancel(struct check *c)
{
    bt_queue *q;
    struct patience_counter counter = {.no_at = 3};
    struct asker a = {.patience = {.every_ns = 5 * MS, .wait = count_call, .ud = &counter}};
    bt_queue_open(&q, 10, NULL);
    a.queue = q;
    ask(&a);
    CHECK(c, a.status == BOLTER_E_CANCELLED, "got %s", bolter_status_name(a.status));
    CHECK(c, atomic_load(&counter.calls) == 3, "called %d times", atomic_load(&counter.calls));
    CHECK(c, bt_queue_length(q) == 0, "length is %zu", bt_queue_length(q));
    bt_queue_free(q);
}

static void cancelled_job_in_a_batch_waits_for_the_batch(struct check *c)
{
    bt_queue *q;
    struct patience_counter counter = {.no_at = 1};
    struct asker a = {.patience = {.every_ns = 200 * MS, .wait = count_call, .ud = &counter}};
    bt_job *taken[MAX_JOBS];
    bt_queue_open(&q, 10, NULL);
    enqueue(&a, q, 1);
    size_t n = bt_queue_take(q, taken, MAX_JOBS, 100);
    for (int i = 0; i < 5000 && atomic_load(&counter.calls) == 0; i++)
        nap_ms(1);
    /* Had the asker left, this would write to a job that is gone. */
    take_and_deliver(q, taken, n);
    pthread_join(a.thread, NULL);
    CHECK(c, a.status == BOLTER_E_CANCELLED, "got %s", bolter_status_name(a.status));
    CHECK(c, atomic_load(&counter.calls) == 1, "called %d times", atomic_load(&counter.calls));
    bt_queue_free(q);
}

static void failure_of_a_job_reaches_its_submitter(struct check *c)
{
    bt_queue *q;
    struct asker a = {.queue = NULL};
    bt_job *taken[MAX_JOBS];
    bt_queue_open(&q, 10, NULL);
    enqueue(&a, q, 1);
    size_t n = bt_queue_take(q, taken, MAX_JOBS, 100);
    taken[0]->status = bt_fail(&taken[0]->err, BOLTER_E_NUMERIC, "a score is not a number");
    bt_queue_deliver(q, taken, n);
    pthread_join(a.thread, NULL);
    CHECK(c, a.status == BOLTER_E_NUMERIC && strstr(a.err.text, "not a number"), "got %s",
          a.err.text);
    bt_queue_free(q);
}

/* What a worker of the tests owns. */
struct tally {
    size_t jobs, largest;
    long nap;
};

static void square(void *state, bt_job **jobs, size_t n)
{
    struct tally *t = state;
    nap_ms(t->nap);
    t->jobs += n;
    if (n > t->largest)
        t->largest = n;
    for (size_t i = 0; i < n; i++) {
        jobs[i]->status = BOLTER_OK;
        jobs[i]->verdict.n_tokens = jobs[i]->seq.n * jobs[i]->seq.n;
    }
}

#define ASKERS 16
#define ROUNDS 50

static void *ask_often(void *arg)
{
    struct asker *a = arg;
    for (size_t i = 0; i < ROUNDS; i++) {
        bt_job j = {.seq = {.n = a->job.seq.n + i}};
        bolter_status s = bt_queue_run(a->queue, &j, &a->patience, &a->err);
        if (s != BOLTER_OK || j.verdict.n_tokens != j.seq.n * j.seq.n)
            a->status = s == BOLTER_OK ? BOLTER_E_MISMATCH : s;
    }
    return NULL;
}

static void many_askers_and_three_workers_lose_nothing(struct check *c)
{
    bt_queue *q;
    struct asker a[ASKERS] = {{.queue = NULL}};
    struct tally tally[3] = {{.jobs = 0}};
    bt_worker w[3];
    bt_queue_open(&q, ASKERS, NULL);
    for (size_t i = 0; i < 3; i++) {
        w[i] = (bt_worker){
            .queue = q, .run = square, .state = &tally[i], .max_jobs = 4, .max_tokens = 1000};
        bolter_error err = {0};
        CHECK(c, bt_worker_start(&w[i], &err) == BOLTER_OK, "%s", err.text);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        a[i].queue = q;
        a[i].job.seq.n = 10 * i;
        pthread_create(&a[i].thread, NULL, ask_often, &a[i]);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        pthread_join(a[i].thread, NULL);
        CHECK(c, a[i].status == BOLTER_OK, "asker %zu: %s %s", i, bolter_status_name(a[i].status),
              a[i].err.text);
    }
    bt_queue_close(q);
    for (size_t i = 0; i < 3; i++)
        bt_worker_join(&w[i]);
    size_t jobs = tally[0].jobs + tally[1].jobs + tally[2].jobs;
    CHECK(c, jobs == ASKERS * ROUNDS, "%zu jobs were scored", jobs);
    bt_queue_free(q);
}

static void closing_scores_what_waits_in_one_batch(struct check *c)
{
    bt_queue *q;
    struct asker a[5] = {{.queue = NULL}};
    struct tally tally = {.nap = 20};
    bt_worker w = {.run = square, .state = &tally, .max_jobs = MAX_JOBS, .max_tokens = 1000};
    bt_queue_open(&q, 10, NULL);
    w.queue = q;
    for (size_t i = 0; i < 5; i++)
        enqueue(&a[i], q, i);
    bt_queue_close(q);
    bolter_error err = {0};
    CHECK(c, bt_worker_start(&w, &err) == BOLTER_OK, "%s", err.text);
    bt_worker_join(&w);
    for (size_t i = 0; i < 5; i++) {
        pthread_join(a[i].thread, NULL);
        CHECK(c, a[i].status == BOLTER_OK && a[i].job.verdict.n_tokens == i * i, "asker %zu: %s", i,
              a[i].err.text);
    }
    CHECK(c, tally.largest == 5, "the largest batch had %zu", tally.largest);
    CHECK(c, bt_queue_run(q, &a[0].job, &a[0].patience, &err) == BOLTER_E_ARG,
          "a closed queue took a job");
    bt_queue_free(q);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(jobs_leave_in_the_order_they_came),
        CASE(batch_stops_before_its_tokens_overflow),
        CASE(full_queue_answers_busy_at_once),
        CASE(deadline_withdraws_a_job_that_still_waits),
        CASE(last_job_withdrawn_leaves_a_usable_queue),
        CASE(job_in_a_workers_hands_outlives_its_deadline),
        CASE(wait_function_is_called_and_may_cancel),
        CASE(cancelled_job_in_a_batch_waits_for_the_batch),
        CASE(failure_of_a_job_reaches_its_submitter),
        CASE(many_askers_and_three_workers_lose_nothing),
        CASE(closing_scores_what_waits_in_one_batch),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
