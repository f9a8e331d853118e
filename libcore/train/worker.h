/*
 * worker.h - one thread's share of a batch: its sequences, the memory of its network, and the gradients
 * that it adds up.
 */
#ifndef BT_WORKER_H
#define BT_WORKER_H

#include "model/next_token.h"
#include "train/workers.h"

/* Tokens that go through the network at once: enough for the matrix products, few enough for
 * memory. */
#define BT_CHUNK_TOKENS 1024
#define BT_CHUNK_SEQS   256

/* What all workers of a trainer know. */
typedef struct bt_job {
    bt_config cfg;
    size_t chunk_tokens, n_values;
    size_t n_embedding; /* of the n_values, at their begin: the token embedding's, where few rows are
                           used; 0: all of them may be */
    const bt_work *work;
    double weight;    /* of the batch, that its loss is divided by */
    uint64_t guessed; /* next tokens of a classifier's batch */
} bt_job;

typedef struct bt_worker {
    bt_run *run;
    float *block;        /* gradients, n_values */
    float **g;           /* by the three tables; NULL where there is none */
    unsigned char *used; /* by id: its row of the embedding's gradient is not zero */
    size_t *mine;        /* indices of its sequences, n_mine */
    size_t n_mine, n_tokens;
    bt_result result;
    bolter_status status;
    bolter_error err;
    float *logits;   /* (BT_CHUNK_SEQS, n_label), then their gradients; of a classifier */
    bt_next_token next_token; /* of one that predicts */
    int32_t *target; /* (chunk_tokens) its next tokens */
    bolter_seq seqs[BT_CHUNK_SEQS];
    size_t index[BT_CHUNK_SEQS];
} bt_worker;

/* Does another sequence, of more tokens, fit a chunk of n sequences? */
bool bt_chunk_has_room(size_t n, size_t tokens, size_t more);

/* E_NOMEM; bt_worker_clear() is due then, too. */
bolter_status bt_worker_open(bt_worker *k, const bt_job *job, const bt_workers_size *size,
                             bolter_error *err);
void bt_worker_clear(bt_worker *k);
/* Run its sequences; k->status says how that ended. */
void bt_worker_run(bt_worker *k, const bt_job *job);
/* Does this work want gradients? */
bool bt_goes_back(const bt_work *work);
/* Does a classifier predict the token after row i of sequence s, of n tokens? */
bool bt_guesses(const bt_guess *g, size_t n, size_t s, size_t i);

#endif
