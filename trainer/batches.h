/* batches.h - the training rows in shuffled batches. */
#ifndef BATCHES_H
#define BATCHES_H

#include "bolter_data.h"
#include "trainer/disguise.h"
#include "trainer/order.h"
#include "trainer/windows.h"

/* How rows are shown. Both are borrowed, and may be NULL. */
struct showing {
    const struct windows *windows;
    struct disguise *disguise; /* of what is not shown by a window */
    size_t longest;            /* tokens of a row */
};

struct batches {
    const bolter_dataset *d; /* borrowed */
    struct showing showing;
    int32_t *ids; /* (size, longest) of rows that are not shown as they are */
    size_t size, steps_an_epoch;
    struct order order; /* of the rows */
    bolter_seq *seqs;  /* (size) of the batch at hand */
    int32_t *labels;
};

/* Batches of size rows of the training part, steps of them an epoch, the last perhaps smaller. False without
 * memory. */
bool batches_open(struct batches *b, const bolter_dataset *d, const struct showing *showing, size_t size,
                  size_t steps, uint64_t seed);
/* Put the batch of a step (from 0) into seqs and labels; its size. */
size_t batches_get(struct batches *b, uint64_t step);
void batches_free(struct batches *b);

#endif
