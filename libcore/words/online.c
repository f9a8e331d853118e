/* online.c - bolter_online_*: one message after another. */
#include "words/online.h"

#include "base/error.h"
#include "base/mem.h"

#define FIRST_ROWS 256

bolter_status bolter_online_open(bolter_online **out, bolter_error *err)
{
    *out = NULL;
    bolter_online *o = bt_alloc(sizeof *o);
    if (o) {
        o->dual = (bt_dual){.c = BT_ONLINE_C, .bias = BT_ONLINE_BIAS};
        o->dual.w = bt_alloc_array(BOLTER_BUCKETS + 1, sizeof *o->dual.w);
        o->rng.seed = 1;
    }
    if (!o || !o->dual.w) {
        bolter_online_free(o);
        return bt_fail(err, BOLTER_E_NOMEM, "online: no memory");
    }
    *out = o;
    return BOLTER_OK;
}

void bolter_online_free(bolter_online *o)
{
    if (!o)
        return;
    bt_release(o->row);
    bt_release(o->dual.w);
    bt_release(o);
}

double bolter_online_score(const bolter_online *o, const bolter_features *f)
{
    return bt_dual_score(o->dual.w, f);
}

bolter_status bolter_online_learn(bolter_online *o, const bolter_features *f, bool spam,
                                  bolter_error *err)
{
    if (o->n == o->cap) {
        size_t cap = o->cap ? 2 * o->cap : FIRST_ROWS;
        bt_dual_row *row = bt_realloc_array(o->row, cap, sizeof *row);
        if (!row)
            return bt_fail(err, BOLTER_E_NOMEM, "online: no memory for %zu messages", cap);
        o->row = row;
        o->cap = cap;
    }
    bt_dual_row *r = &o->row[o->n++];
    *r = bt_dual_row_of(&o->dual, f, spam);
    bt_dual_step(&o->dual, r);
    for (int k = 0; k < BT_ONLINE_AGAIN; k++)
        bt_dual_step(&o->dual, &o->row[bt_rng_below(&o->rng, o->n)]);
    return BOLTER_OK;
}
