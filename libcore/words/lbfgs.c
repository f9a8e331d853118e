/* lbfgs.c - directions from the last steps, and how far to go along them. */
#include "words/lbfgs.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define HISTORY    30    /* steps that are remembered: words of all frequencies need many */
#define MAX_TRIALS 40    /* of one line search */
#define ENOUGH     1e-4  /* c1: the value falls by this share of what the slope promises */
#define FLAT       0.9   /* c2: the slope is at most this share of the first one */
#define NOISE      1e-14 /* a relative fall of the value that is rounding */

struct state {
    size_t n;
    bt_objective f;
    void *arg;
    double *x, *g, value;             /* here */
    double *x_new, *g_new, value_new; /* at the last trial */
    double *p;                        /* direction */
    double *s, *y;                    /* (HISTORY, n): steps and changes of the gradient */
    double rho[HISTORY];              /* 1 / (s . y) */
    size_t n_kept, next;              /* rows of s and y in use, and the one to write */
};

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void add_times(double *a, double by, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] += by * b[i];
}

static double largest(const double *a, size_t n)
{
    double max = 0;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, fabs(a[i]));
    return max;
}

/* ---- Direction ---- */

/* p = - (approximate inverse of the Hessian) g: the two loops of algorithm 7.4. */
static void find_direction(struct state *t)
{
    double alpha[HISTORY];
    for (size_t i = 0; i < t->n; i++)
        t->p[i] = -t->g[i];
    for (size_t back = 1; back <= t->n_kept; back++) {
        size_t i = (t->next + HISTORY - back) % HISTORY;
        alpha[i] = t->rho[i] * dot(t->s + i * t->n, t->p, t->n);
        add_times(t->p, -alpha[i], t->y + i * t->n, t->n);
    }
    if (t->n_kept > 0) {
        size_t last = (t->next + HISTORY - 1) % HISTORY;
        const double *y = t->y + last * t->n;
        double scale = 1 / (t->rho[last] * dot(y, y, t->n));
        for (size_t i = 0; i < t->n; i++)
            t->p[i] *= scale;
    }
    for (size_t back = t->n_kept; back >= 1; back--) {
        size_t i = (t->next + HISTORY - back) % HISTORY;
        double beta = t->rho[i] * dot(t->y + i * t->n, t->p, t->n);
        add_times(t->p, alpha[i] - beta, t->s + i * t->n, t->n);
    }
}

/* Remember the step to x_new, unless the function bends the wrong way there. */
static void remember(struct state *t)
{
    double *s = t->s + t->next * t->n, *y = t->y + t->next * t->n;
    for (size_t i = 0; i < t->n; i++) {
        s[i] = t->x_new[i] - t->x[i];
        y[i] = t->g_new[i] - t->g[i];
    }
    double sy = dot(s, y, t->n);
    if (!(sy > 0))
        return;
    t->rho[t->next] = 1 / sy;
    t->next = (t->next + 1) % HISTORY;
    t->n_kept += t->n_kept < HISTORY;
}

/* ---- Line search ---- */

struct trial {
    double step, value, slope;
};

static struct trial try_step(struct state *t, double step)
{
    for (size_t i = 0; i < t->n; i++)
        t->x_new[i] = t->x[i] + step * t->p[i];
    t->value_new = t->f(t->arg, t->x_new, t->g_new);
    return (struct trial){step, t->value_new, dot(t->g_new, t->p, t->n)};
}

/* The minimum of the cubic through two trials (3.59), kept away from both; else their middle. */
static double between(const struct trial *a, const struct trial *b)
{
    double d1 = a->slope + b->slope - 3 * (a->value - b->value) / (a->step - b->step);
    double root = d1 * d1 - a->slope * b->slope;
    double width = b->step - a->step, at = NAN;
    if (root >= 0) {
        double d2 = copysign(sqrt(root), width);
        at = b->step - width * (b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2);
    }
    double share = (at - a->step) / width;
    return share >= 0.1 && share <= 0.9 ? at : a->step + width / 2;
}

static bool falls_enough(const struct trial *start, const struct trial *t)
{
    return t->value <= start->value + ENOUGH * t->step * start->slope;
}

/* Algorithm 3.6: low is the best trial so far, and a good one lies between it and high. */
static bool zoom(struct state *t, const struct trial *start, struct trial low, struct trial high)
{
    for (int i = 0; i < MAX_TRIALS; i++) {
        struct trial now = try_step(t, between(&low, &high));
        if (!falls_enough(start, &now) || now.value >= low.value) {
            high = now;
            continue;
        }
        if (fabs(now.slope) <= -FLAT * start->slope)
            return true;
        if (now.slope * (high.step - low.step) >= 0)
            high = low;
        low = now;
    }
    if (low.step > 0)
        try_step(t, low.step); /* flat or not, it is lower than the start */
    return low.step > 0;
}

/* Algorithm 3.5: leave in x_new a point that meets the strong Wolfe conditions. False: there is
 * none to be found. */
static bool search(struct state *t, double first)
{
    const struct trial start = {0, t->value, dot(t->g, t->p, t->n)};
    struct trial before = start;
    double step = first;
    if (!(start.slope < 0))
        return false;
    for (int i = 0; i < MAX_TRIALS; i++) {
        struct trial now = try_step(t, step);
        if (!falls_enough(&start, &now) || (i > 0 && now.value >= before.value))
            return zoom(t, &start, before, now);
        if (fabs(now.slope) <= -FLAT * start.slope)
            return true;
        if (now.slope >= 0)
            return zoom(t, &start, now, before);
        before = now;
        step *= 2;
    }
    return false;
}

/* ---- The whole ---- */

static bool make_state(struct state *t)
{
    double **one[] = {&t->g, &t->x_new, &t->g_new, &t->p};
    size_t rows;
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        if (!(*one[i] = bt_alloc_array(t->n, sizeof(double))))
            return false;
    if (!bt_mul_size(t->n, HISTORY, &rows))
        return false;
    t->s = bt_alloc_array(rows, sizeof *t->s);
    t->y = bt_alloc_array(rows, sizeof *t->y);
    return t->s && t->y;
}

static void free_state(struct state *t)
{
    bt_release(t->g);
    bt_release(t->x_new);
    bt_release(t->g_new);
    bt_release(t->p);
    bt_release(t->s);
    bt_release(t->y);
}

/* A step along the direction, or where that leads nowhere straight downhill. */
static bool advance(struct state *t)
{
    find_direction(t);
    bool ok = search(t, t->n_kept > 0 ? 1 : 1 / (1 + sqrt(dot(t->g, t->g, t->n))));
    if (ok || t->n_kept == 0)
        return ok;
    t->n_kept = 0;
    return advance(t);
}

static void take_step(struct state *t)
{
    remember(t);
    memcpy(t->x, t->x_new, t->n * sizeof *t->x);
    double *g = t->g;
    t->g = t->g_new;
    t->g_new = g;
    t->value = t->value_new;
}

static void minimise(struct state *t, const bt_lbfgs_options *o, bolter_logistic_end *end)
{
    end->gradient = largest(t->g, t->n);
    end->converged = end->gradient <= o->tolerance;
    while (!end->converged && end->n_steps < o->max_steps) {
        double before = t->value;
        bool moved = advance(t);
        if (moved)
            take_step(t);
        end->n_steps += moved;
        end->gradient = largest(t->g, t->n);
        end->converged = !moved || end->gradient <= o->tolerance ||
                         before - t->value <= NOISE * fmax(1, fabs(before));
        if (o->progress)
            o->progress(o->ud, end->n_steps, end->gradient);
    }
    end->loss = t->value;
}

bolter_status bt_lbfgs(double *x, size_t n, bt_objective f, void *arg, const bt_lbfgs_options *o,
                       bolter_logistic_end *end, bolter_error *err)
{
    struct state t = {.n = n, .f = f, .arg = arg, .x = x};
    *end = (bolter_logistic_end){0};
    bolter_status rc = BOLTER_OK;
    if (!make_state(&t)) {
        rc = bt_fail(err, BOLTER_E_NOMEM, "words: no memory to fit %zu weights", n);
    } else {
        t.value = f(arg, x, t.g);
        if (isfinite(t.value))
            minimise(&t, o, end);
        else
            rc = bt_fail(err, BOLTER_E_NUMERIC, "words: the loss is not finite");
    }
    free_state(&t);
    return rc;
}
