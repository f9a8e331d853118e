/* foreign.c - a list of tensors in mapped files. */
#include "ckpt/foreign.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/float16.h"
#include "base/mem.h"

static bool is_printable(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~')
            return false;
    return n > 0;
}

bolter_status bt_foreign_add(bt_foreign_set *set, bt_foreign **out, const char *name, size_t n,
                             bolter_error *err)
{
    if (n > BT_FOREIGN_NAME || !is_printable(name, n))
        return bt_fail(err, BOLTER_E_FORMAT,
                       "%s: the name of tensor %zu is not 1 to %d printable characters", set->path,
                       set->n, BT_FOREIGN_NAME);
    if (set->n == BT_FOREIGN_MAX)
        return bt_fail(err, BOLTER_E_LIMIT, "%s: more than %d tensors", set->path, BT_FOREIGN_MAX);
    if (set->n == set->cap) {
        size_t cap = set->cap ? 2 * set->cap : 256;
        bt_foreign *tensor = bt_realloc_array(set->tensor, cap, sizeof *tensor);
        if (!tensor)
            return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", set->path);
        set->tensor = tensor;
        set->cap = cap;
    }
    bt_foreign *t = &set->tensor[set->n];
    *t = (bt_foreign){0};
    memcpy(t->name, name, n);
    if (bt_foreign_find(set, t->name))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: tensor %s is there twice", set->path, t->name);
    set->n++;
    *out = t;
    return BOLTER_OK;
}

bolter_status bt_foreign_map(bt_foreign_set *set, bt_map *out, const char *path, bolter_error *err)
{
    if (set->n_map == set->cap_map) {
        size_t cap = set->cap_map ? 2 * set->cap_map : 16;
        bt_map *map = bt_realloc_array(set->map, cap, sizeof *map);
        if (!map)
            return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
        set->map = map;
        set->cap_map = cap;
    }
    bolter_status rc = bt_map_open(out, path, err);
    if (rc == BOLTER_OK)
        set->map[set->n_map++] = *out;
    return rc;
}

bool bt_foreign_shape(bt_foreign *t)
{
    t->n_values = 1;
    for (size_t i = t->n_dim; i-- > 0;) {
        t->stride[i] = t->n_values;
        if (!bt_mul_size(t->n_values, t->dim[i], &t->n_values))
            return false;
    }
    return t->n_values <= SIZE_MAX / 8;
}

const bt_foreign *bt_foreign_find(const bt_foreign_set *set, const char *name)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->tensor[i].name, name) == 0)
            return &set->tensor[i];
    return NULL;
}

/* ---- Values ---- */

/* "1x2304", or "a number" for none. */
static const char *shape_text(const bt_foreign *t, char text[96])
{
    size_t at = 0;
    snprintf(text, 96, "a number");
    for (size_t i = 0; i < t->n_dim; i++)
        at += (size_t)snprintf(text + at, 96 - at, "%s%zu", i ? "x" : "", t->dim[i]);
    return text;
}

/* Whether its last dimensions are these, and those before are 1. */
static bool has_shape(const bt_foreign *t, size_t rows, size_t cols)
{
    size_t n = t->n_dim;
    if (n == 0 || t->dim[n - 1] != cols || (n == 1 && rows != 1) || (n > 1 && t->dim[n - 2] != rows))
        return false;
    for (size_t i = 0; i + 2 < n; i++)
        if (t->dim[i] != 1)
            return false;
    return true;
}

static float value_at(const bt_foreign *t, size_t i)
{
    const unsigned char *s = t->data + i * bt_dtype_size(t->dtype);
    float x;
    if (t->dtype == BT_F32) {
        memcpy(&x, s, sizeof x);
        return x;
    }
    uint16_t half = (uint16_t)(s[0] | s[1] << 8);
    return t->dtype == BT_F16 ? bt_from_f16(half) : bt_from_bf16(half);
}

static bolter_status check_sum(const bt_foreign_set *set, const bt_foreign *t, bolter_error *err)
{
    if (!t->has_crc)
        return BOLTER_OK;
    uint32_t got = bt_crc32c(0, t->data, t->n_values * bt_dtype_size(t->dtype));
    return got == t->crc ? BOLTER_OK
                         : bt_fail(err, BOLTER_E_FORMAT,
                                   "%s: tensor %s has the checksum %08" PRIx32
                                   ", expected %08" PRIx32, set->path, t->name, got, t->crc);
}

bolter_status bt_foreign_fits(const bt_foreign_set *set, const bt_foreign *t, size_t rows,
                              size_t cols, bool transposed, bolter_error *err)
{
    char text[96];
    size_t own_rows = transposed ? cols : rows, own_cols = transposed ? rows : cols;
    if (!t->is_float)
        return bt_fail(err, BOLTER_E_MISMATCH,
                       "%s: tensor %s is of type %s, expected float32, float16 or bfloat16",
                       set->path, t->name, t->type);
    if (!has_shape(t, own_rows, own_cols))
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: tensor %s is %s, expected %zux%zu", set->path,
                       t->name, shape_text(t, text), own_rows, own_cols);
    return BOLTER_OK;
}

bolter_status bt_foreign_read(const bt_foreign_set *set, const bt_foreign *t, size_t rows,
                              size_t cols, bool transposed, float *dst, size_t ld,
                              bolter_error *err)
{
    bolter_status rc = bt_foreign_fits(set, t, rows, cols, transposed, err);
    if (rc == BOLTER_OK)
        rc = check_sum(set, t, err);
    if (rc != BOLTER_OK)
        return rc;
    size_t down = t->n_dim > 1 ? t->stride[t->n_dim - 2] : 0, along = t->stride[t->n_dim - 1];
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) {
            float x = value_at(t, transposed ? c * down + r * along : r * down + c * along);
            if (!isfinite(x))
                return bt_fail(err, BOLTER_E_NUMERIC, "%s: tensor %s: the value at %zu, %zu is %g",
                               set->path, t->name, transposed ? c : r, transposed ? r : c,
                               (double)x);
            dst[r * ld + c] = x;
        }
    return BOLTER_OK;
}

void bt_foreign_clear(bt_foreign_set *set)
{
    for (size_t i = 0; i < set->n_map; i++)
        bt_map_close(&set->map[i]);
    bt_release(set->map);
    bt_release(set->tensor);
    bt_release(set->path);
    *set = (bt_foreign_set){0};
}
