/* batches.h - the training rows in shuffled batches. */
#ifndef BATCHES_H
#define BATCHES_H

#include "bolter_data.h"
#include "trainer/disguise.h"
#include "trainer/order.h"

struct batches {
    const bolter_dataset *d; /* borrowed */
    struct disguise *disguise; /* borrowed; NULL: rows are shown as they are */
    int32_t *ids;              /* (size, longest) of disguised rows */
    size_t size, steps_an_epoch;
    struct order order; /* of the rows */
    bolter_seq *seqs;  /* (size) of the batch at hand */
    int32_t *labels;
};

/* Batches of size rows of the training part, steps of them an epoch, the last perhaps smaller. disguise
 * may be NULL. False without memory. */
bool batches_open(struct batches *b, const bolter_dataset *d, struct disguise *disguise, size_t size,
                  size_t steps, uint64_t seed);
/* Put the batch of a step (from 0) into seqs and labels; its size. */
size_t batches_get(struct batches *b, uint64_t step);
void batches_free(struct batches *b);

#endif
