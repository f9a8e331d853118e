/*
 * mtaclient.h - the MTA's side of the milter protocol, version 6, over one connection to a filter.
 *
 * The client says what it can do, the filter answers with what it wants (SMFIC_OPTNEG); from then
 * on the client leaves out the steps that the filter declined and waits for no answer where the
 * filter promised none. The numbers are in <libmilter/mfdef.h>.
 *
 * The client is strict: an action that was not negotiated, an answer that does not belong to the
 * step, or silence is BOLTER_E_FORMAT or BOLTER_E_TIMEOUT.
 */
#ifndef MTACLIENT_H
#define MTACLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bolter.h"
#include "tests/mta/mtamail.h"
#include "tests/mta/mtawire.h"

enum mta_step {
    MTA_NEGOTIATE,
    MTA_CONNECT,
    MTA_HELO,
    MTA_MAIL,
    MTA_RCPT,
    MTA_DATA,
    MTA_HEADER, /* the first field, when it is the last step */
    MTA_EOH,
    MTA_BODY, /* the first chunk, when it is the last step */
    MTA_EOM
};

/* The step of this name ("helo"), or -1. */
int mta_step_of(const char *name);

struct mta_options {
    const char *socket; /* unix:PATH, local:PATH, inet:PORT@HOST, inet6:PORT@HOST */
    const char *client; /* address of the SMTP client; with a colon it is IPv6 */
    const char *helo;
    const char *sender;           /* with its angle brackets */
    const char *const *recipient; /* with theirs */
    size_t n_recipients;
    const char *login; /* {auth_authen}, or NULL */
    size_t chunk;      /* bytes of a body packet, at most 65535 */
    uint32_t actions;  /* SMFIF_* and SMFIP_* offered */
    uint32_t protocol;
    int timeout_ms; /* for connecting and for each answer */
};

/* What an MTA of our day offers, a chunk of 65535 bytes, 30 s. */
void mta_options_default(struct mta_options *o);

struct mta_reply {
    char code; /* the SMFIR_* that ended the message; SMFIR_CONTINUE at the end is accept */
    enum mta_step step; /* where it came */
    char text[1024];    /* of SMFIR_REPLYCODE: "550 5.7.1 ..." */
    char recipients[1024]; /* " -<a@b>" for each that was deleted, " +<c@d>" for each added */
    char hold[256];     /* reason of a quarantine, or "" */
    unsigned n_progress;
    size_t body_sent; /* bytes of body that the filter let come before it skipped the rest */
    double ms;        /* from MAIL to the end */
};

/* True when the MTA takes the message. */
bool mta_reply_accepts(const struct mta_reply *r);
/* The line that the SMTP client would see, in Postfix's words; or "accept", "discard", "hold: ...". */
const char *mta_reply_line(const struct mta_reply *r);

#define MTA_STAGES 7

struct mta {
    const struct mta_options *o;
    struct mta_wire wire;
    uint32_t actions, protocol; /* as negotiated */
    char *macros[MTA_STAGES];   /* names that the filter asked for by SMFIM_*, or NULL: the usual */
    struct mta_reply ended;     /* code not 0: the answer to the whole connection */
    char queue_id[24];          /* "" until DATA, as in Postfix */
    unsigned n_messages;
    bt_buf data; /* of the packet that is being made */
};

/* Connect and go through the steps up to HELO. o is borrowed until close. E_IO, E_TIMEOUT,
 * E_FORMAT. */
bolter_status mta_open(struct mta *m, const struct mta_options *o, bolter_error *err);
/*
 * Send a message from MAIL on, up to and including the step last (MTA_EOM: whole). Changes that the
 * filter asks for are made to mail. r->code is 0 when the message is not over after last.
 */
bolter_status mta_send(struct mta *m, struct mta_mail *mail, enum mta_step last,
                       struct mta_reply *r, bolter_error *err);
/* Forget the message under way; the connection stays. E_IO. */
bolter_status mta_abort(struct mta *m, bolter_error *err);
/* Begin a new SMTP connection over the same socket (SMFIC_QUIT_NC). */
bolter_status mta_next_connection(struct mta *m, bolter_error *err);
/* Say goodbye and close; without it when polite is false. */
void mta_close(struct mta *m, bool polite);

#endif
