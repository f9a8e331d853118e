/*
 * alphabet.h - how vocab.json and merges.txt write bytes as text: GPT-2's alphabet of 256
 * characters.
 *
 * The printable characters of Latin-1 (U+0021..7E, A1..AC, AE..FF) stand for the byte of their
 * number; the other 68 bytes, in order, are U+0100, U+0101, ... Thus a space is written U+0120.
 */
#ifndef BT_ALPHABET_H
#define BT_ALPHABET_H

#include <stdint.h>

#include "base/buf.h"
#include "bolter.h"

typedef struct bt_alphabet {
    int16_t byte[0x144]; /* of a code point, or -1 */
    uint8_t order[256];  /* bytes in the order of their characters, which is that of GPT-2's ids */
    uint8_t rank[256];   /* the place of a byte in it */
} bt_alphabet;

void bt_alphabet_init(bt_alphabet *a);
/*
 * Append the bytes that text stands for. E_FORMAT, without a message and with b unchanged, when a
 * character is outside the alphabet; E_NOMEM likewise.
 */
bolter_status bt_alphabet_decode(const bt_alphabet *a, const char *text, size_t n, bt_buf *b);
/* The character of a byte, in UTF-8. */
void bt_alphabet_encode(const bt_alphabet *a, uint8_t byte, char text[3]);

#endif
