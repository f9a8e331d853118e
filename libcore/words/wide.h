/*
 * wide.h - the wide part of a model: a weight for each bucket, of which a signed byte has the root.
 *
 * A few weights are a hundred times as large as most. Roots keep the small ones apart: the weight of a byte r
 * is scale * r * |r|.
 */
#ifndef BT_WIDE_H
#define BT_WIDE_H

#include "bolter_train.h"

struct bolter_wide {
    const int8_t *root; /* (BOLTER_BUCKETS): own, or in a file's mapping */
    int8_t *own;        /* owned, or NULL */
    float scale, bias;
};

#endif
