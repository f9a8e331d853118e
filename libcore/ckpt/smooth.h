/* smooth.h - weights that compute the same and lose less in int8; see smooth.c. */
#ifndef BT_SMOOTH_H
#define BT_SMOOTH_H

#include "model/param.h"

typedef struct bt_smoothed {
    const float **w; /* by table index; embeddings and head are the model's own */
    float *block;
} bt_smoothed;

/* E_NOMEM. Clear out, also after a failure. */
bolter_status bt_smooth(bt_smoothed *out, const bt_params *params, const bt_config *cfg,
                        const float *const *w, bolter_error *err);
void bt_smoothed_clear(bt_smoothed *s);

#endif
