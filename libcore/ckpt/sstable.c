/* sstable.c - reads LevelDB's tables. */
#include "ckpt/sstable.h"

#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"

#define FOOTER  48 /* bytes */
#define TRAILER 5  /* behind a block */
#define MAGIC   UINT64_C(0xdb4775248b80fb57)
#define KEY_MAX 512

struct table {
    const unsigned char *s;
    size_t n;
    const char *path;
    bt_sstable_fn each;
    void *ud;
    size_t depth; /* 1: in the block of places */
    uint64_t left; /* bytes that blocks may still take: they do not lie over each other */
};

/* Where a block is. */
struct place {
    uint64_t at, n;
};

/* ---- Numbers ---- */

bool bt_varint(const unsigned char *s, size_t n, size_t *at, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 70 && *at < n; shift += 7) {
        unsigned char byte = s[(*at)++];
        if (shift == 63 && byte > 1)
            return false;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

uint32_t bt_le32(const unsigned char *s)
{
    return (uint32_t)s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24;
}

uint32_t bt_crc_unmask(uint32_t masked)
{
    uint32_t turned = masked - 0xa282ead8u;
    return turned >> 17 | turned << 15;
}

static bolter_status bad(const struct table *t, uint64_t at, const char *what, bolter_error *err)
{
    return bt_fail(err, BOLTER_E_FORMAT, "%s: byte %" PRIu64 ": %s", t->path, at, what);
}

static bool read_place(const unsigned char *s, size_t n, size_t *at, struct place *p)
{
    return bt_varint(s, n, at, &p->at) && bt_varint(s, n, at, &p->n);
}

/* ---- Blocks ---- */

static bolter_status read_block(struct table *t, struct place p, bolter_error *err);

/* An entry of the block of places is the place of a block. */
static bolter_status take(struct table *t, size_t at, const unsigned char *key, size_t n_key,
                          const unsigned char *value, size_t n_value, bolter_error *err)
{
    if (t->depth == 0)
        return t->each(t->ud, key, n_key, value, n_value, err);
    struct place p;
    size_t end = 0;
    if (!read_place(value, n_value, &end, &p))
        return bad(t, at, "expected the place of a block", err);
    t->depth--;
    bolter_status rc = read_block(t, p, err);
    t->depth++;
    return rc;
}

/* The entries of n bytes at a place in the file. */
static bolter_status read_entries(struct table *t, size_t from, size_t n, bolter_error *err)
{
    unsigned char key[KEY_MAX];
    const unsigned char *s = t->s + from;
    size_t at = 0, n_key = 0;
    bolter_status rc = BOLTER_OK;
    while (rc == BOLTER_OK && at < n) {
        uint64_t shared, fresh, n_value;
        size_t entry = from + at;
        if (!bt_varint(s, n, &at, &shared) || !bt_varint(s, n, &at, &fresh) ||
            !bt_varint(s, n, &at, &n_value) || fresh > n - at || n_value > n - at - fresh)
            return bad(t, entry, "an entry that ends outside its block", err);
        if (shared > n_key || fresh > KEY_MAX - shared)
            return bad(t, entry, "a key that shares more than there is, or has more than 512 bytes",
                       err);
        memcpy(key + shared, s + at, fresh);
        n_key = (size_t)(shared + fresh);
        at += fresh;
        rc = take(t, entry, key, n_key, s + at, n_value, err);
        at += n_value;
    }
    return rc;
}

static bolter_status read_block(struct table *t, struct place p, bolter_error *err)
{
    if (p.at > t->n || p.n > t->n - p.at || t->n - p.at - p.n < TRAILER || p.n < 4)
        return bad(t, p.at, "a block that does not lie in the file", err);
    if (p.n > t->left)
        return bad(t, p.at, "blocks that lie over each other", err);
    t->left -= p.n;
    size_t at = (size_t)p.at, n = (size_t)p.n;
    const unsigned char *end = t->s + at + n;
    uint32_t want = bt_crc_unmask(bt_le32(end + 1)), got = bt_crc32c(0, t->s + at, n + 1);
    if (got != want)
        return bt_fail(err, BOLTER_E_FORMAT,
                       "%s: byte %zu: a block with the checksum %08" PRIx32 ", expected %08" PRIx32,
                       t->path, at, got, want);
    if (*end != 0)
        return bt_fail(err, BOLTER_E_VERSION,
                       "%s: byte %zu: a block compressed by method %u, expected none; write the "
                       "checkpoint without compression", t->path, at, *end);
    uint64_t restarts = bt_le32(end - 4);
    if (restarts > (n - 4) / 4)
        return bad(t, p.at + n - 4, "more restarts than the block has room for", err);
    return read_entries(t, at, n - 4 - 4 * (size_t)restarts, err);
}

bolter_status bt_sstable_read(const unsigned char *bytes, size_t n, const char *path,
                              bt_sstable_fn each, void *ud, bolter_error *err)
{
    struct table t = {.s = bytes, .n = n, .path = path, .each = each, .ud = ud, .depth = 1,
                      .left = n};
    if (n < FOOTER)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %zu bytes, expected a table of at least %d", path,
                       n, FOOTER);
    const unsigned char *footer = bytes + n - FOOTER;
    uint64_t magic = bt_le32(footer + 40) | (uint64_t)bt_le32(footer + 44) << 32;
    if (magic != MAGIC)
        return bad(&t, n - 8, "no table: expected its magic number", err);
    struct place meta, places;
    size_t at = 0;
    if (!read_place(footer, 40, &at, &meta) || !read_place(footer, 40, &at, &places))
        return bad(&t, n - FOOTER, "expected the places of two blocks", err);
    return read_block(&t, places, err);
}
