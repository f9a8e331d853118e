/* sparse.c - a growing matrix in compressed rows. */
#include "words/sparse.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static bolter_status no_memory(const bolter_sparse *x, bolter_error *err)
{
    return bt_fail(err, BOLTER_E_NOMEM, "words: no memory for more than %zu rows, %zu entries",
                   x->n_row, x->n_entry);
}

bolter_status bolter_sparse_open(bolter_sparse **out, size_t n_col, bolter_error *err)
{
    *out = NULL;
    if (n_col > UINT32_MAX)
        return bt_fail(err, BOLTER_E_LIMIT, "words: %zu columns, expected at most %u", n_col,
                       UINT32_MAX);
    bolter_sparse *x = bt_alloc(sizeof *x);
    size_t *start = bt_alloc_array(1, sizeof *start);
    if (!x || !start) {
        bt_release(x);
        bt_release(start);
        return bt_fail(err, BOLTER_E_NOMEM, "words: no memory");
    }
    x->n_col = n_col;
    x->start = start;
    *out = x;
    return BOLTER_OK;
}

void bolter_sparse_free(bolter_sparse *x)
{
    if (!x)
        return;
    bt_release(x->start);
    bt_release(x->col);
    bt_release(x->val);
    bt_release(x);
}

size_t bolter_sparse_rows(const bolter_sparse *x)
{
    return x->n_row;
}

size_t bolter_sparse_entries(const bolter_sparse *x)
{
    return x->start[x->n_row];
}

static bool grow(bolter_sparse *x, size_t cap)
{
    uint32_t *col = bt_realloc_array(x->col, cap, sizeof *col);
    if (!col)
        return false;
    x->col = col;
    float *val = bt_realloc_array(x->val, cap, sizeof *val);
    if (!val)
        return false;
    x->val = val;
    x->cap = cap;
    return true;
}

bolter_status bt_sparse_push(bolter_sparse *x, uint32_t col, float val, bolter_error *err)
{
    if (x->n_entry == x->cap && !grow(x, x->cap ? 2 * x->cap : 4096))
        return no_memory(x, err);
    x->col[x->n_entry] = col;
    x->val[x->n_entry++] = val;
    return BOLTER_OK;
}

bolter_status bt_sparse_end_row(bolter_sparse *x, bolter_error *err)
{
    if (x->n_row == x->cap_row) {
        size_t cap = x->cap_row ? 2 * x->cap_row : 1024;
        size_t *start = bt_realloc_array(x->start, cap + 1, sizeof *start);
        if (!start)
            return no_memory(x, err);
        x->start = start;
        x->cap_row = cap;
    }
    x->start[++x->n_row] = x->n_entry;
    return BOLTER_OK;
}

void bt_sparse_drop_row(bolter_sparse *x)
{
    x->n_entry = x->start[x->n_row];
}

/* ---- By columns ---- */

/* The matrix of the transpose's shape, its rows empty but for their place. */
static bolter_sparse *open_transpose(const bolter_sparse *x)
{
    bolter_sparse *t;
    if (bolter_sparse_open(&t, x->n_row, NULL) != BOLTER_OK)
        return NULL;
    size_t *start = bt_alloc_array(x->n_col + 1, sizeof *start);
    if (!start || !grow(t, bolter_sparse_entries(x))) {
        bt_release(start);
        bolter_sparse_free(t);
        return NULL;
    }
    bt_release(t->start);
    t->start = start;
    t->n_row = t->cap_row = x->n_col;
    return t;
}

bolter_status bt_sparse_transpose(bolter_sparse **out, const bolter_sparse *x, bolter_error *err)
{
    *out = NULL;
    bolter_sparse *t = open_transpose(x);
    if (!t)
        return no_memory(x, err);
    size_t n = bolter_sparse_entries(x);
    for (size_t e = 0; e < n; e++)
        t->start[x->col[e] + 1]++;
    for (size_t c = 0; c < x->n_col; c++)
        t->start[c + 1] += t->start[c];
    /* Filling moves each start to its end, which is the next one's start. */
    for (size_t i = 0; i < x->n_row; i++)
        for (size_t e = x->start[i]; e < x->start[i + 1]; e++) {
            size_t at = t->start[x->col[e]]++;
            t->col[at] = (uint32_t)i;
            t->val[at] = x->val[e];
        }
    memmove(t->start + 1, t->start, x->n_col * sizeof *t->start);
    t->start[0] = 0;
    t->n_entry = n;
    *out = t;
    return BOLTER_OK;
}

size_t bt_sparse_piece(const bolter_sparse *x, size_t i, size_t n)
{
    if (i == n)
        return x->n_row;
    size_t want = x->start[x->n_row] / n * i, low = 0, high = x->n_row;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x->start[middle] < want)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
