/*
 * state.c - the tensors of a PyTorch state dict: data.pkl has names, shapes and which values are whose,
 * data/KEY the values of a storage.
 *
 * The result of the pickle is a dictionary of names and tensors, or one that has such a dictionary
 * under "model_state_dict" or "state_dict", beside an optimiser's perhaps. A tensor is a call
 * _rebuild_tensor_v2(storage, offset, sizes, strides, ...), its storage a persistent id ("storage",
 * type, key, device, number of values).
 */
#include "ckpt/foreign.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/pickle.h"

#define PICKLE_MAX ((size_t)64 << 20) /* bytes */
#define VALUES_MAX ((int64_t)1 << 40)

/* The types of storages whose values are of use. */
static const struct {
    const char *name;
    bt_dtype dtype;
} float_types[] = {{"torch.FloatStorage", BT_F32},
                   {"torch.HalfStorage", BT_F16},
                   {"torch.BFloat16Storage", BT_BF16}};

struct state {
    bt_foreign_set *set;
    const char *dir;
    bt_pickle pickle;
    int64_t *key; /* of the set's maps, by index */
    size_t n_key, cap_key;
};

static bolter_status bad(const struct state *s, const bt_foreign *t, const char *what,
                         bolter_error *err)
{
    return bt_fail(err, BOLTER_E_FORMAT, "%s: tensor %s: %s", s->set->path, t->name, what);
}

static bool int_of(const bt_pickle_value *v, int64_t *out)
{
    if (!v || v->kind != BT_PICKLE_INT || v->number < 0 || v->number > VALUES_MAX)
        return false;
    *out = v->number;
    return true;
}

/* ---- Storages ---- */

/* Keys are numbers, so that they cannot lead out of the directory. */
static bool key_of(const struct state *s, const bt_pickle_value *v, int64_t *key)
{
    if (!v || v->kind != BT_PICKLE_TEXT || v->n == 0 || v->n > 9)
        return false;
    *key = 0;
    for (size_t i = 0; i < v->n; i++) {
        unsigned char c = s->pickle.bytes[v->at + i];
        if (c < '0' || c > '9')
            return false;
        *key = 10 * *key + (c - '0');
    }
    return v->n == 1 || s->pickle.bytes[v->at] != '0';
}

static bolter_status map_storage(struct state *s, int64_t key, bt_map *map, bolter_error *err)
{
    for (size_t i = 0; i < s->n_key; i++)
        if (s->key[i] == key) {
            *map = s->set->map[i];
            return BOLTER_OK;
        }
    if (s->n_key == s->cap_key) {
        size_t cap = s->cap_key ? 2 * s->cap_key : 256;
        int64_t *keys = bt_realloc_array(s->key, cap, sizeof *keys);
        if (!keys)
            return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", s->dir);
        s->key = keys;
        s->cap_key = cap;
    }
    char name[32];
    snprintf(name, sizeof name, "data/%lld", (long long)key);
    char *path = bt_path_join(s->dir, name);
    bolter_status rc = path ? bt_foreign_map(s->set, map, path, err)
                            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", s->dir);
    bt_release(path);
    if (rc == BOLTER_OK)
        s->key[s->n_key++] = key;
    return rc;
}

/* Type and values of a storage; *n is how many there are. */
static bolter_status open_storage(struct state *s, bt_foreign *t, const bt_pickle_value *storage,
                                  size_t *n, bolter_error *err)
{
    const bt_pickle *p = &s->pickle;
    int64_t key, count;
    if (!storage || storage->kind != BT_PICKLE_STORAGE ||
        !bt_pickle_is(p, bt_pickle_at(p, storage, 0), "storage") ||
        !key_of(s, bt_pickle_at(p, storage, 2), &key) ||
        !int_of(bt_pickle_at(p, storage, 4), &count))
        return bad(s, t, "expected a storage with a type, a number as its key, and a size", err);
    *n = (size_t)count;
    t->type = bt_pickle_name(bt_pickle_at(p, storage, 1));
    for (size_t i = 0; i < sizeof float_types / sizeof *float_types; i++)
        if (strcmp(float_types[i].name, t->type) == 0) {
            t->is_float = true;
            t->dtype = float_types[i].dtype;
        }
    if (!t->is_float)
        return BOLTER_OK;
    bt_map map = {0};
    bolter_status rc = map_storage(s, key, &map, err);
    if (rc == BOLTER_OK && map.len / bt_dtype_size(t->dtype) < *n)
        return bt_fail(err, BOLTER_E_FORMAT,
                       "%s: tensor %s: data/%lld has %zu bytes, expected %zu values of %s",
                       s->set->path, t->name, (long long)key, map.len, *n, t->type);
    t->data = map.data;
    return rc;
}

/* ---- Tensors ---- */

/* Numbers of a tuple; false unless it has one to four, and as many as the other (0: any). */
static bool read_tuple(const bt_pickle *p, const bt_pickle_value *v, size_t out[BT_MAX_DIM],
                       size_t *n)
{
    if (!v || v->kind != BT_PICKLE_TUPLE || v->n > BT_MAX_DIM)
        return false;
    *n = v->n;
    for (size_t i = 0; i < v->n; i++) {
        int64_t x;
        if (!int_of(bt_pickle_at(p, v, i), &x))
            return false;
        out[i] = (size_t)x;
    }
    return true;
}

/* The last value that a tensor can touch lies in its storage of n, and it does not repeat values, which
 * would let it be larger than any file. */
static bool lies_within(const bt_foreign *t, size_t offset, size_t n)
{
    size_t last = offset;
    if (offset > n || t->n_values > n)
        return false;
    for (size_t i = 0; i < t->n_dim; i++) {
        size_t far;
        if (t->dim[i] == 0)
            return true;
        if (!bt_mul_size(t->dim[i] - 1, t->stride[i], &far) || far > SIZE_MAX / 2 ||
            last > SIZE_MAX / 2)
            return false;
        last += far;
    }
    return last < n;
}

static bolter_status fill(struct state *s, bt_foreign *t, const bt_pickle_value *v, bolter_error *err)
{
    const bt_pickle *p = &s->pickle;
    int64_t offset;
    size_t n = 0, n_stride = 0, stride[BT_MAX_DIM];
    bolter_status rc = open_storage(s, t, bt_pickle_at(p, v, 0), &n, err);
    if (rc != BOLTER_OK)
        return rc;
    if (!int_of(bt_pickle_at(p, v, 1), &offset) ||
        !read_tuple(p, bt_pickle_at(p, v, 2), t->dim, &t->n_dim) ||
        !read_tuple(p, bt_pickle_at(p, v, 3), stride, &n_stride) || n_stride != t->n_dim ||
        !bt_foreign_shape(t))
        return bad(s, t, "expected an offset, and sizes and strides of up to 4 dimensions", err);
    memcpy(t->stride, stride, n_stride * sizeof *stride);
    if (!lies_within(t, (size_t)offset, n))
        return bad(s, t, "its values lie outside its storage", err);
    if (t->data)
        t->data += (size_t)offset * bt_dtype_size(t->dtype);
    return BOLTER_OK;
}

static bolter_status read_tensors(struct state *s, const bt_pickle_value *dict, bolter_error *err)
{
    const bt_pickle *p = &s->pickle;
    bolter_status rc = BOLTER_OK;
    for (uint32_t at = dict->first; rc == BOLTER_OK && at; at = p->item[at].next) {
        const bt_pickle_value *key = &p->value[p->item[at].key], *v = &p->value[p->item[at].value];
        bt_foreign *t;
        if (key->kind != BT_PICKLE_TEXT || v->kind != BT_PICKLE_TENSOR)
            continue;
        rc = bt_foreign_add(s->set, &t, (const char *)p->bytes + key->at, key->n, err);
        if (rc == BOLTER_OK)
            rc = fill(s, t, v, err);
    }
    return rc;
}

/* The dictionary of tensors: v, or one that it has. */
static const bt_pickle_value *find_dict(const bt_pickle *p, const bt_pickle_value *v)
{
    if (v->kind != BT_PICKLE_DICT)
        return NULL;
    for (uint32_t at = v->first; at; at = p->item[at].next) {
        const bt_pickle_value *key = &p->value[p->item[at].key], *in = &p->value[p->item[at].value];
        if (in->kind == BT_PICKLE_DICT && (bt_pickle_is(p, key, "model_state_dict") ||
                                           bt_pickle_is(p, key, "state_dict")))
            return in;
    }
    return v;
}

/* ---- The directory ---- */

/* Newer files say in which order their bytes are. */
static bolter_status check_byteorder(const struct state *s, bolter_error *err)
{
    bt_buf b;
    bt_buf_init(&b, 64);
    char *path = bt_path_join(s->dir, "byteorder");
    bolter_status rc = path ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", s->dir);
    if (rc == BOLTER_OK && bt_file_exists(path)) {
        rc = bt_read_all(&b, path, err);
        if (rc == BOLTER_OK && (b.len != 6 || memcmp(b.data, "little", 6) != 0))
            rc = bt_fail(err, BOLTER_E_VERSION, "%s: expected \"little\"", path);
    }
    bt_buf_free(&b);
    bt_release(path);
    return rc;
}

static bolter_status read_pickle(struct state *s, bolter_error *err)
{
    bt_map map;
    bolter_status rc = bt_map_open(&map, s->set->path, err);
    if (rc != BOLTER_OK)
        return rc;
    if (map.len > PICKLE_MAX)
        rc = bt_fail(err, BOLTER_E_LIMIT, "%s: %zu bytes, expected at most %zu", s->set->path,
                     map.len, PICKLE_MAX);
    else
        rc = bt_pickle_read(&s->pickle, map.data, map.len, s->set->path, err);
    const bt_pickle_value *dict =
        rc == BOLTER_OK ? find_dict(&s->pickle, &s->pickle.value[s->pickle.result]) : NULL;
    if (rc == BOLTER_OK)
        rc = dict ? read_tensors(s, dict, err)
                  : bt_fail(err, BOLTER_E_FORMAT, "%s: no dictionary of tensors", s->set->path);
    bt_map_close(&map);
    return rc;
}

bolter_status bt_state_open(bt_foreign_set *set, const char *dir, bolter_error *err)
{
    struct state s = {.set = set, .dir = dir};
    *set = (bt_foreign_set){.path = bt_path_join(dir, "data.pkl")};
    bolter_status rc = set->path ? check_byteorder(&s, err)
                                 : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        rc = read_pickle(&s, err);
    bt_pickle_free(&s.pickle);
    bt_release(s.key);
    if (rc != BOLTER_OK)
        bt_foreign_clear(set);
    return rc;
}
