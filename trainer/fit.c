/* fit.c - the shortest training loop that does what finetune does, without files. */
#include "trainer/fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "trainer/order.h"
#include "trainer/progress.h"
#include "trainer/score.h"

#define CHUNK 512 /* rows that are scored at once, enough for full chunks on several threads */

struct fit {
    const struct fit_options *o;
    const struct fit_rows *train, *validation;
    bolter_trainer *t;
    size_t n_label, n_steps, steps_an_epoch, eval_every;
    size_t *order;
    bolter_seq *seqs; /* one batch */
    int32_t *labels;
    float *logits; /* of the validation rows */
    double best;   /* the lowest loss, or the highest accuracy negated */
    struct fit_result *out;
};

void fit_options_default(struct fit_options *o)
{
    *o = (struct fit_options){.epochs = 3, .warmup = 0.06, .batch = 16};
    bolter_train_options_default(&o->train);
}

bool fit_rows_of(struct fit_rows *out, const bolter_dataset *d, bolter_part part)
{
    size_t n = bolter_dataset_count(d, part);
    *out = (struct fit_rows){calloc(n + 1, sizeof *out->row), n};
    for (size_t i = 0; out->row && i < n; i++)
        out->row[i] = bolter_dataset_row(d, part, i);
    return out->row != NULL;
}

void fit_result_clear(struct fit_result *r)
{
    free(r->train);
    free(r->validation);
    free(r->test);
    *r = (struct fit_result){0};
}

static bolter_status fail(bolter_error *err, bolter_status code, const char *text)
{
    if (err && !err->code) {
        err->code = code;
        snprintf(err->text, sizeof err->text, "%s", text);
    }
    return code;
}

/* ---- Scores ---- */

/* What is frozen runs once over the rows; then, unless logits is NULL, they are scored. */
static bolter_status score(const struct fit *f, const struct fit_rows *rows, float *logits,
                           bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (size_t at = 0; rc == BOLTER_OK && at < rows->n; at += CHUNK) {
        bolter_seq seqs[CHUNK];
        size_t n = rows->n - at < CHUNK ? rows->n - at : CHUNK;
        for (size_t i = 0; i < n; i++)
            seqs[i] = rows->row[at + i]->seq;
        rc = bolter_trainer_prepare(f->t, seqs, n, err);
        if (rc == BOLTER_OK && logits)
            rc = bolter_trainer_logits(f->t, seqs, n, logits + at * f->n_label, err);
    }
    return rc;
}

/* The measure that decides, lower is better. */
static double cost(const struct fit *f)
{
    size_t wrong = 0, n = f->validation->n;
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        const float *l = f->logits + i * f->n_label;
        size_t label = (size_t)f->validation->row[i]->label, best = 0;
        for (size_t k = 1; k < f->n_label; k++)
            best = l[k] > l[best] ? k : best;
        wrong += best != label;
        loss -= log(fmax(softmax_at(l, f->n_label, label, 1), 1e-30));
    }
    return (f->o->keep == FIT_BEST_ACCURACY ? (double)wrong : loss) / (double)n;
}

static bolter_status evaluate(struct fit *f, size_t step, bolter_error *err)
{
    bolter_status rc = score(f, f->validation, f->logits, err);
    double now = rc == BOLTER_OK ? cost(f) : INFINITY;
    if (now < f->best) {
        f->best = now;
        f->out->best_step = step;
        bolter_trainer_keep(f->t);
    }
    return rc;
}

/* ---- Training ---- */

static bolter_status step(struct fit *f, size_t at, bolter_step *done, bolter_error *err)
{
    size_t first = at % f->steps_an_epoch * f->o->batch, n = 0;
    if (first == 0)
        order_shuffle(f->order, f->train->n, f->o->train.seed, at / f->steps_an_epoch);
    for (; n < f->o->batch && first + n < f->train->n; n++) {
        const bolter_row *row = f->train->row[f->order[first + n]];
        f->seqs[n] = row->seq;
        f->labels[n] = row->label;
    }
    return bolter_trainer_step(f->t, f->seqs, f->labels, n, done, err);
}

static bolter_status train(struct fit *f, bolter_error *err)
{
    bool decides = f->o->keep != FIT_LAST;
    bolter_status rc = score(f, f->train, NULL, err);
    struct progress p;
    progress_start(&p, "step");
    for (size_t i = 0; rc == BOLTER_OK && i < f->n_steps; i++) {
        bolter_step done = {0};
        rc = step(f, i, &done, err);
        f->out->n_tokens += done.n_tokens;
        size_t left = f->n_steps - i;
        if (left <= f->steps_an_epoch)
            f->out->train_loss +=
                done.loss /
                (double)(f->n_steps < f->steps_an_epoch ? f->n_steps : f->steps_an_epoch);
        bool due = (i + 1) % f->eval_every == 0 || left == 1;
        if (rc == BOLTER_OK && decides && due)
            rc = evaluate(f, i + 1, err);
        progress_show(&p, i + 1, f->n_steps, "");
    }
    progress_end(&p);
    if (rc == BOLTER_OK && f->out->best_step > 0)
        bolter_trainer_restore(f->t);
    if (!decides)
        f->out->best_step = f->n_steps;
    return rc;
}

static bolter_status open_trainer(struct fit *f, bolter_model *m, const bolter_dataset *d,
                                  bolter_error *err)
{
    const char *labels[256];
    for (size_t i = 0; i < f->n_label && i < 256; i++)
        labels[i] = bolter_dataset_label(d, i);
    bolter_train_options o = f->o->train;
    o.total_steps = f->n_steps;
    o.warmup_steps = (uint64_t)(f->o->warmup * (double)f->n_steps);
    return bolter_trainer_open(&f->t, m, labels, f->n_label, &o, err);
}

static float *room_for(const struct fit *f, size_t n)
{
    return calloc(n * f->n_label + 1, sizeof(float));
}

static bool allocate(struct fit *f, const struct fit_rows *test)
{
    f->order = calloc(f->train->n, sizeof *f->order);
    f->seqs = calloc(f->o->batch, sizeof *f->seqs);
    f->labels = calloc(f->o->batch, sizeof *f->labels);
    f->logits = f->out->validation = room_for(f, f->validation->n);
    f->out->test = room_for(f, test->n);
    f->out->train = f->o->score_training ? room_for(f, f->train->n) : NULL;
    return f->order && f->seqs && f->labels && f->logits && f->out->test &&
           (f->out->train || !f->o->score_training);
}

bolter_status fit_model(bolter_model *m, const bolter_dataset *d, const struct fit_rows *train_rows,
                        const struct fit_rows *validation, const struct fit_rows *test,
                        const struct fit_options *o, struct fit_result *out, bolter_error *err)
{
    *out = (struct fit_result){0};
    if (train_rows->n == 0 || o->batch == 0 || (o->keep != FIT_LAST && validation->n == 0))
        return fail(err, BOLTER_E_ARG,
                    train_rows->n == 0 ? "nothing to train on" : "nothing to validate on");
    struct fit f = {.o = o,
                    .train = train_rows,
                    .validation = validation,
                    .best = INFINITY,
                    .n_label = bolter_dataset_n_label(d),
                    .out = out};
    bool whole = o->drop_last && f.train->n >= o->batch;
    f.steps_an_epoch = (f.train->n + (whole ? 0 : o->batch - 1)) / o->batch;
    f.n_steps = (size_t)ceil(o->epochs * (double)f.steps_an_epoch);
    f.n_steps = f.n_steps > o->min_steps ? f.n_steps : o->min_steps;
    f.eval_every = o->eval_every > 0 ? o->eval_every : f.steps_an_epoch;
    out->steps = f.n_steps;
    double started = seconds_now();
    bolter_status rc =
        allocate(&f, test) ? open_trainer(&f, m, d, err) : fail(err, BOLTER_E_NOMEM, "no memory");
    if (rc == BOLTER_OK) {
        out->n_trainable = bolter_trainer_n_trainable(f.t);
        rc = train(&f, err);
    }
    out->seconds = seconds_now() - started;
    if (rc == BOLTER_OK)
        rc = score(&f, validation, out->validation, err);
    if (rc == BOLTER_OK)
        rc = score(&f, test, out->test, err);
    if (rc == BOLTER_OK && out->train)
        rc = score(&f, f.train, out->train, err);
    bolter_trainer_free(f.t);
    free(f.order);
    free(f.seqs);
    free(f.labels);
    if (rc != BOLTER_OK)
        fit_result_clear(out);
    return rc;
}
