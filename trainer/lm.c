/*
 * lm.c - the training loop of a language model: shuffled passages, evaluations with a sample of its
 * text, checkpoints now and then and when it is interrupted.
 */
#include "trainer/lm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/commands.h"
#include "trainer/interrupt.h"
#include "trainer/progress.h"
#include "trainer/prompt.h"

static bool failed(const bolter_error *err)
{
    complain("%s", err->text);
    return false;
}

double lm_seconds(const struct lm *l)
{
    return l->at.seconds + (seconds_now() - l->resumed);
}

/* ---- Options ---- */

void lm_default(struct lm *l)
{
    bolter_train_options_default(&l->train);
    l->dtype = "float32";
    l->select = "last";
    l->lr = 6e-4;
    l->weight_decay = 0.1;
    l->beta2 = 0.95; /* as language models are trained since Brown et al. 2020 */
    l->clip_norm = 1;
    l->layer_decay = 1;
    l->lora_alpha = 16;
    l->lora_rank = 16;
    l->warmup = 0.02;
    l->decay_share = 0.2;
    l->epochs = 1;
    l->checkpoint_minutes = 10;
    l->seed = 123;
    l->batch = 8;
    l->accumulate = 1;
    l->sample_tokens = 50;
}

int lm_parse(struct lm *l, int argc, char **argv, const struct option_row *rows, size_t n,
             const char *usage)
{
    memcpy(l->option, rows, n * sizeof *rows);
    l->n_option = n;
    return options_parse(argc, argv, rows, n, usage);
}

bool lm_check(const struct lm *l)
{
    if (l->finish && !l->resume) {
        complain("--finish is for a run that --resume goes on with");
        return false;
    }
    return true;
}

/* ---- Opening ---- */

static bool open_trainer(struct lm *l)
{
    bolter_error err = {0};
    bolter_train_options *o = &l->train;
    o->lr = (float)l->lr;
    o->lr_floor = (float)l->lr_floor;
    o->weight_decay = (float)l->weight_decay;
    o->beta2 = (float)l->beta2;
    o->clip_norm = (float)l->clip_norm;
    o->layer_decay = (float)l->layer_decay;
    o->lora_rank = (int32_t)l->lora_rank;
    o->lora_alpha = (float)l->lora_alpha;
    o->decay_all = l->decay_all;
    o->random_init = l->random_init;
    o->total_steps = l->steps;
    o->warmup_steps = (uint64_t)(l->warmup * (double)l->steps);
    o->decay_steps = (uint64_t)ceil(l->decay_share * (double)l->steps);
    o->threads = l->threads;
    o->seed = l->seed;
    return bolter_trainer_open(&l->t, l->m, NULL, 0, o, &err) == BOLTER_OK || failed(&err);
}

/* An epoch's last, smaller batch is left out. */
static bool plan(struct lm *l)
{
    size_t a_step = l->batch * l->accumulate;
    if (l->training.n == 0 || l->validation.n == 0) {
        complain("nothing to %s", l->training.n == 0 ? "train on" : "validate on");
        return false;
    }
    if (a_step > l->training.n) {
        complain("%zu passages a step, there are %zu to train on", a_step, l->training.n);
        return false;
    }
    l->steps_an_epoch = l->training.n / a_step;
    l->steps = l->wanted_steps > 0 ? l->wanted_steps
                                   : (size_t)ceil(l->epochs * (double)l->steps_an_epoch);
    if (l->threads == 0)
        l->threads = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    l->at_hand = calloc(a_step, sizeof *l->at_hand);
    l->samples = json_array();
    if (order_open(&l->order, l->training.n, l->seed) && l->at_hand && l->samples)
        return true;
    complain("no memory");
    return false;
}

static bool open_run(struct lm *l)
{
    l->resumed = seconds_now();
    if (!lm_checkpoint_find(l) || !plan(l) || !lm_checkpoint_identify(l) || !open_trainer(l))
        return false;
    if (l->resume && !lm_checkpoint_load(l))
        return false;
    l->saved = l->resumed = seconds_now();
    if (!lm_checkpoint_has_room(l) || !runlog_start(&l->log, l->log_path))
        return false;
    if (l->resume)
        fprintf(stderr, "going on after step %llu of %zu\n", (unsigned long long)l->at.step, l->steps);
    fprintf(stderr, "%llu parameters train, %zu steps of %zu passages, seed %zu\n",
            (unsigned long long)bolter_trainer_n_trainable(l->t), l->steps,
            l->batch * l->accumulate, l->seed);
    return true;
}

/* ---- Evaluation ---- */

/* The mean over the first n passages. E_CANCELLED when interrupted. */
static bolter_status measure_passages(struct lm *l, const struct passages *p, size_t n,
                                      struct measures *out, bolter_error *err)
{
    double loss = 0, right = 0, tokens = 0;
    bolter_step some;
    for (size_t at = 0; at < n; at += l->batch) {
        size_t count = n - at < l->batch ? n - at : l->batch;
        bolter_status rc = interrupted() ? BOLTER_E_CANCELLED
                                         : bolter_trainer_loss_passages(l->t, p->p + at, count, &some,
                                                                        err);
        if (rc != BOLTER_OK)
            return rc;
        loss += some.loss * (double)some.n_tokens;
        right += (double)some.n_right;
        tokens += (double)some.n_tokens;
    }
    *out = (struct measures){loss / tokens, right / tokens, (double)NAN};
    return BOLTER_OK;
}

/* Training measures are means over the steps since the last line, or of the first batches. */
static bool measure(struct lm *l, struct runlog_line *line)
{
    bolter_error err = {0};
    const size_t few = l->eval_batches * l->batch;
    size_t n_valid = few > 0 && few < l->validation.n ? few : l->validation.n;
    size_t n_train = few > 0 ? few : n_valid;
    n_train = n_train < l->training.n ? n_train : l->training.n;
    struct measures train = {.loss = l->at.recent.loss / (double)l->at.recent.n_steps,
                             .accuracy = (double)l->at.recent.n_right / (double)l->at.recent.n_tokens};
    bolter_status rc = BOLTER_OK;
    if (few > 0 || l->at.recent.n_steps == 0)
        rc = measure_passages(l, &l->training, n_train, &train, &err);
    if (rc == BOLTER_OK)
        rc = measure_passages(l, &l->validation, n_valid, &line->validation, &err);
    line->train_loss = train.loss;
    line->train_accuracy = train.accuracy;
    return rc == BOLTER_OK || (rc != BOLTER_E_CANCELLED && failed(&err));
}

static bool feed_sample(const struct lm *l, bolter_generator *g, bolter_error *err)
{
    return bolter_generator_feed_text(g, l->sample, strlen(l->sample), !*l->sample, err) == BOLTER_OK;
}

/* What the model writes after --sample. False after a complaint, and where it was interrupted. */
static bool draw_sample(struct lm *l, struct written *w)
{
    bolter_generator *g = NULL;
    bolter_error err = {0};
    if (!l->sample)
        return true;
    bool ok = bolter_generator_open_trainer(&g, l->t, NULL, &err) == BOLTER_OK &&
              feed_sample(l, g, &err);
    if (!ok)
        complain("%s", err.text);
    ok = ok && write_on(g, l->sample_tokens, NULL, NULL, w);
    bolter_generator_free(g);
    return ok && w->stop != STOP_INTERRUPT;
}

static void add_sample(struct lm *l, const struct written *w)
{
    if (!l->sample)
        return;
    fprintf(stderr, "  %s|%s\n", l->sample, w->text);
    json_t *j = json_pack("{s:i, s:I, s:s, s:s}", "v", 1, "step", (json_int_t)l->at.step, "prompt",
                          l->sample, "text", w->text);
    json_array_append_new(l->samples, j ? j : json_null());
}

static void print_line(const struct runlog_line *l)
{
    fprintf(stderr, "step %llu epoch %.2f: train loss %.4f, validation loss %.4f (perplexity %.1f), "
            "accuracy %.2f %%%s, %.0f tokens/s, %.0f s\n", (unsigned long long)l->step, l->epoch,
            l->train_loss, l->validation.loss, exp(l->validation.loss), 100 * l->validation.accuracy,
            l->best ? " (best)" : "", l->tokens_per_second, l->seconds);
}

/* Put down a measurement and what the model wrote. */
static bool record(struct lm *l, struct runlog_line *line, const struct written *sample)
{
    struct position *at = &l->at;
    bool first = l->log.n == 0;
    line->best = first || line->validation.loss < at->best.validation.loss;
    line->seconds = lm_seconds(l);
    line->tokens_per_second = (double)at->recent.n_tokens / fmax(at->recent.seconds, 1e-9);
    if (line->best) {
        at->best = (struct best){at->step, line->validation};
        if (strcmp(l->select, "best") == 0)
            bolter_trainer_keep(l->t);
    }
    at->measured = at->step;
    memset(&at->recent, 0, sizeof at->recent);
    print_line(line);
    add_sample(l, sample);
    return runlog_add(&l->log, line);
}

/* All of it, or nothing where it was interrupted. */
static bool evaluate(struct lm *l)
{
    const struct position *at = &l->at;
    struct runlog_line line = {.step = at->step,
                               .epoch = (double)at->step / (double)l->steps_an_epoch,
                               .examples = at->examples,
                               .lr = at->recent.lr,
                               .grad_norm = at->recent.grad_norm};
    struct written sample = {0};
    bool ok = measure(l, &line) && draw_sample(l, &sample) && record(l, &line, &sample);
    written_free(&sample);
    return ok;
}

/* Before the first step, now and then, and at the end. */
static bool evaluation_due(const struct lm *l)
{
    uint64_t step = l->at.step, every = l->eval_every;
    if (every == 0)
        every = (l->steps_an_epoch + 1) / 2;
    if (l->log.n > 0 && l->at.measured == step)
        return false;
    return step % every == 0 || step == l->steps;
}

/* ---- The loop ---- */

static void take_passages(struct lm *l)
{
    size_t a_step = l->batch * l->accumulate;
    order_turn(&l->order, l->at.step / l->steps_an_epoch);
    const size_t *index = l->order.index + l->at.step % l->steps_an_epoch * a_step;
    for (size_t i = 0; i < a_step; i++)
        l->at_hand[i] = l->training.p[index[i]];
}

static bool take_step(struct lm *l, struct progress *p)
{
    bolter_step step;
    bolter_error err = {0};
    size_t n = l->batch * l->accumulate;
    take_passages(l);
    double began = seconds_now();
    if (bolter_trainer_step_passages(l->t, l->at_hand, n, &step, &err) != BOLTER_OK) {
        progress_end(p);
        return failed(&err);
    }
    char note[POSITION_NOTE];
    position_add(&l->at, &step, n, seconds_now() - began, note);
    progress_show(p, l->at.step, l->steps, note);
    return true;
}

/* A checkpoint that cannot be written does not end the run: the one before is still there. */
static void checkpoint_now_and_then(struct lm *l, struct progress *p)
{
    if (l->checkpoint_minutes > 0 && seconds_now() - l->saved >= 60 * l->checkpoint_minutes) {
        progress_end(p);
        lm_checkpoint_save(l);
    }
}

/* EXIT_DONE at the end. An evaluation that was interrupted is due again when the run goes on. */
static int train(struct lm *l)
{
    struct progress p;
    int status = EXIT_INTERRUPTED;
    progress_start(&p, "step");
    p.first = l->at.step;
    while (!interrupted()) {
        bool ok = true;
        if (evaluation_due(l)) {
            progress_end(&p);
            ok = evaluate(l);
        } else if (l->at.step >= l->steps) {
            status = EXIT_DONE;
            break;
        } else {
            ok = take_step(l, &p);
            if (ok)
                checkpoint_now_and_then(l, &p);
        }
        if (!ok && !interrupted()) {
            status = EXIT_FAILED;
            break;
        }
    }
    progress_end(&p);
    return status;
}

/* A failed step changed nothing: what was learned before it is worth keeping. */
static int leave(struct lm *l, int status)
{
    if (l->at.step == 0 || !lm_checkpoint_save(l))
        return status;
    complain("%s after step %llu of %zu; %s holds the run: --resume goes on with it, --resume "
             "--finish makes it a model", status == EXIT_FAILED ? "failed" : "interrupted",
             (unsigned long long)l->at.step, l->steps, l->checkpoint);
    return status;
}

int lm_train(struct lm *l)
{
    int status = EXIT_FAILED;
    interrupt_catch();
    if (open_run(l)) {
        status = l->finish ? EXIT_DONE : train(l);
        if (status == EXIT_DONE && !lm_result(l))
            status = EXIT_FAILED;
        if (status == EXIT_DONE)
            lm_checkpoint_remove(l);
        else
            status = leave(l, status);
    }
    bolter_trainer_free(l->t);
    order_free(&l->order);
    runlog_free(&l->log);
    json_decref(l->samples);
    free(l->at_hand);
    lock_release(&l->lock);
    free(l->checkpoint);
    free(l->identity);
    return status;
}
