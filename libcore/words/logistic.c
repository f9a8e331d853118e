/*
 * logistic.c - logistic regression with a penalty on the squares of the weights.
 *
 * The logits go by rows of the matrix and the gradient by its columns, so that threads share the
 * work without sharing a sum.
 */
#include "words/logistic.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "words/lbfgs.h"
#include "words/linear.h"
#include "words/sparse.h"

#define TOLERANCE          1e-4 /* times the penalty below 1: weights are as near to the best */
#define DEFAULT_STEPS      1000
#define ENTRIES_PER_THREAD ((size_t)100000) /* less is done before a thread has started */

/* ---- Loss and gradient ---- */

struct pass {
    bt_logistic *m;
    const double *weights;
    double *gradient;
    size_t threads;
};

/* Two labels: the loss of a row with logit z, and its slope in z's place. */
static double two_labels(double *z, int32_t label)
{
    double toward = label ? *z : -*z; /* the true label */
    double e = exp(-fabs(toward));
    *z = (label ? -1 : 1) * (toward > 0 ? e / (1 + e) : 1 / (1 + e));
    return log1p(e) + fmax(-toward, 0);
}

static double many_labels(double *z, size_t n, int32_t label)
{
    double max = z[0], sum = 0, right = z[label];
    for (size_t k = 1; k < n; k++)
        max = fmax(max, z[k]);
    for (size_t k = 0; k < n; k++)
        sum += z[k] = exp(z[k] - max);
    for (size_t k = 0; k < n; k++)
        z[k] /= sum;
    z[label] -= 1;
    return log(sum) + max - right;
}

/* Logits, losses and slopes of one piece of the rows. */
static void row_piece(void *arg, size_t piece)
{
    const struct pass *p = arg;
    bt_logistic *m = p->m;
    const bolter_sparse *x = m->x;
    const size_t K = m->n_out;
    const double *bias = p->weights + x->n_col * K;
    size_t end = bt_sparse_piece(x, piece + 1, p->threads);
    for (size_t i = bt_sparse_piece(x, piece, p->threads); i < end; i++) {
        double *z = m->residual + i * K;
        for (size_t k = 0; k < K; k++)
            z[k] = bias[k];
        for (size_t e = x->start[i]; e < x->start[i + 1]; e++)
            for (size_t k = 0; k < K; k++)
                z[k] += (double)x->val[e] * p->weights[x->col[e] * K + k];
        double loss = K == 1 ? two_labels(z, m->labels[i]) : many_labels(z, K, m->labels[i]);
        double weight = m->label_weight[m->labels[i]];
        m->loss[i] = weight * loss;
        for (size_t k = 0; k < K; k++)
            z[k] *= weight;
    }
}

/* The gradient of one piece of the columns. */
static void column_piece(void *arg, size_t piece)
{
    const struct pass *p = arg;
    const bolter_sparse *x = p->m->columns;
    const size_t K = p->m->n_out;
    size_t end = bt_sparse_piece(x, piece + 1, p->threads);
    for (size_t j = bt_sparse_piece(x, piece, p->threads); j < end; j++) {
        double *g = p->gradient + j * K;
        for (size_t k = 0; k < K; k++)
            g[k] = p->m->penalty * p->weights[j * K + k];
        for (size_t e = x->start[j]; e < x->start[j + 1]; e++)
            for (size_t k = 0; k < K; k++)
                g[k] += (double)x->val[e] * p->m->residual[x->col[e] * K + k];
    }
}

double bt_logistic_loss(void *arg, const double *weights, double *gradient)
{
    bt_logistic *m = arg;
    const size_t K = m->n_out, n_weight = m->x->n_col * K;
    size_t worth = 1 + m->x->n_entry / ENTRIES_PER_THREAD;
    struct pass p = {m, weights, gradient, m->threads < worth ? m->threads : worth};
    bt_parallel(p.threads, row_piece, &p);
    bt_parallel(p.threads, column_piece, &p);
    double loss = 0, squares = 0;
    double *bias = gradient + n_weight;
    for (size_t k = 0; k < K; k++)
        bias[k] = 0;
    for (size_t i = 0; i < m->x->n_row; i++) {
        loss += m->loss[i];
        for (size_t k = 0; k < K; k++)
            bias[k] += m->residual[i * K + k];
    }
    for (size_t j = 0; j < n_weight; j++)
        squares += weights[j] * weights[j];
    return loss + m->penalty * squares / 2;
}

/* ---- Opening ---- */

static bolter_status weigh_labels(bt_logistic *m, bool balanced, bolter_error *err)
{
    size_t *count = bt_alloc_array(m->n_label, sizeof *count);
    if (!count)
        return bt_fail(err, BOLTER_E_NOMEM, "words: no memory");
    bolter_status rc = bt_linear_count(m->x, m->labels, m->n_label, count, err);
    for (size_t k = 0; k < m->n_label && rc == BOLTER_OK; k++) {
        double share = (double)count[k] * (double)m->n_label / (double)m->x->n_row;
        m->label_weight[k] = balanced ? 1 / share : 1;
    }
    bt_release(count);
    return rc;
}

bolter_status bt_logistic_open(bt_logistic *m, const bolter_sparse *x, const int32_t *labels,
                               size_t n_label, const bolter_logistic_options *o, bolter_error *err)
{
    double c = o->c != 0 ? o->c : 1;
    *m = (bt_logistic){.x = x, .labels = labels, .n_label = n_label, .penalty = 1 / c};
    if (!(c > 0) || isinf(c))
        return bt_fail(err, BOLTER_E_ARG, "words: c is %g, expected more than 0", c);
    m->n_out = n_label == 2 ? 1 : n_label;
    m->threads = o->threads ? o->threads : bt_n_processors();
    m->label_weight = bt_alloc_array(n_label, sizeof *m->label_weight);
    m->residual = bt_alloc_array(x->n_row, m->n_out * sizeof *m->residual);
    m->loss = bt_alloc_array(x->n_row, sizeof *m->loss);
    if (!m->label_weight || !m->residual || !m->loss)
        return bt_fail(err, BOLTER_E_NOMEM, "words: no memory for %zu rows", x->n_row);
    bolter_status rc = weigh_labels(m, o->balanced, err);
    return rc == BOLTER_OK ? bt_sparse_transpose(&m->columns, x, err) : rc;
}

void bt_logistic_free(bt_logistic *m)
{
    bolter_sparse_free(m->columns);
    bt_release(m->label_weight);
    bt_release(m->residual);
    bt_release(m->loss);
}

/* ---- Fitting ---- */

/* Weights of one vector for two labels: the first has none. */
static void spread(bolter_linear *l, const double *weights, size_t n_out)
{
    const size_t K = l->n_label;
    for (size_t j = 0; j <= l->n_col; j++) {
        double *to = j < l->n_col ? l->weight + j * K : l->bias;
        for (size_t k = 0; k < n_out; k++)
            to[K - n_out + k] = weights[j * n_out + k];
    }
}

static bolter_status fit(bolter_linear **out, bt_logistic *m, const bolter_logistic_options *o,
                         bolter_logistic_end *end, bolter_error *err)
{
    const bt_lbfgs_options how = {.max_steps = o->max_steps ? o->max_steps : DEFAULT_STEPS,
                                  .tolerance = TOLERANCE * fmin(1, m->penalty),
                                  .progress = o->progress,
                                  .ud = o->ud};
    size_t n = (m->x->n_col + 1) * m->n_out;
    bolter_linear *l;
    bolter_status rc = bt_linear_open(&l, m->x->n_col, m->n_label, err);
    double *weights = bt_alloc_array(n, sizeof *weights);
    if (rc == BOLTER_OK && !weights)
        rc = bt_fail(err, BOLTER_E_NOMEM, "words: no memory to fit %zu weights", n);
    if (rc == BOLTER_OK)
        rc = bt_lbfgs(weights, n, bt_logistic_loss, m, &how, end, err);
    if (rc == BOLTER_OK)
        spread(*out = l, weights, m->n_out);
    else
        bolter_linear_free(l);
    bt_release(weights);
    return rc;
}

bolter_status bolter_linear_logistic(bolter_linear **out, const bolter_sparse *x,
                                     const int32_t *labels, size_t n_label,
                                     const bolter_logistic_options *o, bolter_logistic_end *end,
                                     bolter_error *err)
{
    static const bolter_logistic_options defaults = {0};
    bolter_logistic_end unused;
    bt_logistic m;
    *out = NULL;
    bolter_status rc = bt_logistic_open(&m, x, labels, n_label, o ? o : &defaults, err);
    if (rc == BOLTER_OK)
        rc = fit(out, &m, o ? o : &defaults, end ? end : &unused, err);
    bt_logistic_free(&m);
    return rc;
}
