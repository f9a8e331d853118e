/* schedule.c - linear warm-up, then constant, linear or cosine decay (Loshchilov, Hutter 2017). */
#include "train/schedule.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

bool bt_decay_of(const char *name, bt_decay *out)
{
    static const char *const names[] = {
        [BT_CONSTANT] = "constant", [BT_LINEAR] = "linear", [BT_COSINE] = "cosine"};
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (bt_decay)i;
            return true;
        }
    }
    return false;
}

double bt_schedule(bt_decay decay, uint64_t step, uint64_t warmup, uint64_t total)
{
    if (step <= warmup)
        return (double)step / (double)warmup;
    if (decay == BT_CONSTANT || total <= warmup)
        return 1;
    double done = (double)(step - 1 - warmup) / (double)(total - warmup);
    if (done >= 1)
        return 0;
    return decay == BT_LINEAR ? 1 - done : 0.5 * (1 + cos(3.141592653589793 * done));
}
