/* store.c - rows of floats in memory or in a temporary file, as float32 or bfloat16. */
#include "train/store.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/float16.h"

void bt_store_init(bt_store *s, bool half, size_t limit)
{
    *s = (bt_store){.half = half, .limit = limit, .fd = -1};
}

void bt_store_clear(bt_store *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void bt_piece_release(bt_piece *p)
{
    bt_release(p->memory);
    *p = (bt_piece){0};
}

static size_t bytes_of(const bt_store *s, size_t n)
{
    return n * (s->half ? sizeof(uint16_t) : sizeof(float));
}

static void pack(const bt_store *s, void *to, const float *x, size_t n)
{
    uint16_t *h = to;
    if (!s->half)
        memcpy(to, x, bytes_of(s, n));
    for (size_t i = 0; s->half && i < n; i++)
        h[i] = bt_to_bf16(x[i]);
}

static void unpack(const bt_store *s, float *x, const void *from, size_t n)
{
    const uint16_t *h = from;
    if (!s->half)
        memcpy(x, from, bytes_of(s, n));
    for (size_t i = 0; s->half && i < n; i++)
        x[i] = bt_from_bf16(h[i]);
}

static bolter_status write_all(bt_store *s, const void *bytes, size_t n, bolter_error *err)
{
    const char *at = bytes;
    bolter_status rc = s->fd < 0 ? bt_temp_open(&s->fd, err) : BOLTER_OK;
    while (rc == BOLTER_OK && n > 0) {
        ssize_t done = pwrite(s->fd, at, n, (off_t)s->fd_used);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return bt_fail_errno(err, done < 0 ? errno : ENOSPC, "temporary file of the cache");
        at += done;
        n -= (size_t)done;
        s->fd_used += (uint64_t)done;
    }
    return rc;
}

static bolter_status read_all(const bt_store *s, uint64_t offset, void *bytes, size_t n,
                              bolter_error *err)
{
    char *at = bytes;
    while (n > 0) {
        ssize_t done = pread(s->fd, at, n, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return bt_fail_errno(err, done < 0 ? errno : EIO, "temporary file of the cache");
        at += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return BOLTER_OK;
}

bolter_status bt_store_put(bt_store *s, const float *x, size_t n, bt_piece *out, bolter_error *err)
{
    size_t bytes = bytes_of(s, n);
    void *packed = bt_alloc(bytes);
    if (!packed)
        return bt_fail(err, BOLTER_E_NOMEM, "cache: no memory for %zu bytes", bytes);
    pack(s, packed, x, n);
    *out = (bt_piece){.memory = packed, .n = n};
    if (bytes <= s->limit - s->used) {
        s->used += bytes;
        return BOLTER_OK;
    }
    *out = (bt_piece){.offset = s->fd_used, .n = n};
    bolter_status rc = write_all(s, packed, bytes, err);
    bt_release(packed);
    return rc;
}

bolter_status bt_store_get(const bt_store *s, const bt_piece *p, float *x, bolter_error *err)
{
    if (p->memory) {
        unpack(s, x, p->memory, p->n);
        return BOLTER_OK;
    }
    if (!s->half)
        return read_all(s, p->offset, x, bytes_of(s, p->n), err);
    void *packed = bt_alloc(bytes_of(s, p->n));
    if (!packed)
        return bt_fail(err, BOLTER_E_NOMEM, "cache: no memory for %zu values", p->n);
    bolter_status rc = read_all(s, p->offset, packed, bytes_of(s, p->n), err);
    if (rc == BOLTER_OK)
        unpack(s, x, packed, p->n);
    bt_release(packed);
    return rc;
}
