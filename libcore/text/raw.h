/*
 * raw.h - the bytes of a message that are kept: its beginning, and of a longer one its end as well.
 */
#ifndef BT_RAW_H
#define BT_RAW_H

#include "base/buf.h"
#include "bolter.h"

typedef struct bt_raw {
    bt_buf head;
    char *ring;        /* the last bytes behind the head; NULL until there are any */
    size_t ring_size;  /* 0: none are kept */
    uint64_t n_behind; /* bytes behind the head, kept or not */
    bt_buf joined;     /* of head and ring, made by bt_raw_join() */
} bt_raw;

/* No allocation yet. */
void bt_raw_init(bt_raw *r, size_t max_head, size_t max_tail);
/* E_NOMEM, without a message. */
bolter_status bt_raw_append(bt_raw *r, const char *bytes, size_t n);
/*
 * What is kept, as one message, valid until the next call: where bytes are missing between head and
 * end, the line that is cut on each side is left out, if it ends within the next MAX_LINE bytes.
 * *truncated becomes true then. E_NOMEM.
 */
bolter_status bt_raw_join(bt_raw *r, const char **bytes, size_t *n, bool *truncated);
/* True once further bytes change nothing. */
bool bt_raw_full(const bt_raw *r);
void bt_raw_reset(bt_raw *r);
void bt_raw_free(bt_raw *r);

#endif
