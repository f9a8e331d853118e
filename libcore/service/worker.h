/*
 * worker.h - a thread that takes batches off a queue and hands them to a function.
 */
#ifndef BT_WORKER_H
#define BT_WORKER_H

#include <stdatomic.h>

#include "service/queue.h"

/* Fill status and verdict or err of each of n > 0 jobs. state is the worker's alone. */
typedef void (*bt_batch_fn)(void *state, bt_job **jobs, size_t n);

typedef struct bt_worker {
    bt_queue *queue; /* borrowed, like state, until the worker is joined */
    bt_batch_fn run;
    void *state;
    size_t max_jobs, max_tokens; /* of one batch */
    bt_job **batch;
    pthread_t thread;
    _Atomic int64_t since_ns; /* when it took the batch that it has in hand; 0: none. Any thread */
} bt_worker;

/* Fill in all but batch and thread, then start. w stays where it is. E_NOMEM, E_IO (no thread). */
bolter_status bt_worker_start(bt_worker *w, bolter_error *err);
/* Wait for the end of a started worker, after bt_queue_close(). */
void bt_worker_join(bt_worker *w);

#endif
