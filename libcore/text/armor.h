/* armor.h - OpenPGP ciphertext written as text. */
#ifndef BT_ARMOR_H
#define BT_ARMOR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True when the n bytes of normalised text are one armoured OpenPGP message (RFC 4880, section 6.2) and
 * nothing that anybody could read: so a few words in front of a block are text like any other.
 */
bool bt_armor_is_all(const char *text, size_t n);

#endif
