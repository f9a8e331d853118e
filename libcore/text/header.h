/* header.h - a message as GMime parses it, and the fields of its header that are text. */
#ifndef BT_HEADER_H
#define BT_HEADER_H

#include <gmime/gmime.h>

#include "base/buf.h"
#include "bolter.h"

/* The caller's, g_object_unref(); NULL where the bytes do not begin with a field. Fields in no charset
 * are UTF-8 or Windows-1252. raw must last as long. Any thread. */
GMimeMessage *bt_header_parse(const char *raw, size_t n);

/* Each appends in normal form, on one line. E_LIMIT: a buffer's cap cut something off; E_NOMEM. */
bolter_status bt_header_subject(bt_buf *out, GMimeMessage *m);
/* The name and the domain of the first sender; of a field that is no address, what is there. */
bolter_status bt_header_from(bt_buf *name, bt_buf *domain, GMimeMessage *m);

#endif
