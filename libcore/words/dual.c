/* dual.c - steps on the dual of a support vector machine with the square of the hinge. */
#include "words/dual.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"

#define MAX_EPOCHS 200
#define TOLERANCE  1e-3 /* of a margin */

static double rate_of(const bt_dual *d, uint32_t bucket)
{
    return d->rate ? (double)d->rate[bucket] : 1;
}

bt_dual_row bt_dual_row_of(const bt_dual *d, const bolter_features *f, bool spam)
{
    double squares = d->bias * d->bias;
    for (size_t k = 0; k < f->n; k++)
        squares += rate_of(d, f->bucket[k]) * (double)f->value[k] * (double)f->value[k];
    return (bt_dual_row){f, spam ? 1 : -1, squares, 0};
}

double bt_dual_score(const double *w, const bolter_features *f)
{
    double sum = w[BOLTER_BUCKETS];
    for (size_t k = 0; k < f->n; k++)
        sum += w[f->bucket[k]] * (double)f->value[k];
    return sum;
}

static void push(const bt_dual *d, const bolter_features *f, double step)
{
    for (size_t k = 0; k < f->n; k++)
        d->w[f->bucket[k]] += step * rate_of(d, f->bucket[k]) * (double)f->value[k];
    d->w[BOLTER_BUCKETS] += step * d->bias * d->bias;
}

double bt_dual_step(const bt_dual *d, bt_dual_row *r)
{
    const double ridge = 1 / (2 * d->c);
    double slope = r->side * bt_dual_score(d->w, r->f) - 1 + ridge * r->a;
    double step = fmax(-slope / (r->squares + ridge), -r->a);
    if (fabs(step) > 0)
        push(d, r->f, r->side * step);
    r->a += step;
    return fabs(step) * r->squares;
}

/* How far the step that moved a margin most has moved it. */
static double epoch(const bt_dual *d, bt_dual_row *row, size_t *order, size_t n, bt_rng *rng)
{
    double most = 0;
    bt_rng_shuffle(rng, order, n);
    for (size_t i = 0; i < n; i++)
        most = fmax(most, bt_dual_step(d, &row[order[i]]));
    return most;
}

bolter_status bt_dual_fit(const bt_dual *d, const bolter_features *const *rows, const int32_t *spam, size_t n,
                          bolter_error *err)
{
    bt_rng rng = {.seed = 1};
    bt_dual_row *row = bt_alloc_array(n, sizeof *row);
    size_t *order = bt_alloc_array(n, sizeof *order);
    bool room = row && order;
    for (size_t i = 0; room && i < n; i++) {
        row[i] = bt_dual_row_of(d, rows[i], spam[i]);
        order[i] = i;
    }
    for (int k = 0; room && k < MAX_EPOCHS && epoch(d, row, order, n, &rng) > TOLERANCE; k++)
        continue;
    bt_release(row);
    bt_release(order);
    return room ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "wide: no memory for %zu rows", n);
}
