/* safetensors.c - checked reading of safetensors files. */
#include "ckpt/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/float16.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors values are used in place, which needs a little-endian machine"
#endif

#define MAX_HEADER (100u << 20)

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {[BT_F32] = {"F32", 4}, [BT_F16] = {"F16", 2}, [BT_BF16] = {"BF16", 2}, [BT_I8] = {"I8", 1}};

const char *bt_dtype_name(bt_dtype d)
{
    return dtypes[d].name;
}

size_t bt_dtype_size(bt_dtype d)
{
    return dtypes[d].size;
}

static bool dtype_of(const char *name, bt_dtype *out)
{
    for (size_t i = 0; name && i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            *out = (bt_dtype)i;
            return true;
        }
    }
    return false;
}

static bool size_of_json(const json_t *j, size_t *out)
{
    if (!json_is_integer(j) || json_integer_value(j) < 0)
        return false;
    *out = (size_t)json_integer_value(j);
    return true;
}

static bool read_shape(bt_tensor *t, const json_t *shape)
{
    t->n_dim = json_array_size(shape);
    if (!json_is_array(shape) || t->n_dim > BT_MAX_DIM)
        return false;
    t->n_values = 1;
    for (size_t i = 0; i < t->n_dim; i++)
        if (!size_of_json(json_array_get(shape, i), &t->dim[i]) ||
            !bt_mul_size(t->n_values, t->dim[i], &t->n_values))
            return false;
    return true;
}

/* One entry of the header; data is the section after it. */
static bolter_status read_entry(const bt_safetensors *st, bt_tensor *t, const json_t *entry,
                                const unsigned char *data, size_t n_data, bolter_error *err)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    size_t begin, end, bytes;
    if (!dtype_of(json_string_value(json_object_get(entry, "dtype")), &t->dtype))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %s: unknown dtype, expected F32, F16, BF16 or I8",
                       st->path, t->name);
    if (!read_shape(t, json_object_get(entry, "shape")))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %s: bad shape", st->path, t->name);
    if (json_array_size(offsets) != 2 || !size_of_json(json_array_get(offsets, 0), &begin) ||
        !size_of_json(json_array_get(offsets, 1), &end) || begin > end || end > n_data)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %s: data_offsets outside the %zu bytes of data",
                       st->path, t->name, n_data);
    if (!bt_mul_size(t->n_values, bt_dtype_size(t->dtype), &bytes) || bytes != end - begin)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %s: %zu bytes at offset %zu do not fit its shape",
                       st->path, t->name, end - begin, begin);
    t->data = data + begin;
    return BOLTER_OK;
}

static int by_data(const void *a, const void *b)
{
    const bt_tensor *x = a, *y = b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return x->n_values < y->n_values ? -1 : x->n_values > y->n_values;
}

static bolter_status check_contiguous(const bt_safetensors *st, const unsigned char *data,
                                      bolter_error *err)
{
    const unsigned char *at = data, *end = st->map.data + st->map.len;
    for (size_t i = 0; i < st->n; i++) {
        const bt_tensor *t = &st->tensor[i];
        if (t->data != at)
            return bt_fail(err, BOLTER_E_FORMAT, "%s: %s: at offset %zu, expected %zu", st->path,
                           t->name, (size_t)(t->data - data), (size_t)(at - data));
        at += t->n_values * bt_dtype_size(t->dtype);
    }
    if (at != end)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %zu bytes belong to no tensor", st->path,
                       (size_t)(end - at));
    return BOLTER_OK;
}

static bolter_status read_header(bt_safetensors *st, bolter_error *err)
{
    uint64_t n_header = 0;
    if (st->map.len < 8)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %zu bytes, too short for a header", st->path,
                       st->map.len);
    for (int i = 7; i >= 0; i--)
        n_header = n_header << 8 | st->map.data[i];
    if (n_header > MAX_HEADER || n_header > st->map.len - 8)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: header of %llu bytes in a file of %zu", st->path,
                       (unsigned long long)n_header, st->map.len);
    json_error_t je;
    st->header = json_loadb((const char *)st->map.data + 8, (size_t)n_header, JSON_REJECT_DUPLICATES,
                            &je);
    if (!json_is_object(st->header))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: header: %s", st->path,
                       st->header ? "not an object" : je.text);
    st->tensor = bt_alloc_array(json_object_size(st->header), sizeof *st->tensor);
    if (!st->tensor)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", st->path);
    const unsigned char *data = st->map.data + 8 + n_header;
    const char *name;
    json_t *entry;
    json_object_foreach(st->header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        bt_tensor *t = &st->tensor[st->n++];
        t->name = name;
        bolter_status rc =
            read_entry(st, t, entry, data, st->map.len - 8 - (size_t)n_header, err);
        if (rc != BOLTER_OK)
            return rc;
    }
    qsort(st->tensor, st->n, sizeof *st->tensor, by_data);
    return check_contiguous(st, data, err);
}

static bolter_status open_with(bt_safetensors *st, const char *path,
                               bolter_status (*take)(bt_map *, const char *, bolter_error *),
                               bolter_error *err)
{
    *st = (bt_safetensors){.path = bt_strdup(path)};
    bolter_status rc = st->path ? take(&st->map, path, err)
                                : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    if (rc == BOLTER_OK)
        rc = read_header(st, err);
    if (rc != BOLTER_OK)
        bt_safetensors_close(st);
    return rc;
}

bolter_status bt_safetensors_open(bt_safetensors *st, const char *path, bolter_error *err)
{
    return open_with(st, path, bt_map_open, err);
}

bolter_status bt_safetensors_read(bt_safetensors *st, const char *path, bolter_error *err)
{
    return open_with(st, path, bt_map_read, err);
}

void bt_safetensors_close(bt_safetensors *st)
{
    json_decref(st->header);
    bt_release(st->tensor);
    bt_map_close(&st->map);
    bt_release(st->path);
    *st = (bt_safetensors){0};
}

const bt_tensor *bt_safetensors_find(const bt_safetensors *st, const char *name)
{
    for (size_t i = 0; i < st->n; i++)
        if (strcmp(st->tensor[i].name, name) == 0)
            return &st->tensor[i];
    return NULL;
}

static uint16_t u16_at(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

bolter_status bt_tensor_check(const bt_safetensors *st, const bt_tensor *t, const float *x,
                              bolter_error *err)
{
    for (size_t i = 0; i < t->n_values; i++)
        if (!isfinite(x[i]))
            return bt_fail(err, BOLTER_E_NUMERIC, "%s: %s: value %zu is not finite", st->path,
                           t->name, i);
    return BOLTER_OK;
}

bolter_status bt_tensor_floats(const bt_safetensors *st, const bt_tensor *t, float *dst,
                               bolter_error *err)
{
    switch (t->dtype) {
    case BT_F32:
        memcpy(dst, t->data, t->n_values * sizeof *dst);
        break;
    case BT_F16:
        for (size_t i = 0; i < t->n_values; i++)
            dst[i] = bt_from_f16(u16_at(t->data + 2 * i));
        break;
    case BT_BF16:
        for (size_t i = 0; i < t->n_values; i++)
            dst[i] = bt_from_bf16(u16_at(t->data + 2 * i));
        break;
    case BT_I8:
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %s: I8, expected a float type", st->path, t->name);
    }
    return bt_tensor_check(st, t, dst, err);
}
