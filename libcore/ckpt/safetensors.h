/*
 * safetensors.h - read and write safetensors files: 8 bytes of little-endian header length, a JSON
 * header of names, types, shapes and offsets, then the values. No code, no pointers; every field is
 * checked before use.
 */
#ifndef BT_SAFETENSORS_H
#define BT_SAFETENSORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "base/file.h"
#include "bolter.h"

typedef enum bt_dtype { BT_F32, BT_F16, BT_BF16, BT_I8 } bt_dtype;

#define BT_MAX_DIM 4

typedef struct bt_tensor {
    const char *name; /* owned by the file */
    bt_dtype dtype;
    size_t n_dim, dim[BT_MAX_DIM];
    size_t n_values;
    const unsigned char *data; /* in the file's bytes */
} bt_tensor;

typedef struct bt_safetensors {
    char *path;
    bt_map map;
    json_t *header;
    size_t n;
    bt_tensor *tensor; /* in file order */
} bt_safetensors;

/*
 * Map and check a file: header length and JSON, known types, shapes that match their bytes, tensors
 * that follow each other without gaps or overlap to the end of the file. E_IO, E_FORMAT, E_NOMEM.
 */
bolter_status bt_safetensors_open(bt_safetensors *st, const char *path, bolter_error *err);
/* Read where the former maps; see bt_map_read(). */
bolter_status bt_safetensors_read(bt_safetensors *st, const char *path, bolter_error *err);
void bt_safetensors_close(bt_safetensors *st);
/* By exact name, or NULL. */
const bt_tensor *bt_safetensors_find(const bt_safetensors *st, const char *name);
/*
 * Convert a float tensor to n_values floats at dst. E_FORMAT for an integer type, E_NUMERIC naming the
 * tensor when a value is not finite.
 */
bolter_status bt_tensor_floats(const bt_safetensors *st, const bt_tensor *t, float *dst,
                               bolter_error *err);

/* E_NUMERIC, naming the tensor and the value, unless all of its values at x are finite. */
bolter_status bt_tensor_check(const bt_safetensors *st, const bt_tensor *t, const float *x,
                              bolter_error *err);

const char *bt_dtype_name(bt_dtype d);
size_t bt_dtype_size(bt_dtype d);

/* A file being written: declare every tensor, begin, put their values in the same order, end. */
typedef struct bt_safetensors_writer {
    json_t *header;
    size_t offset;
    FILE *file;
    const char *path; /* borrowed */
} bt_safetensors_writer;

/* metadata: string pairs as a JSON object, or NULL; borrowed. */
bolter_status bt_writer_init(bt_safetensors_writer *w, json_t *metadata, bolter_error *err);
bolter_status bt_writer_declare(bt_safetensors_writer *w, const char *name, bt_dtype dtype,
                                const size_t *dim, size_t n_dim, bolter_error *err);
bolter_status bt_writer_begin(bt_safetensors_writer *w, const char *path, bolter_error *err);
/* n floats, converted to a float type. */
void bt_writer_put_floats(bt_safetensors_writer *w, bt_dtype dtype, const float *x, size_t n);
void bt_writer_put_bytes(bt_safetensors_writer *w, const void *bytes, size_t n);
/* Sync and close; every earlier write error surfaces here. */
bolter_status bt_writer_end(bt_safetensors_writer *w, bolter_error *err);
/* Give up, or after end: release what is left. */
void bt_writer_clear(bt_safetensors_writer *w);

#endif
