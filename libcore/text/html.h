/* html.h - the text that a reader of an HTML part sees. */
#ifndef BT_HTML_H
#define BT_HTML_H

#include "base/buf.h"
#include "bolter.h"

/*
 * Append the visible text of n bytes of HTML in UTF-8. *n_hidden grows by the bytes of text that is
 * there but hidden from the reader. E_LIMIT: out is full and holds the beginning; E_NOMEM.
 */
bolter_status bt_html_text(bt_buf *out, const char *html, size_t n, size_t *n_hidden);

#endif
