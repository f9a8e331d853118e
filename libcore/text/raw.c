/*
 * raw.c - the beginning and the end of a message.
 *
 * A part that is cut by the gap goes on behind it for a MIME parser: lines of text follow lines of
 * text, whole lines of base64 decode, and a boundary ends it as before.
 */
#include "text/raw.h"

#include <string.h>

#include "base/mem.h"

enum { MAX_LINE = 1000 }; /* RFC 5322, 2.1.1, with the line end */

void bt_raw_init(bt_raw *r, size_t max_head, size_t max_tail)
{
    *r = (bt_raw){.ring_size = max_tail};
    bt_buf_init(&r->head, max_head);
    bt_buf_init(&r->joined, max_head + max_tail);
}

/* Where the next byte goes. */
static size_t place(const bt_raw *r)
{
    return (size_t)(r->n_behind % r->ring_size);
}

static bolter_status append_behind(bt_raw *r, const char *bytes, size_t n)
{
    if (r->ring_size == 0) {
        r->n_behind += n;
        return BOLTER_OK;
    }
    if (!r->ring && !(r->ring = bt_alloc(r->ring_size)))
        return BOLTER_E_NOMEM;
    if (n > r->ring_size) { /* only the last of them will be left */
        r->n_behind += n - r->ring_size;
        bytes += n - r->ring_size;
        n = r->ring_size;
    }
    size_t at = place(r), to_end = r->ring_size - at;
    size_t first = n < to_end ? n : to_end;
    memcpy(r->ring + at, bytes, first);
    memcpy(r->ring, bytes + first, n - first);
    r->n_behind += n;
    return BOLTER_OK;
}

bolter_status bt_raw_append(bt_raw *r, const char *bytes, size_t n)
{
    size_t room = bt_buf_room(&r->head), fits = n < room ? n : room;
    if (fits > 0 && !bt_buf_append(&r->head, bytes, fits))
        return BOLTER_E_NOMEM;
    return n > fits ? append_behind(r, bytes + fits, n - fits) : BOLTER_OK;
}

/* Bytes of s up to the end of its last whole line, or all where that is too far from the end. */
static size_t whole_lines(const char *s, size_t n)
{
    for (size_t i = n; i > 0 && n - i < MAX_LINE; i--)
        if (s[i - 1] == '\n')
            return i;
    return n;
}

/* Drop the first bytes behind the head, the end of a line whose beginning is not there. */
static void drop_broken_line(bt_buf *b, size_t from)
{
    size_t n = b->len - from;
    const char *newline = memchr(b->data + from, '\n', n < MAX_LINE ? n : MAX_LINE);
    size_t broken = newline ? (size_t)(newline + 1 - (b->data + from)) : 0;
    memmove(b->data + from, b->data + from + broken, n - broken + 1);
    b->len -= broken;
}

bolter_status bt_raw_join(bt_raw *r, const char **bytes, size_t *n, bool *truncated)
{
    bool gap = r->n_behind > r->ring_size;
    *bytes = r->head.data;
    *n = r->head.len;
    *truncated = *truncated || gap;
    if (!r->ring)
        return BOLTER_OK;
    size_t head = gap ? whole_lines(r->head.data, r->head.len) : r->head.len;
    size_t oldest = gap ? place(r) : 0;
    size_t held = gap ? r->ring_size : (size_t)r->n_behind;
    bt_buf_reset(&r->joined);
    if (!bt_buf_append(&r->joined, r->head.data, head) ||
        !bt_buf_append(&r->joined, r->ring + oldest, held - oldest) ||
        !bt_buf_append(&r->joined, r->ring, oldest))
        return BOLTER_E_NOMEM;
    if (gap)
        drop_broken_line(&r->joined, head);
    *bytes = r->joined.data;
    *n = r->joined.len;
    return BOLTER_OK;
}

bool bt_raw_full(const bt_raw *r)
{
    return r->ring_size == 0 && bt_buf_room(&r->head) == 0;
}

void bt_raw_reset(bt_raw *r)
{
    bt_buf_reset(&r->head);
    bt_buf_reset(&r->joined);
    r->n_behind = 0;
}

void bt_raw_free(bt_raw *r)
{
    bt_buf_free(&r->head);
    bt_buf_free(&r->joined);
    bt_release(r->ring);
    r->ring = NULL;
}
