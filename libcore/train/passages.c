/* passages.c - a language model's batches: every token of a passage is predicted from those before it. */
#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "train/trainer.h"

static bolter_status reserve(bolter_trainer *t, size_t n, bolter_error *err)
{
    if (n <= t->n_inputs)
        return BOLTER_OK;
    bt_release(t->inputs);
    bt_release(t->next);
    t->inputs = bt_alloc_array(n, sizeof *t->inputs);
    t->next = bt_alloc_array(n, sizeof *t->next);
    t->n_inputs = t->inputs && t->next ? n : 0;
    return t->n_inputs == n ? BOLTER_OK
                            : bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for %zu passages", n);
}

/* The network sees all but the last token, whose id is checked here. */
static bolter_status take(bolter_trainer *t, const bolter_passage *p, size_t i, bolter_error *err)
{
    size_t longest = bt_trainer_longest(t);
    if (p->n < 2 || p->first < 1 || p->first >= p->n)
        return bt_fail(err, BOLTER_E_ARG, "passage %zu: %zu tokens, those from %zu on count: expected "
                       "two or more, and 1 to the last", i, p->n, p->first);
    if (p->n > longest + 1)
        return bt_fail(err, BOLTER_E_LIMIT, "passage of %zu tokens, opened for %zu and the one after",
                       p->n, longest);
    if (p->ids[p->n - 1] < 0 || (size_t)p->ids[p->n - 1] >= t->cfg.n_vocab)
        return bt_fail(err, BOLTER_E_ARG, "id %ld at %zu, expected 0 to %zu",
                       (long)p->ids[p->n - 1], p->n - 1, t->cfg.n_vocab - 1);
    t->inputs[i] = (bolter_seq){.ids = p->ids, .n = p->n - 1};
    t->next[i] = p->first - 1;
    return bt_seq_check(&t->cfg, &t->inputs[i], err);
}

static bolter_status run(bolter_trainer *t, const bolter_passage *passages, size_t n, bool only_loss,
                         bt_result *out, bolter_error *err)
{
    if (t->cfg.n_label > 0 || n == 0)
        return bt_fail(err, BOLTER_E_ARG, "trainer: %s", n == 0 ? "no passages" : "of a classifier");
    bolter_status rc = reserve(t, n, err);
    for (size_t i = 0; rc == BOLTER_OK && i < n; i++)
        rc = take(t, &passages[i], i, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_work work = {.net = &t->net,
                    .seqs = t->inputs,
                    .next = t->next,
                    .only_loss = only_loss,
                    .n_seqs = n,
                    .read = BT_READ_ALL,
                    .causal = true};
    return bt_workers_run(t->workers, &work, out, err);
}

bolter_status bolter_trainer_step_passages(bolter_trainer *t, const bolter_passage *passages,
                                           size_t n, bolter_step *out, bolter_error *err)
{
    bt_result result;
    bolter_status rc = run(t, passages, n, false, &result, err);
    if (rc == BOLTER_OK)
        rc = bt_trainer_update(t, &result, out, err);
    if (rc == BOLTER_OK)
        out->n_tokens = result.n_counted;
    return rc;
}

bolter_status bolter_trainer_loss_passages(bolter_trainer *t, const bolter_passage *passages,
                                           size_t n, bolter_step *out, bolter_error *err)
{
    bt_result result;
    bolter_status rc = run(t, passages, n, true, &result, err);
    if (rc == BOLTER_OK && !isfinite(result.loss))
        rc = bt_not_finite(t, "loss", err);
    if (rc == BOLTER_OK)
        *out = (bolter_step){.step = t->step,
                             .loss = result.loss,
                             .n_right = result.n_right,
                             .n_tokens = result.n_counted};
    return rc;
}
