/* strip.h - text of HTML that is not fit for a parser. */
#ifndef BT_STRIP_H
#define BT_STRIP_H

#include "base/buf.h"
#include "bolter.h"

/* Append HTML without its tags, comments, scripts and styles. E_LIMIT as bt_html_text(); E_NOMEM.
 */
bolter_status bt_strip_tags(bt_buf *out, const char *html, size_t n);

#endif
