/*
 * sstable.h - a sorted table as LevelDB and TensorFlow write it: keys and values in blocks.
 *
 *   data blocks, a block of their metadata, a block of their places, footer
 *   block     entries, offsets of some of them (4 bytes each), their number (4 bytes)
 *   entry     bytes shared with the key before, bytes that are new, bytes of the value (varints), then
 *             the new bytes of the key, and the value
 *   behind a block   a byte that is 0 if it is not compressed, and the masked CRC-32C of both
 *   footer    places (varints) of the metadata block and of the block of places, zeros up to 40 bytes,
 *             a magic number of 8
 *
 * Source: LevelDB's doc/table_format.md.
 */
#ifndef BT_SSTABLE_H
#define BT_SSTABLE_H

#include <stddef.h>
#include <stdint.h>

#include "bolter.h"

/* An entry, valid during the call. A status other than OK ends the reading. */
typedef bolter_status (*bt_sstable_fn)(void *ud, const unsigned char *key, size_t n_key,
                                       const unsigned char *value, size_t n_value,
                                       bolter_error *err);

/* Read all entries of a table of n bytes, in the order of the file; path is for messages. E_FORMAT names
 * the byte, E_VERSION is a compressed block, E_LIMIT. */
bolter_status bt_sstable_read(const unsigned char *bytes, size_t n, const char *path,
                              bt_sstable_fn each, void *ud, bolter_error *err);

/* A number of 1 to 10 bytes, seven bits each, the lowest first. False where *at would pass n. */
bool bt_varint(const unsigned char *s, size_t n, size_t *at, uint64_t *out);
uint32_t bt_le32(const unsigned char *s);
/* LevelDB stores checksums so that one of bytes with a checksum among them is not special. */
uint32_t bt_crc_unmask(uint32_t masked);

#endif
