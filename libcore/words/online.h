/*
 * online.h - a linear model over the features of messages that learns each message at once.
 *
 * It is logistic regression on all messages so far, followed by coordinate ascent on the dual (dual.h): a new
 * message gets a dual value and takes its step, and then some of the earlier ones, drawn at random, take
 * theirs again. So what was learned first is corrected by what came later, which one pass of gradients
 * cannot do, and a message costs the same however many there were.
 *
 * A feature that many messages have says little: the weight of bucket j is rarity(j) times the sum z(j) of
 * what the dual values push, with rarity(j) = ln((n + 1) / n(j)) + 0.1 for n(j) of n messages. The rarities
 * move with each message and z stays what it is, so that nothing has to be computed anew.
 *
 * The bias counts little (BT_ONLINE_BIAS): the first messages are often all of one label, and a bias that
 * follows them would move the scores of a whole stretch against those of later ones. Before the first message
 * all score 0.
 *
 * Sources: Yu, Huang, Lin 2011, "Dual coordinate descent methods for logistic regression and maximum entropy
 * models", section 3 (the step); Sculley, Wachman 2007, "Relaxed online SVMs for spam filtering" (train again
 * on what was seen, in a stream of mail); Sparck Jones 1972, "A statistical interpretation of term
 * specificity and its application in retrieval" (the rarity); Cormack 2007, "TREC 2007 spam track overview"
 * (immediate feedback).
 */
#ifndef BT_ONLINE_H
#define BT_ONLINE_H

#include "base/rng.h"
#include "bolter_train.h"

#define BT_ONLINE_C      1000 /* of bt_dual_best() */
#define BT_ONLINE_BIAS   0.3  /* value of the feature that every message has */
#define BT_ONLINE_AGAIN  20   /* earlier messages that take a step with each new one */

typedef struct bt_online_row {
    const bolter_features *f; /* borrowed */
    double side;              /* +1 spam, -1 ham */
    double a;                 /* dual value */
} bt_online_row;

struct bolter_online {
    bt_online_row *row; /* (n), room for cap */
    size_t n, cap;
    double *z;    /* (BOLTER_BUCKETS + 1), the bias last */
    float *rare;  /* (BOLTER_BUCKETS), as of the last message that had the bucket */
    uint32_t *df; /* (BOLTER_BUCKETS): messages that have it */
    bt_rng rng;
};

#endif
