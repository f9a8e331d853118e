/* crc32c.h - the checksum CRC-32C (Castagnoli), as RFC 3720 defines it. */
#ifndef BT_CRC32C_H
#define BT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of the bytes before, 0 for none, and n more. */
uint32_t bt_crc32c(uint32_t crc, const void *bytes, size_t n);

#endif
