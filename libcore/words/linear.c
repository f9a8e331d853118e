/* linear.c - bolter_linear_*: what naive Bayes and logistic regression have in common. */
#include "words/linear.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "words/sparse.h"

bolter_status bt_linear_open(bolter_linear **out, size_t n_col, size_t n_label, bolter_error *err)
{
    *out = NULL;
    size_t n;
    bolter_linear *l = bt_alloc(sizeof *l);
    if (l && bt_mul_size(n_col, n_label, &n)) {
        *l = (bolter_linear){.n_col = n_col, .n_label = n_label};
        l->weight = bt_alloc_array(n, sizeof *l->weight);
        l->bias = bt_alloc_array(n_label, sizeof *l->bias);
        if (l->weight && l->bias) {
            *out = l;
            return BOLTER_OK;
        }
    }
    bolter_linear_free(l);
    return bt_fail(err, BOLTER_E_NOMEM, "words: no memory for %zu columns, %zu labels", n_col,
                   n_label);
}

void bolter_linear_free(bolter_linear *l)
{
    if (!l)
        return;
    bt_release(l->weight);
    bt_release(l->bias);
    bt_release(l);
}

bolter_status bt_linear_count(const bolter_sparse *x, const int32_t *labels, size_t n_label,
                              size_t *count, bolter_error *err)
{
    for (size_t i = 0; i < x->n_row; i++) {
        if (labels[i] < 0 || (size_t)labels[i] >= n_label)
            return bt_fail(err, BOLTER_E_ARG, "words: row %zu has label %d, expected 0 to %zu", i,
                           (int)labels[i], n_label - 1);
        count[labels[i]]++;
    }
    for (size_t k = 0; k < n_label; k++)
        if (count[k] == 0)
            return bt_fail(err, BOLTER_E_ARG, "words: no row of %zu has label %zu", x->n_row, k);
    return n_label >= 2
               ? BOLTER_OK
               : bt_fail(err, BOLTER_E_ARG, "words: %zu labels, expected at least 2", n_label);
}

bolter_status bolter_linear_logits(const bolter_linear *l, const bolter_sparse *x, double *logits,
                                   bolter_error *err)
{
    if (x->n_col != l->n_col)
        return bt_fail(err, BOLTER_E_MISMATCH, "words: rows of %zu columns, expected %zu", x->n_col,
                       l->n_col);
    const size_t K = l->n_label;
    for (size_t i = 0; i < x->n_row; i++) {
        double *out = logits + i * K;
        for (size_t k = 0; k < K; k++)
            out[k] = l->bias[k];
        for (size_t e = x->start[i]; e < x->start[i + 1]; e++)
            for (size_t k = 0; k < K; k++)
                out[k] += (double)x->val[e] * l->weight[x->col[e] * K + k];
    }
    return BOLTER_OK;
}

double bolter_linear_weight(const bolter_linear *l, size_t column, size_t label)
{
    const double *w = l->weight + column * l->n_label;
    double others = 0;
    for (size_t k = 0; k < l->n_label; k++)
        others += k == label ? 0 : w[k];
    return w[label] - others / (double)(l->n_label - 1);
}

double bolter_log_odds(const double *logits, size_t n, size_t k)
{
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        if (i != k)
            max = fmax(max, logits[i]);
    for (size_t i = 0; i < n; i++)
        if (i != k)
            sum += exp(logits[i] - max);
    return logits[k] - max - log(sum);
}
