/*
 * source.c - a file's bytes in order, unpacked where it is gzip (RFC 1952, several members too).
 *
 * read() -> [raw -> inflate()] -> window -> the caller. inflate() is called directly, not through
 * gzread(), because the latter drops what it unpacked just before a fault.
 */
#include "data/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/mem.h"

struct bt_source {
    char *path;
    int fd;
    size_t chunk;
    unsigned char *window; /* pos..len are unread */
    size_t pos, len, cap;
    unsigned char *raw; /* BT_SOURCE_CHUNK packed bytes; NULL for a plain file */
    z_stream z;
    bool in_member; /* inside a gzip member: the file must not end here */
    bool at_end;    /* nothing more comes into the window */
    uint64_t size, n_read;
    uint64_t offset, mark; /* in unpacked bytes */
    uint64_t line;
    bolter_error fault;
};

static void *zlib_alloc(void *opaque, unsigned items, unsigned size)
{
    (void)opaque;
    return bt_alloc_array(items, size);
}

static void zlib_free(void *opaque, void *p)
{
    (void)opaque;
    bt_release(p);
}

static size_t read_some(bt_source *s, unsigned char *to, size_t n)
{
    ssize_t got;
    do
        got = read(s->fd, to, n);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        bt_fail_errno(&s->fault, errno, "%s", s->path);
    if (got <= 0)
        return 0;
    s->n_read += (uint64_t)got;
    return (size_t)got;
}

/* One call of inflate(); a fault ends the source. */
static void inflate_some(bt_source *s)
{
    if (!s->in_member)
        inflateReset(&s->z);
    s->in_member = true;
    int rc = inflate(&s->z, Z_NO_FLUSH);
    if (rc == Z_OK || rc == Z_BUF_ERROR)
        return;
    if (rc == Z_STREAM_END) {
        s->in_member = false;
        return;
    }
    s->at_end = true;
    if (rc == Z_MEM_ERROR)
        bt_fail(&s->fault, BOLTER_E_NOMEM, "%s: no memory", s->path);
    else
        bt_fail(&s->fault, BOLTER_E_FORMAT, "%s: damaged gzip data before byte %" PRIu64 ": %s",
                s->path, s->n_read - s->z.avail_in, s->z.msg ? s->z.msg : "unknown fault");
}

static void fill_unpacked(bt_source *s, size_t room)
{
    s->z.next_out = s->window + s->len;
    s->z.avail_out = (unsigned)room;
    while (!s->at_end && s->z.avail_out == room) {
        if (s->z.avail_in == 0) {
            s->z.next_in = s->raw;
            s->z.avail_in = (unsigned)read_some(s, s->raw, s->chunk);
        }
        if (s->z.avail_in > 0) {
            inflate_some(s);
            continue;
        }
        s->at_end = true;
        if (s->in_member)
            bt_fail(&s->fault, BOLTER_E_FORMAT,
                    "%s: truncated gzip file: it ends at byte %" PRIu64 ", inside the data",
                    s->path, s->n_read);
    }
    s->len += room - s->z.avail_out;
}

/* Bring at least one more byte into the window, or set at_end. */
static void fill(bt_source *s)
{
    /* Not before the end of the window is reached: what is peeked at may be long. */
    if (s->cap - s->len < s->chunk) {
        memmove(s->window, s->window + s->pos, s->len - s->pos);
        s->len -= s->pos;
        s->pos = 0;
    }
    size_t room = s->cap - s->len;
    if (room > s->chunk)
        room = s->chunk;
    if (s->raw) {
        fill_unpacked(s, room);
        return;
    }
    size_t got = read_some(s, s->window + s->len, room);
    s->len += got;
    s->at_end = got == 0;
}

/* Twice what is asked for, so that long peeks move each byte but a few times. */
static bool widen(bt_source *s, size_t n)
{
    size_t cap;
    unsigned char *window = bt_mul_size(n, 2, &cap) ? bt_realloc_array(s->window, cap, 1) : NULL;
    if (!window)
        return false;
    s->window = window;
    s->cap = cap;
    return true;
}

size_t bt_source_peek(bt_source *s, size_t n, const char **p)
{
    if (n > s->cap && !widen(s, n)) {
        bt_fail(&s->fault, BOLTER_E_NOMEM, "%s: no memory", s->path);
        s->at_end = true;
    }
    while (s->len - s->pos < n && !s->at_end)
        fill(s);
    *p = (const char *)s->window + s->pos;
    return s->len - s->pos < n ? s->len - s->pos : n;
}

/* The window holds the start of a gzip file: make it the packed side. */
static bolter_status start_gzip(bt_source *s, bolter_error *err)
{
    unsigned char *unpacked = bt_alloc(BT_SOURCE_CHUNK);
    s->z.zalloc = zlib_alloc;
    s->z.zfree = zlib_free;
    if (!unpacked || inflateInit2(&s->z, 15 + 16) != Z_OK) {
        bt_release(unpacked);
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", s->path);
    }
    s->raw = s->window;
    s->z.next_in = s->raw;
    s->z.avail_in = (unsigned)s->len;
    s->window = unpacked;
    s->len = 0;
    s->at_end = false;
    return BOLTER_OK;
}

static bolter_status start(bt_source *s, bolter_error *err)
{
    struct stat st;
    if (fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode))
        s->size = (uint64_t)st.st_size;
    const char *p;
    size_t n = bt_source_peek(s, 2, &p);
    if (n == 0 && s->fault.code != BOLTER_OK)
        return bt_source_end(s, err);
    return n == 2 && memcmp(p, "\x1f\x8b", 2) == 0 ? start_gzip(s, err) : BOLTER_OK;
}

bolter_status bt_source_open(bt_source **out, const char *path, size_t chunk, bolter_error *err)
{
    *out = NULL;
    bt_source *s = bt_alloc(sizeof *s);
    if (!s)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    s->fd = -1;
    s->chunk = chunk;
    s->path = bt_strdup(path);
    s->window = bt_alloc(BT_SOURCE_CHUNK);
    s->cap = BT_SOURCE_CHUNK;
    bolter_status rc = BOLTER_OK;
    if (!s->path || !s->window)
        rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    else if ((s->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        rc = bt_fail_errno(err, errno, "%s", path);
    else
        rc = start(s, err);
    if (rc != BOLTER_OK) {
        bt_source_close(s);
        return rc;
    }
    *out = s;
    return BOLTER_OK;
}

void bt_source_close(bt_source *s)
{
    if (!s)
        return;
    if (s->raw)
        inflateEnd(&s->z);
    if (s->fd >= 0)
        close(s->fd);
    bt_release(s->raw);
    bt_release(s->window);
    bt_release(s->path);
    bt_release(s);
}

void bt_source_skip(bt_source *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s->line += s->window[s->pos + i] == '\n';
    s->pos += n;
    s->offset += n;
}

void bt_source_skip_bom(bt_source *s)
{
    const char *p;
    if (bt_source_peek(s, 3, &p) == 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        bt_source_skip(s, 3);
}

int bt_source_byte(bt_source *s)
{
    while (s->pos == s->len) {
        if (s->at_end)
            return -1;
        fill(s);
    }
    int c = s->window[s->pos++];
    s->offset++;
    s->line += c == '\n';
    return c;
}

bolter_status bt_source_end(const bt_source *s, bolter_error *err)
{
    if (s->fault.code == BOLTER_OK)
        return BOLTER_END;
    if (err && err->code == BOLTER_OK)
        *err = s->fault;
    return s->fault.code;
}

bolter_status bt_source_put(const bt_source *s, bt_buf *b, const void *bytes, size_t n,
                            bolter_error *err)
{
    if (bt_buf_append(b, bytes, n))
        return BOLTER_OK;
    if (n > bt_buf_room(b))
        return bt_fail(err, BOLTER_E_LIMIT,
                       "%s: the example at byte %" PRIu64 " has a part of more than %zu bytes",
                       s->path, s->mark, b->max);
    return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", s->path);
}

/* Append the window up to a newline, or all of it; *newline tells which. */
static bolter_status take_line(bt_source *s, bt_buf *b, bool *newline, bolter_error *err)
{
    const unsigned char *from = s->window + s->pos;
    const unsigned char *at = memchr(from, '\n', s->len - s->pos);
    size_t n = at ? (size_t)(at - from) + 1 : s->len - s->pos;
    bolter_status rc = bt_source_put(s, b, from, n, err);
    if (rc != BOLTER_OK)
        return rc;
    *newline = at != NULL;
    s->pos += n;
    s->offset += n;
    s->line += *newline;
    return BOLTER_OK;
}

bolter_status bt_source_line(bt_source *s, bt_buf *b, bolter_error *err)
{
    size_t before = b->len;
    for (;;) {
        if (s->pos < s->len) {
            bool newline;
            bolter_status rc = take_line(s, b, &newline, err);
            if (rc != BOLTER_OK || newline)
                return rc;
        } else if (s->at_end) {
            bolter_status rc = bt_source_end(s, err);
            return rc == BOLTER_END && b->len > before ? BOLTER_OK : rc;
        } else {
            fill(s);
        }
    }
}

bolter_status bt_source_rest(bt_source *s, bt_buf *b, bolter_error *err)
{
    bolter_status rc;
    while ((rc = bt_source_line(s, b, err)) == BOLTER_OK)
        ;
    return rc == BOLTER_END ? BOLTER_OK : rc;
}

uint64_t bt_source_line_no(const bt_source *s)
{
    return s->line + 1;
}

void bt_source_mark(bt_source *s)
{
    s->mark = s->offset;
}

double bt_source_progress(const bt_source *s)
{
    if (s->size == 0)
        return 0;
    /* What waits unread in memory is not done yet: exact for a plain file, close for a packed one.
     */
    uint64_t waiting = s->raw ? s->z.avail_in : s->len - s->pos;
    double share = (double)(s->n_read - waiting) / (double)s->size;
    return share < 1 ? share : 1;
}
