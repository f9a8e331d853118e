/* step.c - one step of AdamW, and the checks that its numbers are numbers. */
#include <math.h>

#include "base/error.h"
#include "base/parallel.h"
#include "kern/kern.h"
#include "train/trainer.h"

bolter_status bt_not_finite(const bolter_trainer *t, const char *what, bolter_error *err)
{
    const char *tensor = "an activation";
    for (size_t i = t->slots.n; i-- > 0;)
        if (!isfinite(bt_sum_squares(t->slots.slot[i].p, t->slots.slot[i].n)))
            tensor = t->slots.slot[i].name;
    for (size_t i = t->params.n; i-- > 0;)
        if (t->w[i] && !isfinite(bt_sum_squares(t->w[i], bt_param_size(&t->params.row[i]))))
            tensor = t->params.row[i].name;
    return bt_fail(err, BOLTER_E_NUMERIC, "step %llu: the %s is not finite, and neither is %s",
                   (unsigned long long)t->step + 1, what, tensor);
}

/* The global norm; or E_NUMERIC that names the first tensor at fault. */
static bolter_status gradient_norm(const bolter_trainer *t, double *norm, bolter_error *err)
{
    double sum = 0;
    for (size_t i = 0; i < t->slots.n; i++) {
        double square = bt_sum_squares(t->slots.slot[i].g, t->slots.slot[i].n);
        if (!isfinite(square))
            return bt_fail(err, BOLTER_E_NUMERIC, "step %llu: the gradient of %s is not finite",
                           (unsigned long long)t->step + 1, t->slots.slot[i].name);
        sum += square;
    }
    *norm = sqrt(sum);
    return BOLTER_OK;
}

struct update {
    const bolter_trainer *t;
    bt_adamw adamw;
};

static void update_share(void *arg, size_t share)
{
    const struct update *u = arg;
    for (size_t i = share; i < u->t->slots.n; i += u->t->o.threads) {
        const bt_slot *s = &u->t->slots.slot[i];
        bt_adamw o = u->adamw;
        o.lr *= s->lr_scale;
        o.weight_decay = s->decay ? o.weight_decay : 0;
        if (s->row > 0)
            bt_adamw_update_rows(s->p, s->g, s->m, s->v, s->n / s->row, s->row, &o);
        else
            bt_adamw_update(s->p, s->g, s->m, s->v, s->n, &o);
    }
}

bolter_status bt_trainer_update(bolter_trainer *t, const bt_result *result, bolter_step *out,
                                bolter_error *err)
{
    double norm = 0;
    bolter_status rc = isfinite(result->loss + result->guess_loss) ? gradient_norm(t, &norm, err)
                                              : bt_not_finite(t, "loss", err);
    if (rc != BOLTER_OK)
        return rc;
    t->step++;
    const bolter_train_options *o = &t->o;
    const bt_schedule schedule = {t->decay, o->warmup_steps, o->total_steps, o->decay_steps,
                                  (double)o->lr_floor};
    double lr = (double)o->lr * bt_schedule_at(&schedule, t->step), clip = (double)o->clip_norm;
    struct update u = {t,
                       {(float)lr, o->beta1, o->beta2, o->eps, o->weight_decay, t->step,
                        clip > 0 && norm > clip ? (float)(clip / norm) : 1.0f}};
    bt_parallel(o->threads, update_share, &u);
    *out = (bolter_step){.step = t->step,
                         .loss = result->loss,
                         .n_right = result->n_right,
                         .lr = lr,
                         .lm_loss = result->guess_loss,
                         .grad_norm = norm};
    return BOLTER_OK;
}

bolter_status bolter_trainer_step(bolter_trainer *t, const bolter_seq *seqs, const int32_t *labels,
                                  size_t n_seqs, bolter_step *out, bolter_error *err)
{
    bt_result result;
    if (!labels)
        return bt_fail(err, BOLTER_E_ARG, "trainer: no labels");
    bolter_status rc = bt_trainer_run(t, seqs, labels, n_seqs, NULL, &result, err);
    if (rc == BOLTER_OK)
        rc = bt_trainer_update(t, &result, out, err);
    for (size_t i = 0; rc == BOLTER_OK && i < n_seqs; i++)
        out->n_tokens += seqs[i].n;
    return rc;
}

bolter_status bolter_trainer_logits(bolter_trainer *t, const bolter_seq *seqs, size_t n_seqs,
                                    float *logits, bolter_error *err)
{
    bt_result result;
    bolter_status rc = bt_trainer_run(t, seqs, NULL, n_seqs, logits, &result, err);
    if (rc == BOLTER_OK && !isfinite(bt_sum_squares(logits, n_seqs * t->cfg.n_label)))
        rc = bt_not_finite(t, "score", err);
    return rc;
}
