/* scores.h - what every measure asks of the scores it is given. */
#ifndef BT_SCORES_H
#define BT_SCORES_H

#include "bolter_eval.h"

/* E_ARG or E_NUMERIC, named what, unless there are examples, scores and threshold are finite
 * numbers (an infinite threshold is fine), and truths are 0 or 1. */
bolter_status bt_scores_check(const bolter_scores *s, const char *what, bolter_error *err);

#endif
