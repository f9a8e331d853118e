/* explain.h - which pieces of a text moved its score: leave each one out and score again. */
#ifndef BT_EXPLAIN_H
#define BT_EXPLAIN_H

#include "bolter.h"

/* The probability of spam for one sequence of ids. */
typedef bolter_status (*bt_spam_fn)(void *ud, const bolter_seq *seq, double *spam,
                                    bolter_error *err);

/* bolter_explain() with any way to score. */
bolter_status bt_explain(const bolter_model *m, bt_spam_fn score, void *ud, const char *utf8,
                         size_t n, bolter_piece *out, size_t cap, size_t *n_pieces,
                         bolter_error *err);

#endif
