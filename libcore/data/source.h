/*
 * source.h - the bytes of a file in order, unpacked where it is gzip.
 *
 * A fault (a read error, a truncated or damaged gzip stream) shows only after all bytes before it
 * have been taken, and then each time.
 */
#ifndef BT_SOURCE_H
#define BT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "bolter.h"

#define BT_SOURCE_CHUNK 65536 /* bytes asked for at once */

typedef struct bt_source bt_source;

/* Open path and read in chunks of 1 .. BT_SOURCE_CHUNK bytes. E_IO, E_NOMEM. */
bolter_status bt_source_open(bt_source **out, const char *path, size_t chunk, bolter_error *err);
void bt_source_close(bt_source *s);

/* Look at the next n bytes without taking them, all of them held in memory; fewer before the end or
 * a fault. *p lasts until the next call. */
size_t bt_source_peek(bt_source *s, size_t n, const char **p);
/* Take n bytes that were peeked at. */
void bt_source_skip(bt_source *s, size_t n);
/* Take a UTF-8 byte order mark if one comes next. */
void bt_source_skip_bom(bt_source *s);
/* Take one byte; -1 at the end or a fault. */
int bt_source_byte(bt_source *s);
/*
 * Append the next line with its line end, which the last line may lack. BOLTER_END where nothing is
 * left, E_LIMIT where b is full.
 */
bolter_status bt_source_line(bt_source *s, bt_buf *b, bolter_error *err);
/* Append everything that is left. E_LIMIT where b is full. */
bolter_status bt_source_rest(bt_source *s, bt_buf *b, bolter_error *err);
/* Why no byte is left: BOLTER_END, or the fault, written to err. */
bolter_status bt_source_end(const bt_source *s, bolter_error *err);

/* Append bytes to b, or fail with E_LIMIT (b is full) or E_NOMEM in the source's name. */
bolter_status bt_source_put(const bt_source *s, bt_buf *b, const void *bytes, size_t n,
                            bolter_error *err);

/* Number, from 1, of the line that the next byte belongs to. */
uint64_t bt_source_line_no(const bt_source *s);
/* Remember that an example begins here, for the message of E_LIMIT. */
void bt_source_mark(bt_source *s);
/* Share of the file, as it is on disk, that has been read; 0 where its size is not known. */
double bt_source_progress(const bt_source *s);

#endif
