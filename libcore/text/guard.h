/* guard.h - what a raw message must not have when a MIME parser gets it. */
#ifndef BT_GUARD_H
#define BT_GUARD_H

#include "base/buf.h"
#include "bolter.h"

/*
 * Move *raw and *n to the part of a message that is fit for GMime: past what stands before the
 * header. When a field or a boundary has to be changed, *raw points into copy, an initialised buffer
 * with room for *n bytes. E_NOMEM.
 */
bolter_status bt_guard(bt_buf *copy, const char **raw, size_t *n);

#endif
