/* message.h - a raw message taken apart: header fields and text, decoded. */
#ifndef BT_MESSAGE_H
#define BT_MESSAGE_H

#include <stdint.h>

#include "text/layout.h"

typedef struct bt_message_limits {
    int max_depth; /* nested multiparts and messages */
    int max_parts; /* parts in all */
    bool arriving; /* no Received field of this site yet, see traits.h */
} bt_message_limits;

/* What was found besides the text. */
typedef struct bt_message_notes {
    bool truncated;  /* a limit left something out */
    bool encrypted;  /* the whole body is ciphertext: OpenPGP (RFC 3156) or S/MIME (RFC 8551) */
    size_t n_hidden; /* bytes of HTML text that the reader does not see */
} bt_message_notes;

/*
 * Read a raw message of n bytes into f, in normal form; the buffers' own caps hold. notes are added to.
 * Any thread. E_NOMEM.
 */
bolter_status bt_message_read(bt_fields *f, const char *raw, size_t n, const bt_message_limits *lim,
                              bt_message_notes *notes);

#endif
