/* batches.c - the training rows in shuffled batches. */
#include "trainer/batches.h"

#include <stdlib.h>

bool batches_open(struct batches *b, const bolter_dataset *d, const struct showing *showing, size_t size,
                  size_t steps, uint64_t seed)
{
    size_t n = bolter_dataset_count(d, BOLTER_TRAIN);
    *b = (struct batches){.d = d, .showing = *showing, .size = size, .steps_an_epoch = steps};
    bool ok = order_open(&b->order, n, seed);
    b->seqs = calloc(size, sizeof *b->seqs);
    b->labels = calloc(size, sizeof *b->labels);
    b->ids = calloc(size * showing->longest, sizeof *b->ids);
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

/* A row as it is in an epoch; ids has room for the longest. */
static bolter_seq show(struct batches *b, uint64_t epoch, size_t i, int32_t *ids)
{
    const struct showing *s = &b->showing;
    bolter_seq seq = bolter_dataset_row(b->d, BOLTER_TRAIN, i)->seq;
    size_t n = s->windows ? windows_row(s->windows, epoch, i, ids) : 0;
    if (n == 0 && s->disguise)
        n = disguise_row(s->disguise, epoch, i, ids);
    if (n > 0) {
        seq.ids = ids;
        seq.n = n;
    }
    return seq;
}

size_t batches_get(struct batches *b, uint64_t step)
{
    uint64_t epoch = step / b->steps_an_epoch;
    size_t at = (size_t)(step % b->steps_an_epoch) * b->size, n = 0;
    order_turn(&b->order, epoch);
    for (; n < b->size && at + n < b->order.n; n++) {
        size_t i = b->order.index[at + n];
        b->seqs[n] = show(b, epoch, i, b->ids + n * b->showing.longest);
        b->labels[n] = bolter_dataset_row(b->d, BOLTER_TRAIN, i)->label;
    }
    return n;
}
