/* score.c - threads that take batch after batch of a dataset's rows, each with its own session. */
#include "trainer/score.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "trainer/progress.h"

#define BATCH 8
#define MAX_THREADS 256

struct scoring {
    bolter_model *m;
    const bolter_dataset *d;
    bolter_part part;
    float *logits;
    size_t count, n_label;
    atomic_size_t next, done;
    atomic_bool failed;
    pthread_mutex_t lock; /* of err */
    bolter_error *err;
    bolter_status rc;
};

static void fail(struct scoring *s, bolter_status rc, const bolter_error *err)
{
    pthread_mutex_lock(&s->lock);
    if (s->rc == BOLTER_OK && s->err)
        *s->err = *err;
    if (s->rc == BOLTER_OK)
        s->rc = rc;
    pthread_mutex_unlock(&s->lock);
    s->failed = true;
}

static void *score_batches(void *arg)
{
    struct scoring *s = arg;
    bolter_error err = {0};
    bolter_session *session;
    bolter_status rc = bolter_session_open(&session, s->m, BATCH, 0, &err);
    while (rc == BOLTER_OK && !s->failed) {
        size_t first = atomic_fetch_add(&s->next, BATCH), n = 0;
        bolter_seq seqs[BATCH];
        for (; n < BATCH && first + n < s->count; n++)
            seqs[n] = bolter_dataset_row(s->d, s->part, first + n)->seq;
        if (n == 0)
            break;
        rc = bolter_session_logits(session, seqs, n, s->logits + first * s->n_label, &err);
        atomic_fetch_add(&s->done, n);
    }
    if (rc != BOLTER_OK)
        fail(s, rc, &err);
    bolter_session_free(session);
    return NULL;
}

bolter_status score_part(bolter_model *m, const bolter_dataset *d, bolter_part part, size_t threads,
                         float *logits, bolter_error *err)
{
    struct scoring s = {.m = m,
                        .d = d,
                        .part = part,
                        .logits = logits,
                        .count = bolter_dataset_count(d, part),
                        .n_label = (size_t)bolter_model_info_of(m)->n_label,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .err = err};
    if (threads == 0)
        threads = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    threads = threads < MAX_THREADS ? threads : MAX_THREADS;
    pthread_t thread[MAX_THREADS];
    size_t started = 0;
    while (started < threads && pthread_create(&thread[started], NULL, score_batches, &s) == 0)
        started++;
    if (started == 0)
        score_batches(&s);
    struct progress p;
    progress_start(&p, "scored");
    while (p.terminal && !s.failed && s.done < s.count) {
        usleep(100000);
        progress_show(&p, s.done, s.count, "");
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    progress_end(&p);
    return s.rc;
}

double softmax_at(const float *logits, size_t n, size_t k, double temperature)
{
    double max = (double)logits[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        max = fmax(max, (double)logits[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp(((double)logits[i] - max) / temperature);
    return exp(((double)logits[k] - max) / temperature) / sum;
}
