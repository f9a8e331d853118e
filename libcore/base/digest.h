/* digest.h - SHA-256 of bytes and files, as hexadecimal text. */
#ifndef BT_DIGEST_H
#define BT_DIGEST_H

#include <stddef.h>

/* 64 lower-case hexadecimal digits and a NUL. bytes may be NULL if n is 0. */
void bt_sha256_hex(const void *bytes, size_t n, char hex[65]);

/* The same, in pieces. bt_sha256_end() also frees. */
typedef struct _GChecksum bt_sha256;
bt_sha256 *bt_sha256_begin(void);
void bt_sha256_add(bt_sha256 *sum, const void *bytes, size_t n);
void bt_sha256_end(bt_sha256 *sum, char hex[65]);

#endif
