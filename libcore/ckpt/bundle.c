/*
 * bundle.c - a checkpoint of TensorFlow: PREFIX.index, a table of names and protocol buffers, and
 * PREFIX.data-00000-of-00001, the values.
 *
 *   ""      header   1 shards, 2 byte order (0: little endian), 3 version
 *   NAME    entry    1 type, 2 shape, 3 shard, 4 offset, 5 size, 6 masked CRC-32C, 7 slices
 *   shape            2 dimension (1 size), 3 unknown rank
 *
 * Source: TensorFlow's tensor_bundle.proto and tensor_shape.proto.
 */
#include "ckpt/foreign.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/sstable.h"

#define INDEX_MAX ((size_t)64 << 20) /* bytes */

struct bundle {
    bt_foreign_set *set;
    const char *path; /* of the index */
    bt_map data;
    bool has_header;
};

/* ---- Protocol buffers ---- */

/* A field: a number, or bytes. */
struct field {
    uint64_t id, number;
    const unsigned char *s;
    size_t n;
    bool is_bytes;
};

/* The next field; false where the bytes are no message. */
static bool next_field(const unsigned char *s, size_t n, size_t *at, struct field *f)
{
    uint64_t tag;
    *f = (struct field){0};
    if (!bt_varint(s, n, at, &tag))
        return false;
    f->id = tag >> 3;
    size_t fixed = (tag & 7) == 5 ? 4 : (tag & 7) == 1 ? 8 : 0;
    if ((tag & 7) == 0)
        return bt_varint(s, n, at, &f->number);
    f->is_bytes = (tag & 7) == 2;
    if (f->is_bytes ? !bt_varint(s, n, at, &f->number) || f->number > n - *at
                    : fixed == 0 || fixed > n - *at)
        return false;
    f->s = s + *at;
    f->n = f->is_bytes ? (size_t)f->number : fixed;
    if (!f->is_bytes)
        f->number = bt_le32(f->s);
    *at += f->n;
    return true;
}

static bolter_status bad_message(const struct bundle *b, const char *name, bolter_error *err)
{
    return bt_fail(err, BOLTER_E_FORMAT, "%s: what it says of \"%.80s\" is no message", b->path,
                   name);
}

static bolter_status read_header(struct bundle *b, const unsigned char *s, size_t n,
                                 bolter_error *err)
{
    uint64_t shards = 0, order = 0;
    struct field f;
    b->has_header = true;
    for (size_t at = 0; at < n;) {
        if (!next_field(s, n, &at, &f))
            return bad_message(b, "", err);
        shards = f.id == 1 ? f.number : shards;
        order = f.id == 2 ? f.number : order;
    }
    if (shards != 1 || order != 0)
        return bt_fail(err, BOLTER_E_VERSION,
                       "%s: %" PRIu64 " shards in byte order %" PRIu64
                       ", expected 1 in little endian (0)", b->path, shards, order);
    return BOLTER_OK;
}

/* ---- Tensors ---- */

static bool read_dimension(bt_foreign *t, const unsigned char *s, size_t n)
{
    uint64_t size = 0;
    struct field f;
    for (size_t at = 0; at < n;) {
        if (!next_field(s, n, &at, &f))
            return false;
        size = f.id == 1 ? f.number : size;
    }
    if (t->n_dim == BT_MAX_DIM || size > SIZE_MAX / 8)
        return false;
    t->dim[t->n_dim++] = (size_t)size;
    return true;
}

static bool read_shape(bt_foreign *t, const unsigned char *s, size_t n)
{
    struct field f;
    for (size_t at = 0; at < n;) {
        if (!next_field(s, n, &at, &f) || f.id == 3)
            return false;
        if (f.id == 2 && !read_dimension(t, f.s, f.n))
            return false;
    }
    return true;
}

static void take_type(bt_foreign *t, uint64_t type)
{
    t->is_float = type == 1 || type == 19 || type == 14;
    t->dtype = type == 19 ? BT_F16 : type == 14 ? BT_BF16 : BT_F32;
    t->type = type == 1 ? "float32" : type == 19 ? "float16" : type == 14 ? "bfloat16" : "another";
}

/* What an entry says, beside type and shape. */
struct entry {
    uint64_t type, shard, offset, size;
    bool sliced;
};

static bool read_entry(struct entry *e, bt_foreign *t, const unsigned char *s, size_t n)
{
    struct field f;
    *e = (struct entry){0};
    for (size_t at = 0; at < n;) {
        if (!next_field(s, n, &at, &f) || (f.id == 2 && !f.is_bytes))
            return false;
        if (f.id == 2 && !read_shape(t, f.s, f.n))
            return false;
        e->type = f.id == 1 ? f.number : e->type;
        e->shard = f.id == 3 ? f.number : e->shard;
        e->offset = f.id == 4 ? f.number : e->offset;
        e->size = f.id == 5 ? f.number : e->size;
        e->sliced = e->sliced || f.id == 7;
        if (f.id == 6) {
            t->has_crc = true;
            t->crc = bt_crc_unmask((uint32_t)f.number);
        }
    }
    return true;
}

static bolter_status place(const struct bundle *b, bt_foreign *t, const struct entry *e,
                           bolter_error *err)
{
    take_type(t, e->type);
    if (e->sliced || e->shard != 0)
        return bt_fail(err, BOLTER_E_VERSION, "%s: tensor %s is in several pieces, expected one",
                       b->path, t->name);
    if (e->offset > b->data.len || e->size > b->data.len - e->offset)
        return bt_fail(err, BOLTER_E_FORMAT,
                       "%s: tensor %s takes %" PRIu64 " bytes at %" PRIu64
                       ", the data file has %zu bytes", b->path, t->name, e->size, e->offset,
                       b->data.len);
    if (t->is_float && (!bt_foreign_shape(t) || e->size != t->n_values * bt_dtype_size(t->dtype)))
        return bt_fail(err, BOLTER_E_FORMAT,
                       "%s: tensor %s takes %" PRIu64 " bytes, its shape needs another number",
                       b->path, t->name, e->size);
    t->data = e->size ? b->data.data + e->offset : NULL;
    return BOLTER_OK;
}

static bolter_status take(void *ud, const unsigned char *key, size_t n_key,
                          const unsigned char *value, size_t n_value, bolter_error *err)
{
    struct bundle *b = ud;
    if (n_key == 0)
        return read_header(b, value, n_value, err);
    bt_foreign *t;
    struct entry e;
    bolter_status rc = bt_foreign_add(b->set, &t, (const char *)key, n_key, err);
    if (rc != BOLTER_OK)
        return rc;
    return read_entry(&e, t, value, n_value) ? place(b, t, &e, err) : bad_message(b, t->name, err);
}

static bolter_status read_index(struct bundle *b, bolter_error *err)
{
    bt_map index;
    bolter_status rc = bt_map_open(&index, b->path, err);
    if (rc != BOLTER_OK)
        return rc;
    if (index.len > INDEX_MAX)
        rc = bt_fail(err, BOLTER_E_LIMIT, "%s: %zu bytes, expected at most %zu", b->path, index.len,
                     INDEX_MAX);
    else
        rc = bt_sstable_read(index.data, index.len, b->path, take, b, err);
    bt_map_close(&index);
    if (rc == BOLTER_OK && !b->has_header)
        rc = bt_fail(err, BOLTER_E_FORMAT, "%s: no header, expected one under an empty name",
                     b->path);
    return rc;
}

bolter_status bt_bundle_open(bt_foreign_set *set, const char *prefix, bolter_error *err)
{
    struct bundle b = {.set = set};
    bt_buf index, data;
    *set = (bt_foreign_set){0};
    bt_buf_init(&index, 65536);
    bt_buf_init(&data, 65536);
    bool ok = bt_buf_appendf(&index, "%s.index", prefix) &&
              bt_buf_appendf(&data, "%s.data-00000-of-00001", prefix) &&
              (set->path = bt_strdup(data.data));
    bolter_status rc = ok ? bt_foreign_map(set, &b.data, data.data, err)
                          : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", prefix);
    b.path = index.data;
    if (rc == BOLTER_OK)
        rc = read_index(&b, err);
    bt_buf_free(&index);
    bt_buf_free(&data);
    if (rc != BOLTER_OK)
        bt_foreign_clear(set);
    return rc;
}
