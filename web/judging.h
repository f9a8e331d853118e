/*
 * judging.h - POST /classify: a message, its verdict, and what of it was read. Who computes the
 * verdict is the server's affair.
 */
#ifndef WEB_JUDGING_H
#define WEB_JUDGING_H

#include "bolter.h"
#include "web/answer.h"

/* What it takes to judge one message at a time. */
struct judging {
    const bolter_model *model; /* with a head that knows spam */
    bolter_text *text;         /* of the model's layout */
    int32_t *ids;              /* room for max_ids */
    /* As bolter_classify_text() and bolter_explain(). E_BUSY and E_TIMEOUT: later, perhaps. */
    bolter_status (*classify)(void *ud, bolter_text *text, bolter_verdict *out, bolter_error *err);
    bolter_status (*explain)(void *ud, const char *utf8, size_t n, bolter_piece *out, size_t cap,
                             size_t *n_pieces, bolter_error *err);
    void *ud;
};

/* Get text and ids for a model. E_NOMEM; judging_close() is due then, too. */
bolter_status judging_open(struct judging *by, const bolter_model *m, bolter_error *err);
void judging_close(struct judging *by);
/*
 * Judge what is asked: "message/rfc822" as mail, any other type as text. *n_tokens is how many the
 * model read, 0 without a verdict. Nothing of the message is kept.
 */
struct answer judging_answer(struct judging *by, const struct request *r, size_t *n_tokens);

#endif
