/*
 * windows.h - long texts that are shown by a window now and then: their beginning and a stretch of what lies
 * behind it, as a model reads them that reads several windows. It learns to judge by any stretch.
 *
 * Each epoch shows other texts and other stretches. Which is a function of seed, epoch and row alone, so that
 * a run can go on from any step.
 */
#ifndef WINDOWS_H
#define WINDOWS_H

#include "bolter_data.h"

struct windows {
    double share; /* of the texts that are longer than what is read of them; 0: none */
    uint64_t seed;
    const bolter_dataset *d; /* borrowed; it keeps whole texts */
    size_t longest;          /* tokens of a window */
};

/* The tokens of a row's window in an epoch, into ids (longest): longest of them, or 0 where it has none. */
size_t windows_row(const struct windows *w, uint64_t epoch, size_t row, int32_t *ids);

#endif
