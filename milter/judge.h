/* judge.h - a model, a session and a text extractor: from the bytes of a message to its verdict. */
#ifndef JUDGE_H
#define JUDGE_H

#include "bolter.h"

#define JUDGE_PIECES 5

struct judge {
    bolter_model *model;
    bolter_session *session;
    bolter_text *text;
    const char *laid_out; /* what the model read last */
    size_t n_laid_out;
    const char *unscorable; /* why the message judged last has no verdict; NULL: it has one */
    bolter_piece piece[JUDGE_PIECES]; /* of judge_explain() */
    size_t n_pieces;
};

/* Open a model directory that knows spam, in a precision of bolter_open_options, and what is needed
 * beside it. */
bolter_status judge_open(struct judge *j, const char *model_dir, const char *precision,
                         bolter_error *err);
/*
 * Verdict on a raw message, or on plain text. A message in which there is nothing to judge, see
 * bolter_text_unscorable(), sets j->unscorable, and v is unsure with no more than the model's id; of no
 * bytes at all there is a verdict.
 */
bolter_status judge_bytes(struct judge *j, bool is_mail, const char *bytes, size_t n,
                          bolter_verdict *v, bolter_error *err);
/*
 * Probabilities of all labels (n_label of the model) for the message judged last. With two labels
 * they follow from the verdict; with more the model runs once again.
 */
bolter_status judge_scores(struct judge *j, const bolter_verdict *v, float *prob,
                           bolter_error *err);
/* What moved the score of the message judged last: at most JUDGE_PIECES, the heaviest first. */
bolter_status judge_explain(struct judge *j, bolter_error *err);
void judge_close(struct judge *j);

#endif
