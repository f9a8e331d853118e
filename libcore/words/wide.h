/* wide.h - the wide part of a model: a weight for each bucket, as signed bytes with one scale. */
#ifndef BT_WIDE_H
#define BT_WIDE_H

#include "bolter_train.h"

struct bolter_wide {
    const int8_t *weight; /* (BOLTER_BUCKETS): own, or in a file's mapping */
    int8_t *own;          /* owned, or NULL */
    float scale, bias;
};

#endif
