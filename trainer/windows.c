/* windows.c - where the windows lie that an epoch shows. */
#include "trainer/windows.h"

#include <string.h>

#include "trainer/order.h"

#define LEAD_SHARE 8 /* of a window's tokens, the share that repeats the beginning; as in serving */

size_t windows_row(const struct windows *w, uint64_t epoch, size_t row, int32_t *ids)
{
    const bolter_row *r = bolter_dataset_row(w->d, BOLTER_TRAIN, row);
    uint64_t state = w->seed;
    state = random_next(&state) + epoch;
    state = random_next(&state) + row;
    if (r->n_whole <= w->longest || random_uniform(&state) >= w->share)
        return 0;
    size_t lead = 1 + (w->longest - 1) / LEAD_SHARE, slice = w->longest - lead;
    size_t at = lead + (size_t)(random_next(&state) % (r->n_whole - w->longest + 1));
    memcpy(ids, r->whole, lead * sizeof *ids);
    memcpy(ids + lead, r->whole + at, slice * sizeof *ids);
    return w->longest;
}
