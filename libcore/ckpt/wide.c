/* wide.c - wide.safetensors: "root", a signed byte for each bucket; "scale" and "bias", a float32 each. */
#include "ckpt/wide.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"

/* The tensor of a name, which has one dimension of n values of a type. E_FORMAT. */
static bolter_status find(const bt_tensor **out, const bt_safetensors *st, const char *name,
                          bt_dtype dtype, size_t n, bolter_error *err)
{
    const bt_tensor *t = bt_safetensors_find(st, name);
    *out = t;
    return t && t->dtype == dtype && t->n_dim == 1 && t->dim[0] == n
               ? BOLTER_OK
               : bt_fail(err, BOLTER_E_FORMAT, "%s: %s: %s, expected %zu values of %s", st->path,
                         name, t ? "another shape or type" : "missing", n, bt_dtype_name(dtype));
}

static bolter_status read_float(float *to, const bt_safetensors *st, const char *name,
                                bolter_error *err)
{
    const bt_tensor *t;
    bolter_status rc = find(&t, st, name, BT_F32, 1, err);
    return rc == BOLTER_OK ? bt_tensor_floats(st, t, to, err) : rc;
}

static bolter_status check_sha256(const bt_safetensors *st, const char *want, bolter_error *err)
{
    char hex[65];
    bt_sha256_hex(st->map.data, st->map.len, hex);
    return strcmp(hex, want) == 0
               ? BOLTER_OK
               : bt_fail(err, BOLTER_E_MISMATCH,
                         "%s: SHA-256 %.16s..., bolter.json says %.16s...", st->path, hex, want);
}

bolter_status bt_wide_open(bt_wide_file *f, const char *path, const char *sha256, bolter_error *err)
{
    const bt_tensor *root;
    *f = (bt_wide_file){0};
    bolter_status rc = bt_safetensors_read(&f->st, path, err);
    if (rc != BOLTER_OK)
        return rc;
    rc = check_sha256(&f->st, sha256, err);
    if (rc == BOLTER_OK)
        rc = find(&root, &f->st, "root", BT_I8, BOLTER_BUCKETS, err);
    if (rc == BOLTER_OK)
        rc = read_float(&f->wide.scale, &f->st, "scale", err);
    if (rc == BOLTER_OK)
        rc = read_float(&f->wide.bias, &f->st, "bias", err);
    if (rc == BOLTER_OK)
        f->wide.root = (const int8_t *)root->data;
    else
        bt_wide_close(f);
    return rc;
}

void bt_wide_close(bt_wide_file *f)
{
    bt_safetensors_close(&f->st);
    *f = (bt_wide_file){0};
}

bolter_status bt_wide_write(const bolter_wide *w, const char *path, bolter_error *err)
{
    const size_t buckets = BOLTER_BUCKETS, one = 1;
    bt_safetensors_writer wr;
    bolter_status rc = bt_writer_init(&wr, NULL, err);
    if (rc == BOLTER_OK)
        rc = bt_writer_declare(&wr, "root", BT_I8, &buckets, 1, err);
    if (rc == BOLTER_OK)
        rc = bt_writer_declare(&wr, "scale", BT_F32, &one, 1, err);
    if (rc == BOLTER_OK)
        rc = bt_writer_declare(&wr, "bias", BT_F32, &one, 1, err);
    if (rc == BOLTER_OK)
        rc = bt_writer_begin(&wr, path, err);
    if (rc == BOLTER_OK) {
        bt_writer_put_bytes(&wr, w->root, buckets);
        bt_writer_put_floats(&wr, BT_F32, &w->scale, 1);
        bt_writer_put_floats(&wr, BT_F32, &w->bias, 1);
        rc = bt_writer_end(&wr, err);
    }
    bt_writer_clear(&wr);
    return rc;
}
