/*
 * telling.h - how much a feature tells, by how many messages of each label have it.
 *
 * Each feature is multiplied by this factor before weights are fitted, so that a word of one side alone can
 * carry a verdict with a small weight, which the penalty on large ones allows, while a word that both sides
 * have needs good reason. Source: Wang, Manning 2012, "Baselines and bigrams: simple, good sentiment and
 * topic classification", section 2.3 (NBSVM); here the sign is left to the weight, and a constant is added.
 */
#ifndef BT_TELLING_H
#define BT_TELLING_H

#include <stddef.h>

/* Messages of each label; of all of them, or of those that have a feature. */
typedef struct bt_label_counts {
    size_t spam, ham;
} bt_label_counts;

/* The factor, at least 0.3. */
double bt_telling(bt_label_counts having, bt_label_counts all);

#endif
