/* wide.c - bolter_wide_*: trains the weights, rounds them, adds them up. */
#include "words/wide.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "words/dual.h"
#include "words/linear.h"
#include "words/sparse.h"
#include "words/telling.h"

#define C_WIDE 2 /* chosen by cross-validation on mail and on SMS: 1 to 3 do as well */
#define C_MIX  10
#define TOP    127 /* of a signed byte */

double bolter_wide_score(const bolter_wide *w, const bolter_features *f)
{
    double sum = 0;
    for (size_t i = 0; i < f->n; i++) {
        int root = w->root[f->bucket[i]];
        sum += (double)f->value[i] * (root * abs(root));
    }
    return sum * (double)w->scale + (double)w->bias;
}

void bolter_wide_free(bolter_wide *w)
{
    if (w)
        bt_release(w->own);
    bt_release(w);
}

static void round_weights(bolter_wide *to, const double *w)
{
    double most = 0;
    for (size_t j = 0; j < BOLTER_BUCKETS; j++)
        most = fmax(most, fabs(w[j]));
    to->scale = (float)(most > 0 ? most / (TOP * TOP) : 1);
    for (size_t j = 0; j < BOLTER_BUCKETS; j++)
        to->own[j] = (int8_t)lrint(copysign(sqrt(fabs(w[j]) / (double)to->scale), w[j]));
    to->bias = (float)w[BOLTER_BUCKETS];
}

static bolter_status check_rows(const bolter_features *const *rows, const int32_t *spam, size_t n,
                                bolter_error *err)
{
    size_t n_spam = 0;
    for (size_t i = 0; i < n; i++) {
        if (!rows[i])
            return bt_fail(err, BOLTER_E_ARG, "wide: row %zu has no features", i);
        n_spam += spam[i] != 0;
    }
    return n_spam > 0 && n_spam < n
               ? BOLTER_OK
               : bt_fail(err, BOLTER_E_ARG, "wide: %zu spam of %zu texts, expected spam and ham",
                         n_spam, n);
}

static bolter_status rates_of(float *rate, const bolter_features *const *rows, const int32_t *spam, size_t n,
                              bolter_error *err)
{
    bt_label_counts all = {0}, *having = bt_alloc_array(BOLTER_BUCKETS, sizeof *having);
    if (!having)
        return bt_fail(err, BOLTER_E_NOMEM, "wide: no memory");
    for (size_t i = 0; i < n; i++) {
        *(spam[i] ? &all.spam : &all.ham) += 1;
        for (size_t k = 0; k < rows[i]->n; k++) {
            bt_label_counts *h = &having[rows[i]->bucket[k]];
            *(spam[i] ? &h->spam : &h->ham) += 1;
        }
    }
    for (size_t j = 0; j < BOLTER_BUCKETS; j++) {
        double factor = bt_telling(having[j], all);
        rate[j] = (float)(factor * factor);
    }
    bt_release(having);
    return BOLTER_OK;
}

bolter_status bolter_wide_train(bolter_wide **out, const bolter_features *const *rows,
                                const int32_t *spam, size_t n, bolter_error *err)
{
    *out = NULL;
    bolter_status rc = check_rows(rows, spam, n, err);
    if (rc != BOLTER_OK)
        return rc;
    bolter_wide *wide = bt_alloc(sizeof *wide);
    int8_t *own = bt_alloc(BOLTER_BUCKETS);
    float *rate = bt_alloc_array(BOLTER_BUCKETS, sizeof *rate);
    double *w = bt_alloc_array(BOLTER_BUCKETS + 1, sizeof *w);
    if (!wide || !own || !rate || !w)
        rc = bt_fail(err, BOLTER_E_NOMEM, "wide: no memory");
    if (rc == BOLTER_OK)
        rc = rates_of(rate, rows, spam, n, err);
    if (rc == BOLTER_OK)
        rc = bt_dual_fit(&(bt_dual){w, rate, C_WIDE, 1}, rows, spam, n, err);
    if (rc == BOLTER_OK) {
        wide->root = wide->own = own;
        round_weights(wide, w);
        *out = wide;
    } else {
        bt_release(own);
        bt_release(wide);
    }
    bt_release(rate);
    bt_release(w);
    return rc;
}

/* ---- Both parts ---- */

double bolter_mix_odds(const bolter_mix *m, double deep, double wide)
{
    return m->deep * deep + m->wide * wide + m->bias;
}

/* One over the root of the mean square; 1 for nothing but zeros. */
static double scale_of(const double *odds, size_t n)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += odds[i] * odds[i];
    return squares > 0 ? sqrt((double)n / squares) : 1;
}

/*
 * The parts are fitted at the same scale: where each alone tells the texts apart, which a small sample may
 * allow, the penalty on large weights then shares them out, and does not leave all to the louder one.
 */
bolter_status bolter_mix_fit(bolter_mix *out, const double *deep, const double *wide,
                             const int32_t *spam, size_t n, bolter_error *err)
{
    const double to_deep = scale_of(deep, n), to_wide = scale_of(wide, n);
    bolter_sparse *x;
    bolter_linear *l = NULL;
    const bolter_logistic_options o = {.c = C_MIX, .threads = 1};
    bolter_status rc = bolter_sparse_open(&x, 2, err);
    for (size_t i = 0; rc == BOLTER_OK && i < n; i++) {
        rc = bt_sparse_push(x, 0, (float)(deep[i] * to_deep), err);
        if (rc == BOLTER_OK)
            rc = bt_sparse_push(x, 1, (float)(wide[i] * to_wide), err);
        if (rc == BOLTER_OK)
            rc = bt_sparse_end_row(x, err);
    }
    if (rc == BOLTER_OK)
        rc = bolter_linear_logistic(&l, x, spam, 2, &o, NULL, err);
    if (rc == BOLTER_OK) {
        /* More of what speaks for spam must never make a message less like it. */
        out->deep = fmax(bolter_linear_weight(l, 0, 1), 0) * to_deep;
        out->wide = fmax(bolter_linear_weight(l, 1, 1), 0) * to_wide;
        out->bias = l->bias[1] - l->bias[0];
    }
    bolter_linear_free(l);
    bolter_sparse_free(x);
    return rc;
}
