/*
 * near.h - which texts are nearly the same: sets of runs of four words, compared by Jaccard's
 * similarity, the share of the runs of either text that both have.
 *
 * Sources: Broder 1997, "On the resemblance and containment of documents", for the shingles;
 * Bayardo, Ma, Srikant 2007, "Scaling up all pairs similarity search", for the search, which is
 * exact: in any fixed order of all shingles, two sets that are similar enough share one of the
 * first few of each, so only these are indexed and looked up, the rarest first. A text of fewer
 * than four words has one shingle, so that it is near its equals alone.
 */
#ifndef BT_NEAR_H
#define BT_NEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bolter.h"

typedef struct bt_near bt_near;

enum { BT_NEAR_PERCENT = 80 }; /* texts at least so similar are near */

/* Room for n texts. E_NOMEM. */
bolter_status bt_near_open(bt_near **out, size_t n, bolter_error *err);
/* Add the next text as the words of bt_words_append(). E_NOMEM; E_LIMIT past n. */
bolter_status bt_near_add(bt_near *near, const char *words, size_t n, bolter_error *err);
/*
 * Call each with every text that was put in the index and is near text i, oldest first, until it
 * says false. wanted, if not NULL, is asked before two texts are compared. Each text comes once.
 * E_NOMEM.
 */
bolter_status bt_near_find(bt_near *near, size_t i, bool (*wanted)(void *arg, size_t other),
                           bool (*each)(void *arg, size_t other), void *arg, bolter_error *err);
/* Put text i in the index; after the last bt_near_add(). E_NOMEM. */
bolter_status bt_near_index(bt_near *near, size_t i, bolter_error *err);
void bt_near_free(bt_near *near);

#endif
