/* schedule.h - the learning rate over time. */
#ifndef BT_SCHEDULE_H
#define BT_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum bt_decay { BT_CONSTANT, BT_LINEAR, BT_COSINE, BT_STABLE } bt_decay;

/* "constant", "linear", "cosine" or "stable"; false for another word. */
bool bt_decay_of(const char *name, bt_decay *out);

typedef struct bt_schedule {
    bt_decay decay;
    uint64_t warmup, total; /* steps */
    uint64_t cooldown;      /* BT_STABLE: the last so many steps fall in a line; 0: a fifth of them */
    double floor;           /* what it falls to, a share of the highest rate */
} bt_schedule;

/*
 * The factor of step (from 1): rises linearly to 1 at warmup, then stays, or falls to the floor after
 * the last step; BT_STABLE stays and falls at the end.
 */
double bt_schedule_at(const bt_schedule *s, uint64_t step);

#endif
