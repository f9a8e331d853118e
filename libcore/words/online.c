/* online.c - bolter_online_*: one message after another. */
#include "words/online.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "words/dual.h"

#define FIRST_ROWS 256
#define FIRST      1e-3 /* share of c that a message begins with: both ends are out of reach */

bolter_status bolter_online_open(bolter_online **out, bolter_error *err)
{
    *out = NULL;
    bolter_online *o = bt_alloc(sizeof *o);
    if (o) {
        o->z = bt_alloc_array(BOLTER_BUCKETS + 1, sizeof *o->z);
        o->rare = bt_alloc_array(BOLTER_BUCKETS, sizeof *o->rare);
        o->df = bt_alloc_array(BOLTER_BUCKETS, sizeof *o->df);
        o->rng.seed = 1;
    }
    if (!o || !o->z || !o->rare || !o->df) {
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
    bt_release(o->z);
    bt_release(o->rare);
    bt_release(o->df);
    bt_release(o);
}

/* What the weights say to a message, and its squares with the rarities in them. */
static double odds(const bolter_online *o, const bolter_features *f, double *squares)
{
    const double bias = BT_ONLINE_BIAS * BT_ONLINE_BIAS;
    double sum = bias * o->z[BOLTER_BUCKETS], all = bias;
    for (size_t k = 0; k < f->n; k++) {
        uint32_t j = f->bucket[k];
        double v = (double)f->value[k], x = (double)o->rare[j] * v;
        sum += x * o->z[j];
        all += x * v;
    }
    *squares = all;
    return sum;
}

double bolter_online_score(const bolter_online *o, const bolter_features *f)
{
    double squares;
    return odds(o, f, &squares);
}

static void push(bolter_online *o, const bolter_features *f, double step)
{
    for (size_t k = 0; k < f->n; k++)
        o->z[f->bucket[k]] += step * (double)f->value[k];
    o->z[BOLTER_BUCKETS] += step;
}

/* Find the best dual value of one message while the others stay. */
static void step(bolter_online *o, bt_online_row *r)
{
    double squares, along = r->side * odds(o, r->f, &squares);
    double a = bt_dual_best(r->a, squares, along, BT_ONLINE_C);
    push(o, r->f, r->side * (a - r->a));
    r->a = a;
}

static void count(bolter_online *o, const bolter_features *f)
{
    for (size_t k = 0; k < f->n; k++) {
        uint32_t j = f->bucket[k];
        o->df[j]++;
        o->rare[j] = (float)(log((double)(o->n + 1) / o->df[j]) + 0.1);
    }
}

bolter_status bolter_online_learn(bolter_online *o, const bolter_features *f, bool spam,
                                  bolter_error *err)
{
    if (o->n == o->cap) {
        size_t cap = o->cap ? 2 * o->cap : FIRST_ROWS;
        bt_online_row *row = bt_realloc_array(o->row, cap, sizeof *row);
        if (!row)
            return bt_fail(err, BOLTER_E_NOMEM, "online: no memory for %zu messages", cap);
        o->row = row;
        o->cap = cap;
    }
    bt_online_row *r = &o->row[o->n++];
    *r = (bt_online_row){f, spam ? 1 : -1, FIRST * BT_ONLINE_C};
    count(o, f);
    push(o, f, r->side * r->a);
    step(o, r);
    for (int k = 0; k < BT_ONLINE_AGAIN; k++)
        step(o, &o->row[bt_rng_below(&o->rng, o->n)]);
    return BOLTER_OK;
}
