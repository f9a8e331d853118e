/* next_token.c - next-token cross-entropy over a large vocabulary. */
#include "model/next_token.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "kern/product.h"

/* Bytes of logits at a time: enough rows for the matrix products, few enough for memory. */
#define LOGIT_BYTES ((size_t)32 << 20)
/* Rows of the head that a tile takes at a time: their panels stay small. */
#define PIECE ((size_t)2048)

/* Of the three products. */
static size_t product_scratch(const bt_next_token *t)
{
    size_t forward = bt_product_scratch(t->C, PIECE), back = bt_product_scratch(PIECE, t->C);
    size_t head = bt_product_scratch(t->rows, t->C), most = forward > back ? forward : back;
    return most > head ? most : head;
}

bolter_status bt_next_token_init(bt_next_token *t, size_t V, size_t C, size_t max_rows, bool tiled,
                                 bolter_error *err)
{
    size_t rows = LOGIT_BYTES / (V * sizeof(float));
    rows = rows < 16 ? 16 : rows;
    rows = rows > max_rows ? max_rows : rows;
    *t = (bt_next_token){.V = V, .C = C, .rows = rows};
    t->logits = bt_alloc_aligned(rows * V, sizeof *t->logits);
    t->hidden = bt_alloc_aligned(rows * C, sizeof *t->hidden);
    t->dhidden = bt_alloc_aligned(rows * C, sizeof *t->dhidden);
    t->from = bt_alloc_array(rows, sizeof *t->from);
    t->product = tiled ? bt_alloc_aligned(product_scratch(t), 1) : NULL;
    if (t->logits && t->hidden && t->dhidden && t->from && (t->product || !tiled))
        return BOLTER_OK;
    bt_next_token_clear(t);
    return bt_fail(err, BOLTER_E_NOMEM, "model: no memory for %zu rows of logits", rows);
}

void bt_next_token_clear(bt_next_token *t)
{
    bt_release(t->logits);
    bt_release(t->hidden);
    bt_release(t->dhidden);
    bt_release(t->from);
    bt_release(t->product);
    *t = (bt_next_token){0};
}

/* Collect the next rows that count, from *at on; how many. */
static size_t gather(bt_next_token *t, const bt_next_token_rows *r, size_t *at)
{
    size_t n = 0;
    for (; *at < r->n && n < t->rows; ++*at) {
        if (r->target[*at] < 0)
            continue;
        memcpy(t->hidden + n * t->C, r->hidden + *at * t->C, t->C * sizeof *t->hidden);
        t->from[n++] = *at;
    }
    return n;
}

/* ---- The products of n gathered rows, piece by piece of the head ---- */

static bt_mill mill_of(const bt_next_token *t, const bt_next_token_rows *r)
{
    return (bt_mill){t->product ? r->tile : NULL, t->product};
}

static size_t piece_of(const bt_next_token *t, const bt_mill *mill, size_t v)
{
    return mill->tile && t->V - v > PIECE ? PIECE : t->V - v;
}

static void make_logits(bt_next_token *t, const bt_next_token_rows *r, size_t n)
{
    bt_mill mill = mill_of(t, r);
    bt_mat logits = bt_mat_of(t->logits, n, t->V), hidden = bt_mat_of(t->hidden, n, t->C);
    bt_mat head = bt_mat_of(r->head, t->V, t->C);
    for (size_t v = 0, m; v < t->V; v += m) {
        m = piece_of(t, &mill, v);
        bt_mill_multiply(&mill, n, bt_mat_cols(logits, v, m), hidden, false, bt_mat_rows(head, v, m), true,
                         false);
    }
}

/* The logits are their gradients by now. */
static void give_back(bt_next_token *t, const bt_next_token_rows *r, size_t n)
{
    bt_mill mill = mill_of(t, r);
    bt_mat dlogits = bt_mat_of(t->logits, n, t->V), hidden = bt_mat_of(t->hidden, n, t->C);
    bt_mat dhidden = bt_mat_of(t->dhidden, n, t->C), head = bt_mat_of(r->head, t->V, t->C);
    for (size_t v = 0, m; v < t->V; v += m) {
        m = piece_of(t, &mill, v);
        bt_mill_multiply(&mill, n, dhidden, bt_mat_cols(dlogits, v, m), false, bt_mat_rows(head, v, m), false,
                         v > 0);
    }
    for (size_t i = 0; i < n; i++)
        memcpy(r->dhidden + t->from[i] * t->C, t->dhidden + i * t->C, t->C * sizeof *t->dhidden);
    if (r->dhead)
        bt_mill_multiply(&mill, n, bt_mat_of(r->dhead, t->V, t->C), dlogits, true, hidden, false, true);
}

bt_next_token_result bt_next_token_loss(bt_next_token *t, const bt_next_token_rows *r)
{
    bt_next_token_result sum = {0};
    if (r->dhidden)
        memset(r->dhidden, 0, r->n * t->C * sizeof *r->dhidden);
    for (size_t at = 0, n; (n = gather(t, r, &at)) > 0;) {
        make_logits(t, r, n);
        for (size_t i = 0; i < n; i++) {
            float *row = t->logits + i * t->V;
            size_t target = (size_t)r->target[t->from[i]];
            sum.n_right += row[target] >= bt_max(row, t->V);
            sum.loss += r->scale * bt_xent_long(row, t->V, target, r->scale);
        }
        if (r->dhidden)
            give_back(t, r, n);
    }
    return sum;
}
