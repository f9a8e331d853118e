/*
 * online.h - a linear model over the features of messages that learns each message at once.
 *
 * It is a support vector machine on all messages so far, followed by coordinate ascent on the dual
 * (dual.h): a new message takes its step, and then some of the earlier ones, drawn at random, take theirs
 * again. So what was learned first is corrected by what came later, which one pass of gradients cannot do,
 * and a message costs the same however many there were.
 *
 * The bias counts little (BT_ONLINE_BIAS): the first messages are often all of one label, and a bias that
 * follows them would move the scores of a whole stretch against those of later ones. Before the first message
 * all score 0.
 *
 * Sources: Sculley, Wachman 2007, "Relaxed online SVMs for spam filtering" (train again on what was seen, in
 * a stream of mail); Cormack 2007, "TREC 2007 spam track overview" (immediate feedback).
 */
#ifndef BT_ONLINE_H
#define BT_ONLINE_H

#include "base/rng.h"
#include "bolter_train.h"
#include "words/dual.h"

#define BT_ONLINE_C     100
#define BT_ONLINE_BIAS  0.1 /* value of the feature that every message has */
#define BT_ONLINE_AGAIN 60  /* earlier messages that take a step with each new one */

struct bolter_online {
    bt_dual dual;
    bt_dual_row *row; /* (n), room for cap */
    size_t n, cap;
    bt_rng rng;
};

#endif
