/*
 * answer.h - the end of one message: classify it, let the policy decide, have it carried out, write
 * the log line.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "milter/envelope.h"
#include "milter/mail.h"
#include "milter/mta.h"
#include "milter/policy.h"
#include "milter/snapshot.h"

struct question {
    struct mail *mail; /* NULL: there was no memory for it */
    const struct envelope *envelope;
    const struct snapshot *snapshot; /* by whose settings, rules and model */
    const char *id;                  /* the mail server's name for the message; may be NULL */
};

/* What the mail server is to be told, once the calls to mta are made. Any thread. */
enum action answer_message(const struct question *q, const struct mta *mta);

#endif
