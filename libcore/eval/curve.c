/* curve.c - what a plot shows: the ROC curve's points, and how honest the probabilities are. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "eval/binomial.h"
#include "eval/rank.h"
#include "eval/scores.h"

bolter_status bolter_roc_of(const bolter_scores *s, bolter_roc_point *points, size_t *n_points,
                            bolter_error *err)
{
    bt_ranks r;
    bolter_status rc = bt_scores_check(s, "ROC", err);
    if (rc == BOLTER_OK)
        rc = bt_ranks_init(&r, s, err);
    if (rc != BOLTER_OK)
        return rc;
    points[0] = (bolter_roc_point){.threshold = INFINITY};
    for (size_t i = 0; i < r.n_rank; i++) {
        size_t rank = r.n_rank - 1 - i;
        points[i + 1] = (bolter_roc_point){.threshold = r.score[rank],
                                           .tp = points[i].tp + r.spam.count[rank],
                                           .fp = points[i].fp + r.ham.count[rank]};
    }
    *n_points = r.n_rank + 1;
    bt_ranks_free(&r);
    return BOLTER_OK;
}

bolter_status bolter_reliability_of(const bolter_scores *s, bolter_bin bins[BOLTER_N_BIN],
                                    double *ece, bolter_error *err)
{
    bolter_status rc = bt_scores_check(s, "calibration", err);
    if (rc != BOLTER_OK)
        return rc;
    for (size_t i = 0; i < s->n; i++)
        if (s->score[i] < 0 || s->score[i] > 1)
            return bt_fail(err, BOLTER_E_ARG, "calibration: score %zu is %g, expected 0 to 1", i,
                           s->score[i]);
    for (size_t b = 0; b < BOLTER_N_BIN; b++)
        bins[b] = (bolter_bin){.low = (double)b / BOLTER_N_BIN};
    for (size_t i = 0; i < s->n; i++) {
        size_t b = (size_t)(s->score[i] * BOLTER_N_BIN);
        bolter_bin *bin = &bins[b < BOLTER_N_BIN ? b : BOLTER_N_BIN - 1];
        bin->n++;
        bin->n_spam += s->truth[i] == 1;
        bin->mean_score += s->score[i];
    }
    *ece = 0;
    for (size_t b = 0; b < BOLTER_N_BIN; b++) {
        *ece += fabs(bins[b].mean_score - (double)bins[b].n_spam) / (double)s->n;
        bins[b].mean_score /= (double)bins[b].n;
        bins[b].spam = bt_rate_interval(bins[b].n_spam, bins[b].n, 0.95);
    }
    return BOLTER_OK;
}
