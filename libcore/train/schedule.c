/*
 * schedule.c - linear warm-up, then constant, linear or cosine decay (Loshchilov, Hutter 2017), or a
 * constant rate that falls at the end (Hu et al. 2024, "MiniCPM", section 4: warm-up, stable, decay).
 */
#include "train/schedule.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

bool bt_decay_of(const char *name, bt_decay *out)
{
    static const char *const names[] = {
        [BT_CONSTANT] = "constant", [BT_LINEAR] = "linear", [BT_COSINE] = "cosine",
        [BT_STABLE] = "stable"};
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (bt_decay)i;
            return true;
        }
    }
    return false;
}

double bt_schedule_at(const bt_schedule *s, uint64_t step)
{
    if (step <= s->warmup)
        return (double)step / (double)s->warmup;
    if (s->decay == BT_CONSTANT || s->total <= s->warmup)
        return 1;
    uint64_t begin = s->warmup, down = s->cooldown > 0 ? s->cooldown : (s->total + 4) / 5;
    if (s->decay == BT_STABLE && s->total > begin + down)
        begin = s->total - down;
    if (step <= begin)
        return 1;
    double done = fmin((double)(step - 1 - begin) / (double)(s->total - begin), 1);
    double left = s->decay == BT_COSINE ? 0.5 * (1 + cos(3.141592653589793 * done)) : 1 - done;
    return s->floor + (1 - s->floor) * left;
}
