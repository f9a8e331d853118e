/*
 * rank.h - scores as ranks, so that one sort serves the report and every bootstrap sample.
 *
 * Equal scores share a rank. A sample is a count of spam and of ham at each rank; every measure is
 * one walk over the counts.
 */
#ifndef BT_RANK_H
#define BT_RANK_H

#include <stdint.h>

#include "bolter_eval.h"

/* One class of the data: the rank of each of its n examples, and a sample's count at each rank. */
typedef struct bt_side {
    uint32_t *rank;  /* (n), in the order of the data */
    uint32_t *count; /* (n_rank), how many of a sample */
    double *loss;    /* (n_rank), cross-entropy of an example of this class there */
    size_t n;
} bt_side;

typedef struct bt_ranks {
    bt_side spam, ham;
    double *score; /* (n_rank) */
    size_t n_rank;
    size_t threshold; /* first rank that is called spam */
    bool probability; /* all scores are within 0..1 */
} bt_ranks;

/* The measures of a report that have an interval. */
enum bt_measure {
    BT_ACCURACY,
    BT_BALANCED_ACCURACY,
    BT_PRECISION,
    BT_RECALL,
    BT_F1,
    BT_FPR,
    BT_MISS,
    BT_LAM,
    BT_AUC,
    BT_RECALL_FPR_01,
    BT_RECALL_FPR_05,
    BT_RECALL_FPR_1,
    BT_LOSS,
    BT_BRIER,
    BT_N_MEASURE
};

/* Rank finite scores; the counts are those of the data itself. E_LIMIT, E_NOMEM. */
bolter_status bt_ranks_init(bt_ranks *r, const bolter_scores *s, bolter_error *err);
void bt_ranks_free(bt_ranks *r);
/* Spam and ham at or above the threshold, by the counts. */
void bt_ranks_called_spam(const bt_ranks *r, uint64_t *tp, uint64_t *fp);
/* All measures of the counts; NaN where one is not defined. */
void bt_ranks_measure(const bt_ranks *r, double out[BT_N_MEASURE]);

#endif
