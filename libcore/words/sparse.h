/*
 * sparse.h - rows of few entries: the entries of row i are start[i] .. start[i+1]-1 of col and val.
 */
#ifndef BT_SPARSE_H
#define BT_SPARSE_H

#include <stddef.h>
#include <stdint.h>

#include "bolter_eval.h"

struct bolter_sparse {
    size_t n_row, n_col;
    size_t *start; /* (n_row + 1) */
    uint32_t *col;
    float *val;
    size_t n_entry;      /* with those of the row at hand */
    size_t cap_row, cap; /* rows and entries that there is room for */
};

/* Append an entry to the row at hand; end the row; or forget what it has so far. E_NOMEM. */
bolter_status bt_sparse_push(bolter_sparse *x, uint32_t col, float val, bolter_error *err);
bolter_status bt_sparse_end_row(bolter_sparse *x, bolter_error *err);
void bt_sparse_drop_row(bolter_sparse *x);
/* The same matrix by columns, each with its rows in order. E_NOMEM. */
bolter_status bt_sparse_transpose(bolter_sparse **out, const bolter_sparse *x, bolter_error *err);
/* The first row of piece i of n pieces with about as many entries each; n_row for i = n. */
size_t bt_sparse_piece(const bolter_sparse *x, size_t i, size_t n);

#endif
