/* digest.h - SHA-256 of bytes and files, as hexadecimal text. */
#ifndef BT_DIGEST_H
#define BT_DIGEST_H

#include <stddef.h>

/* 64 lower-case hexadecimal digits and a NUL. bytes may be NULL if n is 0. */
void bt_sha256_hex(const void *bytes, size_t n, char hex[65]);

#endif
