/* message.h - a raw message taken apart: header fields and text, decoded. */
#ifndef BT_MESSAGE_H
#define BT_MESSAGE_H

#include "text/layout.h"

typedef struct bt_message_limits {
    int max_depth; /* nested multiparts and messages */
    int max_parts; /* parts in all */
} bt_message_limits;

/*
 * Read a raw message of n bytes into f, in normal form; the buffers' own caps hold. *truncated
 * becomes true when a limit left something out. *n_hidden grows by the bytes of HTML text that the
 * reader does not see. Any thread. E_NOMEM.
 */
bolter_status bt_message_read(bt_fields *f, const char *raw, size_t n, const bt_message_limits *lim,
                              bool *truncated, size_t *n_hidden);

#endif
