/* layout.h - the template that turns the parts of a mail into the text a model reads. */
#ifndef BT_LAYOUT_H
#define BT_LAYOUT_H

#include "base/buf.h"
#include "bolter.h"

/* What the placeholders stand for, in normal form. */
typedef struct bt_fields {
    bt_buf subject, from_name, from_domain, body;
    bt_buf traits; /* no placeholder: see traits.h */
} bt_fields;

/* E_ARG for a placeholder that does not exist, or a layout without {body}. */
bolter_status bt_layout_check(const char *layout, bolter_error *err);
/* Append the filled layout. E_LIMIT: out is full and holds the beginning; E_NOMEM. */
bolter_status bt_layout_fill(bt_buf *out, const char *layout, const bt_fields *f);

#endif
