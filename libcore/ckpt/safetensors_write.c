/* safetensors_write.c - writing safetensors files. */
#include "ckpt/safetensors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/float16.h"

bolter_status bt_writer_init(bt_safetensors_writer *w, json_t *metadata, bolter_error *err)
{
    *w = (bt_safetensors_writer){.header = json_object()};
    if (!w->header || (metadata && json_object_set(w->header, "__metadata__", metadata) != 0))
        return bt_fail(err, BOLTER_E_NOMEM, "safetensors: no memory");
    return BOLTER_OK;
}

bolter_status bt_writer_declare(bt_safetensors_writer *w, const char *name, bt_dtype dtype,
                                const size_t *dim, size_t n_dim, bolter_error *err)
{
    json_t *shape = json_array();
    size_t bytes = bt_dtype_size(dtype);
    for (size_t i = 0; i < n_dim; i++) {
        json_array_append_new(shape, json_integer((json_int_t)dim[i]));
        bytes *= dim[i];
    }
    json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", bt_dtype_name(dtype), "shape", shape,
                              "data_offsets", (json_int_t)w->offset,
                              (json_int_t)(w->offset + bytes));
    w->offset += bytes;
    if (json_object_set_new(w->header, name, entry) != 0)
        return bt_fail(err, BOLTER_E_NOMEM, "safetensors: no memory");
    return BOLTER_OK;
}

bolter_status bt_writer_begin(bt_safetensors_writer *w, const char *path, bolter_error *err)
{
    w->path = path;
    char *text = json_dumps(w->header, JSON_COMPACT);
    if (!text)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    w->file = fopen(path, "wbe");
    if (!w->file) {
        int e = errno;
        free(text);
        return bt_fail_errno(err, e, "%s", path);
    }
    /* Blanks pad the header so that the values start on 64 bytes and can be used in place. */
    size_t n = strlen(text), padded = (8 + n + 63) / 64 * 64 - 8;
    unsigned char length[8];
    for (size_t i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)padded >> (8 * i));
    fwrite(length, 1, 8, w->file);
    fwrite(text, 1, n, w->file);
    for (; n < padded; n++)
        putc(' ', w->file);
    free(text);
    return BOLTER_OK;
}

void bt_writer_put_bytes(bt_safetensors_writer *w, const void *bytes, size_t n)
{
    fwrite(bytes, 1, n, w->file);
}

void bt_writer_put_floats(bt_safetensors_writer *w, bt_dtype dtype, const float *x, size_t n)
{
    if (dtype == BT_F32) {
        bt_writer_put_bytes(w, x, n * sizeof *x);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint16_t h = dtype == BT_F16 ? bt_to_f16(x[i]) : bt_to_bf16(x[i]);
        unsigned char bytes[2] = {(unsigned char)(h & 0xff), (unsigned char)(h >> 8)};
        bt_writer_put_bytes(w, bytes, 2);
    }
}

bolter_status bt_writer_end(bt_safetensors_writer *w, bolter_error *err)
{
    FILE *f = w->file;
    w->file = NULL;
    return bt_close_synced(f, w->path, err);
}

void bt_writer_clear(bt_safetensors_writer *w)
{
    if (w->file)
        fclose(w->file);
    json_decref(w->header);
    *w = (bt_safetensors_writer){0};
}
