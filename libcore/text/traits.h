/*
 * traits.h - what a mail is besides its text: a list of short names, one a line, such as
 * "from:example.com", "h:Message-Id" or "tag:font".
 *
 * They are the words of the header fields that are the same when mail arrives and in an archive of
 * it, the names of these fields and their order, and the markup and the links of its parts. What the
 * receiving site adds, and marks of other filters, are left out.
 */
#ifndef BT_TRAITS_H
#define BT_TRAITS_H

#include "base/buf.h"

/* Each appends to out what fits of it; false without memory. */

/*
 * Of the header at the beginning of n raw bytes. arriving: it has no Received field of this site yet;
 * else the topmost one is passed over.
 */
bool bt_traits_header(bt_buf *out, const char *raw, size_t n, bool arriving);
/* Of the tags and attributes of HTML, and of the links in it. */
bool bt_traits_html(bt_buf *out, const char *html, size_t n);
/* Of the links in a text. */
bool bt_traits_links(bt_buf *out, const char *text, size_t n);
/* One trait, NAME:VALUE, both cut short where they are long. */
bool bt_traits_put(bt_buf *out, const char *name, const char *value, size_t n);
/* The words of a value, in small letters. */
bool bt_traits_words(bt_buf *out, const char *name, const char *value, size_t n);
/* The form of a value: letters as "a" and "A", digits as "0", at most two of a kind in a row. */
bool bt_traits_shape(bt_buf *out, const char *name, const char *value, size_t n);

#endif
