/* batches.c - the training rows in shuffled batches. */
#include "trainer/batches.h"

#include <stdlib.h>

bool batches_open(struct batches *b, const bolter_dataset *d, struct disguise *disguise, size_t size,
                  size_t steps, uint64_t seed)
{
    size_t n = bolter_dataset_count(d, BOLTER_TRAIN);
    *b = (struct batches){.d = d, .disguise = disguise, .size = size, .steps_an_epoch = steps};
    bool ok = order_open(&b->order, n, seed);
    b->seqs = calloc(size, sizeof *b->seqs);
    b->labels = calloc(size, sizeof *b->labels);
    b->ids = calloc(disguise ? size * disguise->longest : 1, sizeof *b->ids);
    return ok && b->seqs && b->labels && b->ids;
}

void batches_free(struct batches *b)
{
    order_free(&b->order);
    free(b->seqs);
    free(b->labels);
    free(b->ids);
    *b = (struct batches){0};
}

size_t batches_get(struct batches *b, uint64_t step)
{
    uint64_t epoch = step / b->steps_an_epoch;
    size_t at = (size_t)(step % b->steps_an_epoch) * b->size, n = 0;
    order_turn(&b->order, epoch);
    for (; n < b->size && at + n < b->order.n; n++) {
        size_t i = b->order.index[at + n];
        const bolter_row *row = bolter_dataset_row(b->d, BOLTER_TRAIN, i);
        b->seqs[n] = row->seq;
        b->labels[n] = row->label;
        if (b->disguise) {
            b->seqs[n].ids = b->ids + n * b->disguise->longest;
            b->seqs[n].n = disguise_row(b->disguise, epoch, i, b->ids + n * b->disguise->longest);
        }
    }
    return n;
}
