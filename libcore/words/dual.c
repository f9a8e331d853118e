/*
 * dual.c - coordinate ascent on the dual of logistic regression. Source: Yu, Huang, Lin 2011, "Dual
 * coordinate descent methods for logistic regression and maximum entropy models", section 3.
 *
 * Each row i has a dual value a, between 0 and c, which is how hard it pushes the weights to its side:
 * w = sum of +-a x. One step finds the best a of one row while the others stay.
 */
#include "words/dual.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"

#define EPOCHS       20
#define NEWTON_STEPS 30
#define FIRST        1e-3 /* share of c that each row begins with: both ends are out of reach */
#define NEAREST      1e-12

struct row {
    const bolter_features *f;
    double side;    /* +1 spam, -1 ham */
    double squares; /* of its values, with the bias's 1 */
    double a;
};

/* w += step * x */
static void push(double *w, const bolter_features *f, double step)
{
    for (size_t k = 0; k < f->n; k++)
        w[f->bucket[k]] += step * (double)f->value[k];
    w[BOLTER_BUCKETS] += step;
}

static double margin(const double *w, const bolter_features *f)
{
    double sum = w[BOLTER_BUCKETS];
    for (size_t k = 0; k < f->n; k++)
        sum += w[f->bucket[k]] * (double)f->value[k];
    return sum;
}

/* In u = log(a / (c - a)) it rises everywhere with a slope of 1 or more: Newton's steps, none of them long,
 * cannot miss it. */
double bt_dual_best(double old, double squares, double along, double c)
{
    double u = log(old / (c - old));
    for (int i = 0; i < NEWTON_STEPS; i++) {
        double g = 1 / (1 + exp(-u));
        double step = (u + squares * (c * g - old) + along) / (1 + squares * c * g * (1 - g));
        u -= fmin(fmax(step, -2), 2);
        if (fabs(step) < 1e-9)
            break;
    }
    return c * fmin(fmax(1 / (1 + exp(-u)), NEAREST), 1 - NEAREST);
}

static void ascend(double *w, struct row *row, size_t *order, size_t n, double c)
{
    bt_rng rng = {.seed = 1};
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        bt_rng_shuffle(&rng, order, n);
        for (size_t i = 0; i < n; i++) {
            struct row *r = &row[order[i]];
            double a = bt_dual_best(r->a, r->squares, r->side * margin(w, r->f), c);
            push(w, r->f, r->side * (a - r->a));
            r->a = a;
        }
    }
}

bolter_status bt_dual_logistic(double *w, const bolter_features *const *rows, const int32_t *spam,
                               size_t n, double c, bolter_error *err)
{
    struct row *row = bt_alloc_array(n, sizeof *row);
    size_t *order = bt_alloc_array(n, sizeof *order);
    bool room = row && order;
    for (size_t j = 0; j <= BOLTER_BUCKETS; j++)
        w[j] = 0;
    for (size_t i = 0; room && i < n; i++) {
        row[i] = (struct row){.f = rows[i], .side = spam[i] ? 1 : -1, .squares = 1, .a = FIRST * c};
        for (size_t k = 0; k < rows[i]->n; k++)
            row[i].squares += (double)rows[i]->value[k] * (double)rows[i]->value[k];
        push(w, rows[i], row[i].side * row[i].a);
        order[i] = i;
    }
    if (room)
        ascend(w, row, order, n, c);
    bt_release(row);
    bt_release(order);
    return room ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "wide: no memory for %zu rows", n);
}
