/*
 * queue.h - a bounded line of jobs between many threads that ask and a few that score.
 *
 * Who may touch a job: the thread that submits it, until it is queued; the queue, until it is
 * taken; the worker, until it is done; then the submitter again. A job stays in its submitter's
 * memory all the time, so a submitter never leaves while a worker holds the job: giving up removes
 * a job that still waits, and otherwise waits for the batch that is under way. The queue knows no
 * model.
 */
#ifndef BT_QUEUE_H
#define BT_QUEUE_H

#include <pthread.h>
#include <stdint.h>

#include "bolter.h"

typedef enum bt_job_state { BT_JOB_NEW, BT_JOB_QUEUED, BT_JOB_TAKEN, BT_JOB_DONE } bt_job_state;

typedef struct bt_job {
    bolter_seq seq; /* set by the submitter */
    bool truncated, degraded;
    bolter_status status; /* set by the worker, with verdict or err */
    bolter_verdict verdict;
    bolter_error err;
    int64_t queued_ns, taken_ns; /* the rest is the queue's */
    bt_job_state state;
    struct bt_job *next;
    pthread_cond_t done;
} bt_job;

typedef struct bt_queue bt_queue;

/* How long a submitter waits, and what it does meanwhile. */
typedef struct bt_patience {
    int64_t deadline_ns; /* on the clock of bt_now_ns(); 0: none */
    int64_t every_ns;    /* between two calls of wait */
    bolter_wait_fn wait; /* may be NULL; false gives up */
    void *ud;
} bt_patience;

/* Nanoseconds of the monotonic clock. */
int64_t bt_now_ns(void);

/* E_NOMEM. */
bolter_status bt_queue_open(bt_queue **out, size_t max_queued, bolter_error *err);
/* Nobody may be inside any more, and the queue is empty. */
void bt_queue_free(bt_queue *q);

/*
 * Submit j and wait until it is done: its status then. E_BUSY when max_queued jobs wait already,
 * E_TIMEOUT and E_CANCELLED when patience ended before a worker took it. A job that a worker holds
 * at the deadline still gives its result; one whose wait function said no gives E_CANCELLED.
 */
bolter_status bt_queue_run(bt_queue *q, bt_job *j, const bt_patience *p, bolter_error *err);

/*
 * For workers: wait for a job, then take it and those behind it, in order, up to max_jobs and as
 * long as their tokens fit into max_tokens (the first is taken whatever its length). 0: the queue
 * is closed and empty.
 */
size_t bt_queue_take(bt_queue *q, bt_job **jobs, size_t max_jobs, size_t max_tokens);
/* Give taken jobs back to their submitters. */
void bt_queue_deliver(bt_queue *q, bt_job **jobs, size_t n);

/* Jobs that wait. */
size_t bt_queue_length(bt_queue *q);
/* Take no more jobs; bt_queue_take() ends once those that wait are gone. */
void bt_queue_close(bt_queue *q);

#endif
