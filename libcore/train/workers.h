/*
 * workers.h - the threads of a trainer: each takes a share of a batch's sequences, runs them forward
 * and back in chunks, and adds to gradients of its own; the gradients are then summed in a fixed order.
 */
#ifndef BT_WORKERS_H
#define BT_WORKERS_H

#include "bolter.h"
#include "model/gpt2.h"

typedef struct bt_workers bt_workers;

typedef struct bt_job {
    const bt_net *net;
    const bolter_seq *seqs;
    const int32_t *labels; /* NULL: forward only */
    size_t n_seqs;
    bt_read read;
    float *logits;         /* (n_seqs, n_label), or NULL */
} bt_job;

/* has_gradient (by parameter index) says which dense gradients exist. E_NOMEM. */
bolter_status bt_workers_open(bt_workers **out, const bt_params *params, const bt_config *cfg,
                              const bool *has_gradient, size_t n_threads, size_t longest,
                              bolter_error *err);
void bt_workers_free(bt_workers *w);
/* Dense gradients by parameter index after a job with labels: of the mean cross-entropy. */
float *const *bt_workers_gradients(const bt_workers *w);
/* Run a job; *loss is the mean cross-entropy in nats. E_NOMEM. */
bolter_status bt_workers_run(bt_workers *w, const bt_job *job, double *loss, bolter_error *err);

#endif
