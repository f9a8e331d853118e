/*
 * foreign.h - the tensors of a checkpoint of another program, with names and shapes as it has them.
 *
 * bundle.c reads TensorFlow's, state.c PyTorch's; import.c makes GPT-2's parameters of them. Every
 * tensor has been checked to lie within its file.
 */
#ifndef BT_FOREIGN_H
#define BT_FOREIGN_H

#include "base/file.h"
#include "bolter.h"
#include "ckpt/safetensors.h"

#define BT_FOREIGN_MAX  8192 /* tensors of a file */
#define BT_FOREIGN_NAME 255   /* bytes of a name */

typedef struct bt_foreign {
    char name[BT_FOREIGN_NAME + 1];
    const char *type; /* as the file calls it */
    bool is_float;    /* one of dtype; else its values are of no use */
    bt_dtype dtype;
    size_t n_dim, dim[BT_MAX_DIM], stride[BT_MAX_DIM]; /* strides in values */
    size_t n_values;
    const unsigned char *data; /* the first value, in a mapping */
    bool has_crc;
    uint32_t crc; /* of its bytes, which then follow each other */
} bt_foreign;

typedef struct bt_foreign_set {
    char *path; /* for messages */
    bt_foreign *tensor;
    size_t n, cap;
    bt_map *map;
    size_t n_map, cap_map;
} bt_foreign_set;

/* Append one, zeroed but for its name of n bytes. E_FORMAT for a name that is empty, too long, there
 * already or not printable ASCII; E_LIMIT, E_NOMEM. */
bolter_status bt_foreign_add(bt_foreign_set *set, bt_foreign **out, const char *name, size_t n,
                             bolter_error *err);
/* Map a file for the set's life; *out is valid until the next call. */
bolter_status bt_foreign_map(bt_foreign_set *set, bt_map *out, const char *path, bolter_error *err);
/* Strides of values that follow each other, the last dimension fastest, and n_values. False where that
 * overflows. */
bool bt_foreign_shape(bt_foreign *t);
/* By exact name, or NULL. */
const bt_foreign *bt_foreign_find(const bt_foreign_set *set, const char *name);
/*
 * E_MISMATCH unless it holds floats and is a matrix (rows, cols), or (cols, rows) if transposed. Leading
 * dimensions of 1 do not count; rows 1 and one dimension is a vector.
 */
bolter_status bt_foreign_fits(const bt_foreign_set *set, const bt_foreign *t, size_t rows,
                              size_t cols, bool transposed, bolter_error *err);
/*
 * The values of such a tensor as (rows, cols) into dst, whose rows are ld values apart. E_FORMAT for
 * bytes without the checksum that the file gives them, E_NUMERIC for a value that is not finite.
 */
bolter_status bt_foreign_read(const bt_foreign_set *set, const bt_foreign *t, size_t rows,
                              size_t cols, bool transposed, float *dst, size_t ld,
                              bolter_error *err);
void bt_foreign_clear(bt_foreign_set *set);

/* ---- bundle.c ---- */

/*
 * Open PREFIX.index and PREFIX.data-00000-of-00001, a checkpoint of TensorFlow ("tensor bundle"). E_IO,
 * E_FORMAT, E_VERSION, E_LIMIT, E_NOMEM.
 */
bolter_status bt_bundle_open(bt_foreign_set *set, const char *prefix, bolter_error *err);

/* ---- state.c ---- */

/*
 * Open data.pkl of a directory and the files data/KEY beside it: what a checkpoint of PyTorch holds,
 * unpacked. Errors as above.
 */
bolter_status bt_state_open(bt_foreign_set *set, const char *dir, bolter_error *err);

#endif
