/* envelope.h - what a header tells about a message besides what it says. */
#ifndef BT_ENVELOPE_H
#define BT_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "bolter.h"

typedef struct bt_envelope {
    bt_buf subject, from_domain; /* in normal form */
    bt_buf ids;   /* its Message-ID and those of References and In-Reply-To, a line each */
    int64_t time; /* seconds since 1970: of the topmost Received that has one, else of Date */
    bool dated;
} bt_envelope;

/*
 * Read the header at the beginning of a raw message into e, whose buffers are reset and keep their
 * caps; what does not fit is left out. Any thread. E_NOMEM.
 */
bolter_status bt_envelope_read(bt_envelope *e, const char *raw, size_t n);
/* Its time and dated alone. E_NOMEM. */
bolter_status bt_envelope_time(const char *raw, size_t n, int64_t *time, bool *dated);

#endif
