/* digest.c - SHA-256 by GLib's GChecksum, which GMime brings along. */
#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

bt_sha256 *bt_sha256_begin(void)
{
    return g_checksum_new(G_CHECKSUM_SHA256);
}

void bt_sha256_add(bt_sha256 *sum, const void *bytes, size_t n)
{
    for (const unsigned char *p = bytes; n > 0;) { /* GLib takes a signed length */
        size_t piece = n < (1u << 30) ? n : 1u << 30;
        g_checksum_update(sum, p, (gssize)piece);
        p += piece;
        n -= piece;
    }
}

void bt_sha256_end(bt_sha256 *sum, char hex[65])
{
    memcpy(hex, g_checksum_get_string(sum), 64);
    hex[64] = 0;
    g_checksum_free(sum);
}

void bt_sha256_hex(const void *bytes, size_t n, char hex[65])
{
    bt_sha256 *sum = bt_sha256_begin();
    bt_sha256_add(sum, bytes, n);
    bt_sha256_end(sum, hex);
}

bolter_status bolter_file_sha256(const char *path, char hex[65], bolter_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return bt_fail_errno(err, errno, "%s", path);
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    unsigned char chunk[65536];
    ssize_t got;
    while ((got = read(fd, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0)
            g_checksum_update(sum, chunk, got);
    int e = errno;
    close(fd);
    if (got < 0) {
        g_checksum_free(sum);
        return bt_fail_errno(err, e, "%s", path);
    }
    bt_sha256_end(sum, hex);
    return BOLTER_OK;
}
