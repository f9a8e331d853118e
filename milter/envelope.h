/*
 * envelope.h - who sends a message, from where, and to whom: what a mail server knows before the
 * message itself. One for each connection; the client stays from message to message.
 */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "milter/address.h"
#include "milter/network.h"

#define ENVELOPE_RECIPIENTS 10000 /* that are remembered of one message */

struct envelope {
    struct network client;
    bool has_client;    /* false: not known, or not by the internet */
    bool authenticated; /* the sender is a user who logged in */
    char sender[ADDRESS_MAX + 1];
    char **recipient; /* as the server writes them */
    size_t n_recipients, cap;
    bool incomplete; /* recipients are missing: too many, or no memory */
};

/* Begin a message. */
void envelope_begin(struct envelope *e, const char *sender, bool authenticated);
void envelope_add_recipient(struct envelope *e, const char *recipient);
/* Forget the message; the client stays. */
void envelope_end(struct envelope *e);

#endif
