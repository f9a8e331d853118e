/*
 * store.h - rows of floats that are written once and read often: in memory up to a limit, in a
 * temporary file beyond it.
 */
#ifndef BT_STORE_H
#define BT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bolter.h"

typedef struct bt_store {
    bool half;        /* values are kept as bfloat16 */
    size_t limit;     /* bytes in memory, at most */
    size_t used;      /* of them */
    int fd;           /* the file; -1: none yet */
    uint64_t fd_used; /* bytes */
} bt_store;

/* One stored piece. */
typedef struct bt_piece {
    void *memory; /* NULL: in the file */
    uint64_t offset;
    size_t n; /* values */
} bt_piece;

void bt_store_init(bt_store *s, bool half, size_t limit);
void bt_store_clear(bt_store *s);
/* Store n values. The piece is released by bt_piece_release(). E_IO, E_NOMEM. */
bolter_status bt_store_put(bt_store *s, const float *x, size_t n, bt_piece *out, bolter_error *err);
/* Read them back to x. Any thread. E_IO, E_NOMEM. */
bolter_status bt_store_get(const bt_store *s, const bt_piece *p, float *x, bolter_error *err);
void bt_piece_release(bt_piece *p);

#endif
