/*
 * act.h - carry out what was decided: tell the mail server about header fields, subject, recipients
 * and refusals.
 */
#ifndef ACT_H
#define ACT_H

#include "milter/envelope.h"
#include "milter/field.h"
#include "milter/mail.h"
#include "milter/mta.h"
#include "milter/policy.h"

/* What the SMTP client is told of a refusal. */
struct act_reply {
    int code;
    const char *dsn;
    const char *text; /* lines with "\n" between; NULL: what the server says by itself */
};

struct act {
    enum action action;
    const struct settings *settings;
    const struct mail *mail; /* NULL: there was no memory for it */
    const struct envelope *envelope;
    struct field_set *fields; /* of a message that is marked */
    struct act_reply reply;
};

/* The action itself, or MARK where this server cannot do it or recipients are not known. */
enum action act_possible(enum action a, const struct mta *mta, const struct envelope *e);
/* False as soon as the server cannot be told. */
bool act_carry_out(struct act *a, const struct mta *mta);

#endif
