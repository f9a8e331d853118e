/* batches.c - the training rows in shuffled batches. */
#include "trainer/batches.h"

#include <stdlib.h>

bool batches_open(struct batches *b, const bolter_dataset *d, size_t size, size_t steps,
                  uint64_t seed)
{
    size_t n = bolter_dataset_count(d, BOLTER_TRAIN);
    *b = (struct batches){.d = d, .size = size, .n_rows = n, .seed = seed, .epoch = UINT64_MAX};
    b->steps_an_epoch = steps;
    b->order = calloc(n, sizeof *b->order);
    b->seqs = calloc(size, sizeof *b->seqs);
    b->labels = calloc(size, sizeof *b->labels);
    return b->order && b->seqs && b->labels;
}

void batches_free(struct batches *b)
{
    free(b->order);
    free(b->seqs);
    free(b->labels);
    *b = (struct batches){0};
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Fisher and Yates, from the rows' own order. */
static void shuffle(struct batches *b, uint64_t epoch)
{
    uint64_t state = b->seed * UINT64_C(0x9e3779b97f4a7c15) + epoch;
    for (size_t i = 0; i < b->n_rows; i++)
        b->order[i] = i;
    for (size_t i = b->n_rows; i > 1; i--) {
        size_t j = (size_t)(next_random(&state) % i), kept = b->order[i - 1];
        b->order[i - 1] = b->order[j];
        b->order[j] = kept;
    }
    b->epoch = epoch;
}

size_t batches_get(struct batches *b, uint64_t step)
{
    size_t at = (size_t)(step % b->steps_an_epoch) * b->size, n = 0;
    if (step / b->steps_an_epoch != b->epoch)
        shuffle(b, step / b->steps_an_epoch);
    for (; n < b->size && at + n < b->n_rows; n++) {
        const bolter_row *row = bolter_dataset_row(b->d, BOLTER_TRAIN, b->order[at + n]);
        b->seqs[n] = row->seq;
        b->labels[n] = row->label;
    }
    return n;
}
