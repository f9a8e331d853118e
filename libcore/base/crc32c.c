/* crc32c.c - CRC-32C by four bytes at a time. */
#include "base/crc32c.h"

#define POLYNOMIAL 0x82f63b78u /* 0x1edc6f41 with its bits reversed */

/* Row k: what a byte comes to after k bytes of zero. */
static void make_table(uint32_t table[4][256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c >> 1 ^ (c & 1 ? POLYNOMIAL : 0);
        table[0][i] = c;
    }
    for (int k = 1; k < 4; k++)
        for (uint32_t i = 0; i < 256; i++)
            table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
}

uint32_t bt_crc32c(uint32_t crc, const void *bytes, size_t n)
{
    uint32_t table[4][256];
    make_table(table);
    const unsigned char *s = bytes;
    crc = ~crc;
    for (; n >= 4; s += 4, n -= 4)
        crc = table[3][(crc ^ s[0]) & 0xff] ^ table[2][(crc >> 8 ^ s[1]) & 0xff] ^
              table[1][(crc >> 16 ^ s[2]) & 0xff] ^ table[0][crc >> 24 ^ s[3]];
    for (; n > 0; s++, n--)
        crc = crc >> 8 ^ table[0][(crc ^ *s) & 0xff];
    return ~crc;
}
