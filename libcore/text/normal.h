/*
 * normal.h - one form for all text that a model reads: valid UTF-8, LF, nothing invisible.
 */
#ifndef BT_NORMAL_H
#define BT_NORMAL_H

#include "base/buf.h"
#include "bolter.h"

typedef enum bt_normal {
    BT_NORMAL_PLAIN, /* blanks stay as they are */
    BT_NORMAL_MAIL,  /* blanks run together and neither begin nor end a line; at most one line is
                        empty */
    BT_NORMAL_LINE   /* the same on one line: a header field */
} bt_normal;

/* Bytes of the UTF-8 character at s of n >= 1 bytes; 0 when no character begins here. */
size_t bt_utf8_char(const char *s, size_t n);
/* The largest length of at most n that does not end inside a character of s. */
size_t bt_utf8_cut(const char *s, size_t n);
/*
 * Append n bytes to out in normal form: an invalid byte becomes U+FFFD; LF with the CRs before it, and
 * CR alone, become LF; controls but LF and TAB, and characters of no width, are left out; blanks at both
 * ends go.
 * E_LIMIT: out is full and holds the beginning, cut between characters; E_NOMEM.
 */
bolter_status bt_normal_append(bt_buf *out, const char *s, size_t n, bt_normal how);

#endif
