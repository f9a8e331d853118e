/*
 * verdict.h - from text to token ids, and from probabilities to a verdict.
 */
#ifndef BT_VERDICT_H
#define BT_VERDICT_H

#include "bolter.h"

/* The model of a session, borrowed. Defined beside the session. */
bolter_model *bt_session_model(const bolter_session *s);

/* The ids that a model reads of one text. */
typedef struct bt_reading {
    int32_t *ids; /* owned */
    bolter_seq seq; /* of them */
    size_t n_all;   /* ids of the whole text */
    bool truncated; /* not all of them are read */
} bt_reading;

/* E_NOMEM. On success, bt_reading_clear() frees it. */
bolter_status bt_reading_open(bt_reading *r, const bolter_model *m, const char *utf8, size_t n,
                              bolter_error *err);
void bt_reading_clear(bt_reading *r);
/*
 * What the wide part of m reads of the text that t gave last, in *f with *out pointing to it; *out is NULL
 * where m has none. E_NOMEM.
 */
bolter_status bt_wide_reading(bolter_features *f, const bolter_features **out, const bolter_model *m,
                              bolter_text *t, bolter_error *err);
/*
 * Keep at most n > 0 ids of the first window: the first and the last, in the proportion in which m reads the
 * beginning and the end of a long text. True if any were dropped.
 */
bool bt_reading_shorten(bt_reading *r, const bolter_model *m, size_t n);

/*
 * Fill decision, label, prob, spam and model_id of *out from the n_label probabilities of m, which
 * has a spam label; n_tokens, truncated and the times stay as they are.
 */
void bt_verdict_decide(bolter_verdict *out, const bolter_model *m, const float *prob);

/* Milliseconds between two moments of bt_now_ns(). */
double bt_ms_between(int64_t from_ns, int64_t to_ns);

#endif
