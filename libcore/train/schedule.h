/* schedule.h - the learning rate over time. */
#ifndef BT_SCHEDULE_H
#define BT_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum bt_decay { BT_CONSTANT, BT_LINEAR, BT_COSINE } bt_decay;

/* "constant", "linear" or "cosine"; false for another word. */
bool bt_decay_of(const char *name, bt_decay *out);
/*
 * The factor of step (from 1) of total: rises linearly to 1 at warmup, then stays, or falls to 0
 * after the last step.
 */
double bt_schedule(bt_decay decay, uint64_t step, uint64_t warmup, uint64_t total);

#endif
