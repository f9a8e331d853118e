/* bayes.c - multinomial naive Bayes: logarithms of smoothed shares. */
#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "words/linear.h"
#include "words/sparse.h"

/* Sum of each column's values by label, into weight (n_col, n_label). */
static bolter_status add_up(bolter_linear *l, const bolter_sparse *x, const int32_t *labels,
                            bolter_error *err)
{
    for (size_t i = 0; i < x->n_row; i++)
        for (size_t e = x->start[i]; e < x->start[i + 1]; e++) {
            if (!(x->val[e] >= 0))
                return bt_fail(err, BOLTER_E_ARG,
                               "words: row %zu has a value of %g, expected 0 or more", i,
                               (double)x->val[e]);
            l->weight[x->col[e] * l->n_label + (size_t)labels[i]] += (double)x->val[e];
        }
    return BOLTER_OK;
}

/* Sums to ln((sum + alpha) / sum over the columns of (sum + alpha)). */
static void take_logs(bolter_linear *l, size_t label, double alpha)
{
    double all = 0;
    for (size_t j = 0; j < l->n_col; j++)
        all += l->weight[j * l->n_label + label] + alpha;
    for (size_t j = 0; j < l->n_col; j++) {
        double *w = &l->weight[j * l->n_label + label];
        *w = log(*w + alpha) - log(all);
    }
}

bolter_status bolter_linear_bayes(bolter_linear **out, const bolter_sparse *x,
                                  const int32_t *labels, size_t n_label, double alpha,
                                  bolter_error *err)
{
    *out = NULL;
    if (!(alpha > 0) || isinf(alpha))
        return bt_fail(err, BOLTER_E_ARG, "words: alpha is %g, expected more than 0", alpha);
    size_t *count = bt_alloc_array(n_label, sizeof *count);
    if (!count)
        return bt_fail(err, BOLTER_E_NOMEM, "words: no memory");
    bolter_linear *l = NULL;
    bolter_status rc = bt_linear_count(x, labels, n_label, count, err);
    if (rc == BOLTER_OK)
        rc = bt_linear_open(&l, x->n_col, n_label, err);
    if (rc == BOLTER_OK)
        rc = add_up(l, x, labels, err);
    for (size_t k = 0; k < n_label && rc == BOLTER_OK; k++) {
        take_logs(l, k, alpha);
        l->bias[k] = log((double)count[k] / (double)x->n_row);
    }
    bt_release(count);
    if (rc == BOLTER_OK)
        *out = l;
    else
        bolter_linear_free(l);
    return rc;
}
