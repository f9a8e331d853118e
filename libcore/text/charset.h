/* charset.h - bytes in the encoding a sender declared, or seems to have meant, to UTF-8. */
#ifndef BT_CHARSET_H
#define BT_CHARSET_H

#include "base/buf.h"
#include "bolter.h"

/*
 * The name, for bt_charset_convert(), of the encoding to read n bytes in, or NULL when they are
 * read as UTF-8 as they stand. declared may be NULL or anything a sender wrote. Bytes that are
 * valid UTF-8 beyond chance are read so whatever was declared; bytes of an unknown encoding, or of
 * an undeclared one that is not UTF-8, are read as windows-1252.
 */
const char *bt_charset_of(const char *declared, const char *bytes, size_t n);
/* Append n bytes as UTF-8, what cannot be converted as U+FFFD. E_LIMIT: out is full; E_NOMEM. */
bolter_status bt_charset_convert(bt_buf *out, const char *from, const char *bytes, size_t n);

#endif
