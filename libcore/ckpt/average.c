/*
 * average.c - one model whose weights are the mean of several that began with the same weights (Wortsman
 * et al. 2022, "Model soups", the uniform soup). It costs no more than one of them to score with.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/model.h"

struct mean {
    const bolter_model *const *m;
    size_t n;
    float *value; /* room for the largest tensor */
};

static const float *mean_of(void *ud, size_t index)
{
    const struct mean *a = ud;
    size_t n = bt_param_size(&a->m[0]->params.row[index]);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < a->n; k++)
            sum += (double)a->m[k]->w[index][i];
        a->value[i] = (float)(sum / (double)a->n);
    }
    return a->value;
}

static bool same_reading(const bt_card *a, const bt_card *b)
{
    bool same = a->n_label == b->n_label && a->position == b->position && a->bos == b->bos &&
                a->max_tokens == b->max_tokens && a->tail_tokens == b->tail_tokens &&
                a->pad_to == b->pad_to && a->all_see_all == b->all_see_all &&
                strcmp(a->text_layout ? a->text_layout : "", b->text_layout ? b->text_layout : "") == 0;
    for (size_t i = 0; same && i < a->n_label; i++)
        same = strcmp(a->label[i], b->label[i]) == 0;
    return same;
}

static bool same_shape(const bolter_model *a, const bolter_model *b)
{
    bool same = a->params.n == b->params.n && a->cfg.n_head == b->cfg.n_head;
    for (size_t i = 0; same && i < a->params.n; i++) {
        const bt_param *x = &a->params.row[i], *y = &b->params.row[i];
        same = x->rows == y->rows && x->cols == y->cols;
    }
    return same;
}

static bolter_status check(const bolter_model *const *m, size_t n, bolter_error *err)
{
    if (n < 2)
        return bt_fail(err, BOLTER_E_ARG, "an average of %zu models, expected 2 or more", n);
    for (size_t i = 0; i < n; i++) {
        bolter_status rc = bt_model_need_weights(m[i], err);
        if (rc != BOLTER_OK)
            return rc;
        if (!same_shape(m[0], m[i]))
            return bt_fail(err, BOLTER_E_MISMATCH, "%s: not of the shape of %s", m[i]->dir, m[0]->dir);
        if (!same_reading(&m[0]->card, &m[i]->card))
            return bt_fail(err, BOLTER_E_MISMATCH, "%s: reads texts otherwise than %s, or has other labels",
                           m[i]->dir, m[0]->dir);
        if (m[i]->wide)
            return bt_fail(err, BOLTER_E_MISMATCH, "%s: has a wide part, which is for its own weights",
                           m[i]->dir);
    }
    return BOLTER_OK;
}

static size_t largest_tensor(const bt_params *p)
{
    size_t most = 0;
    for (size_t i = 0; i < p->n; i++)
        most = bt_param_size(&p->row[i]) > most ? bt_param_size(&p->row[i]) : most;
    return most;
}

bolter_status bolter_model_average(const bolter_model *const *m, size_t n, const char *dir,
                                   const bolter_save_options *o, bolter_error *err)
{
    bt_card card = {0};
    struct mean a = {m, n, NULL};
    bolter_status rc = check(m, n, err);
    if (rc != BOLTER_OK)
        return rc;
    a.value = bt_alloc_array(largest_tensor(&m[0]->params), sizeof *a.value);
    if (!a.value)
        rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        rc = bt_card_copy(&card, &m[0]->card, err);
    if (rc == BOLTER_OK)
        rc = bt_card_apply(&card, o, err);
    bt_weights w = {&m[0]->params, mean_of, &a};
    if (rc == BOLTER_OK)
        rc = bt_model_write(m[0], &w, &card, o, dir, err);
    bt_card_clear(&card);
    bt_release(a.value);
    return rc;
}
