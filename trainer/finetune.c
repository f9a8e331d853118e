/*
 * finetune.c - the training loop: shuffled batches, evaluations, the best weights kept, checkpoints
 * now and then and when it is interrupted.
 */
#include "trainer/finetune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/commands.h"
#include "trainer/interrupt.h"
#include "trainer/progress.h"
#include "trainer/wide.h"

static bool failed(const bolter_error *err)
{
    complain("%s", err->text);
    return false;
}

double finetune_seconds(const struct finetune *f)
{
    return f->at.seconds + (seconds_now() - f->resumed);
}

/* ---- Opening ---- */

static bool open_trainer(struct finetune *f)
{
    const char *labels[256];
    size_t n_label = bolter_dataset_n_label(f->d);
    for (size_t i = 0; i < n_label && i < 256; i++)
        labels[i] = bolter_dataset_label(f->d, i);
    bolter_train_options *o = &f->train;
    o->lr = (float)f->lr;
    o->weight_decay = (float)f->weight_decay;
    o->clip_norm = (float)f->clip_norm;
    o->layer_decay = (float)f->layer_decay;
    o->lora_rank = (int32_t)f->lora_rank;
    o->lora_alpha = (float)f->lora_alpha;
    o->decay_all = f->decay_all;
    o->random_init = f->random_init;
    o->total_steps = f->steps;
    o->warmup_steps = (uint64_t)(f->warmup * (double)f->steps);
    o->threads = f->threads;
    o->seed = f->seed_of[f->at_seed];
    return recipe_open_trainer(f, labels, n_label);
}

static bool open_all(struct finetune *f)
{
    if (!checkpoint_find(f) || !data_read(f) || !data_check(f))
        return false;
    bolter_error err = {0};
    if (bolter_cache_open(&f->cache, &err) != BOLTER_OK)
        return failed(&err);
    if (f->threads == 0)
        f->threads = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    f->steps = (size_t)ceil(f->epochs * (double)recipe_steps(f));
    size_t most = f->n_valid > f->n_test ? f->n_valid : f->n_test;
    most = f->n_train > most && f->eval_batches > 0 ? f->n_train : most;
    f->logits = calloc(most * bolter_dataset_n_label(f->d), sizeof *f->logits);
    f->corpora = sources_json(&f->sources);
    if (!f->logits)
        complain("no memory");
    return f->logits && f->corpora && checkpoint_identify(f);
}

/* ---- The run of one seed ---- */

static void end_run(struct finetune *f)
{
    bolter_trainer_free(f->t);
    f->t = NULL;
    batches_free(&f->batches);
    disguise_free(&f->disguise);
    runlog_free(&f->log);
}

/* From its first step. */
static bool begin_run(struct finetune *f)
{
    f->at = (struct position){0};
    f->resumed = seconds_now();
    return open_trainer(f);
}

/*
 * From the checkpoint. Which seed it is of is known once it is read, but weights that do not train may
 * be that seed's random ones: then the trainer is opened again.
 */
static bool resume_run(struct finetune *f)
{
    if (!begin_run(f) || !checkpoint_load(f))
        return false;
    if (f->at_seed > 0) {
        bolter_trainer_free(f->t);
        if (!open_trainer(f) || !checkpoint_load(f))
            return false;
    }
    f->resumed = seconds_now();
    fprintf(stderr, "going on after step %llu of %zu\n", (unsigned long long)f->at.step, f->steps);
    return true;
}

static bool open_run(struct finetune *f, bool resume)
{
    if (!(resume ? resume_run(f) : begin_run(f)))
        return false;
    f->saved = seconds_now();
    uint64_t seed = f->seed_of[f->at_seed];
    struct showing showing = {.longest = (size_t)bolter_model_info_of(f->m)->max_tokens};
    if (f->recipe.windows > 0) {
        f->windows = (struct windows){f->recipe.windows, seed + 1, f->d, showing.longest};
        showing.windows = &f->windows;
    }
    if (f->recipe.disguise > 0) {
        showing.disguise = &f->disguise;
        if (!disguise_open(&f->disguise, f->recipe.disguise, f->m, f->d, f->spam_label, seed))
            return false;
    }
    if (!batches_open(&f->batches, f->d, &showing, f->batch, recipe_steps(f), seed)) {
        complain("no memory");
        return false;
    }
    if (!checkpoint_has_room(f) || !runlog_start(&f->log, f->log_path))
        return false;
    fprintf(stderr, "%llu parameters train, %zu steps of %zu texts, seed %llu\n",
            (unsigned long long)bolter_trainer_n_trainable(f->t), f->steps, f->batch,
            (unsigned long long)seed);
    /* From here on the seeds before are safe, too. */
    return resume || f->at_seed == 0 || checkpoint_save(f);
}

/* ---- Evaluation ---- */

bool finetune_better(const struct finetune *f, const struct measures *a, const struct measures *b)
{
    double x = a->accuracy, y = b->accuracy;
    if (strcmp(f->select, "auc") == 0) {
        x = a->auc;
        y = b->auc;
    }
    if (strcmp(f->select, "loss") != 0 && x != y && isfinite(x) && isfinite(y))
        return x > y;
    return a->loss < b->loss;
}

static bool evaluation_due(const struct finetune *f)
{
    uint64_t step = f->at.step, epoch = f->batches.steps_an_epoch, within = step % epoch;
    if (step == 0 || f->at.measured == step)
        return false;
    if (within == 0 || step == f->steps)
        return true;
    return f->eval_every > 0 ? step % f->eval_every == 0 : within == (epoch + 1) / 2;
}

/* Training measures are means over the steps since the last line; or, as those of the validation part,
 * of the first batches in the corpus's order. */
static bool measure(struct finetune *f, struct runlog_line *line)
{
    bolter_error err = {0};
    struct measures train = {.loss = f->at.recent.loss / (double)f->at.recent.n_steps,
                             .accuracy = (double)f->at.recent.n_right / (double)f->at.recent.n_seqs};
    size_t most = f->eval_batches > 0 ? f->eval_batches * f->batch : SIZE_MAX;
    size_t n_train = f->n_train < most ? f->n_train : most;
    size_t n_valid = f->n_valid < most ? f->n_valid : most;
    bolter_status rc = BOLTER_OK;
    if (f->eval_batches > 0)
        rc = measure_part(f->t, f->d, BOLTER_TRAIN, n_train, f->spam_label, f->logits, &train, &err);
    if (rc == BOLTER_OK)
        rc = measure_part(f->t, f->d, BOLTER_VALID, n_valid, f->spam_label, f->logits,
                          &line->validation, &err);
    line->train_loss = train.loss;
    line->train_accuracy = train.accuracy;
    return rc == BOLTER_OK || (rc != BOLTER_E_CANCELLED && failed(&err));
}

static void print_line(const struct runlog_line *l)
{
    fprintf(stderr, "step %llu epoch %.2f: train loss %.4f accuracy %.2f %%, validation loss %.4f "
            "accuracy %.2f %%%s, %.0f s\n", (unsigned long long)l->step, l->epoch, l->train_loss,
            100 * l->train_accuracy, l->validation.loss, 100 * l->validation.accuracy,
            l->best ? " (best)" : "", l->seconds);
}

static bool evaluate(struct finetune *f)
{
    struct position *at = &f->at;
    struct runlog_line line = {.step = at->step,
                               .epoch = (double)at->step / (double)f->batches.steps_an_epoch,
                               .examples = at->examples,
                               .lr = at->recent.lr,
                               .grad_norm = at->recent.grad_norm};
    if (!measure(f, &line))
        return false;
    line.best = at->best.step == 0 || finetune_better(f, &line.validation, &at->best.validation);
    line.seconds = finetune_seconds(f);
    line.tokens_per_second = (double)at->recent.n_tokens / fmax(at->recent.seconds, 1e-9);
    at->worse = line.best ? 0 : at->worse + 1;
    if (line.best) {
        at->best = (struct best){at->step, line.validation};
        bolter_trainer_keep(f->t);
    }
    at->measured = at->step;
    memset(&at->recent, 0, sizeof at->recent);
    print_line(&line);
    return runlog_add(&f->log, &line);
}

/* ---- The loop ---- */

static bool take_step(struct finetune *f, struct progress *p)
{
    bolter_step step;
    bolter_error err = {0};
    size_t n = batches_get(&f->batches, f->at.step);
    double began = seconds_now();
    if (bolter_trainer_step(f->t, f->batches.seqs, f->batches.labels, n, &step, &err) != BOLTER_OK) {
        progress_end(p);
        return failed(&err);
    }
    char note[POSITION_NOTE];
    position_add(&f->at, &step, n, seconds_now() - began, note);
    progress_show(p, f->at.step, f->steps, note);
    return true;
}

static bool finished(const struct finetune *f)
{
    bool patient = f->patience == 0 || f->at.worse < f->patience;
    return f->at.step >= f->steps || (!patient && f->at.measured == f->at.step);
}

/* A checkpoint that cannot be written does not end the run: the one before is still there. */
static void checkpoint_now_and_then(struct finetune *f, struct progress *p)
{
    if (f->checkpoint_minutes > 0 && seconds_now() - f->saved >= 60 * f->checkpoint_minutes) {
        progress_end(p);
        checkpoint_save(f);
    }
}

/* An evaluation that was interrupted is due again when the run goes on. */
static enum ending train(struct finetune *f)
{
    struct progress p;
    progress_start(&p, "step");
    p.first = f->at.step;
    enum ending ending = INTERRUPTED;
    while (!interrupted()) {
        if (evaluation_due(f)) {
            progress_end(&p);
            if (!evaluate(f)) {
                ending = interrupted() ? INTERRUPTED : FAILED;
                break;
            }
        }
        if (finished(f)) {
            ending = ENDED;
            break;
        }
        if (!take_step(f, &p)) {
            ending = FAILED;
            break;
        }
        checkpoint_now_and_then(f, &p);
    }
    progress_end(&p);
    return ending;
}

/* What a run that did not end leaves. */
static int leave(struct finetune *f, enum ending ending)
{
    if (ending == FAILED && f->at.best.step == 0)
        return EXIT_FAILED;
    if (!checkpoint_save(f))
        return EXIT_FAILED;
    if (ending == INTERRUPTED) {
        complain("interrupted after step %llu of %zu; %s holds the run, and --resume goes on with it",
                 (unsigned long long)f->at.step, f->steps, f->checkpoint);
        return EXIT_INTERRUPTED;
    }
    complain("%s holds the best weights so far, of step %llu; --resume --finish makes them a model",
             f->checkpoint, (unsigned long long)f->at.best.step);
    return EXIT_FAILED;
}

static int run(struct finetune *f)
{
    if (f->finish && f->at.best.step == 0) {
        complain("%s: the run has not been evaluated yet: there is no model", f->checkpoint);
        return EXIT_FAILED;
    }
    enum ending ending = f->finish ? ENDED : train(f);
    if (ending != ENDED)
        return leave(f, ending);
    ending = result_save(f);
    return ending == ENDED ? EXIT_DONE : leave(f, ending);
}

/* ---- All seeds ---- */

static int run_seeds(struct finetune *f)
{
    interrupt_catch();
    for (bool resume = f->resume; f->at_seed < f->n_seed; resume = false) {
        int rc = open_run(f, resume) ? run(f) : EXIT_FAILED;
        end_run(f);
        if (rc != EXIT_DONE)
            return rc;
        f->at_seed++;
        if (f->finish)
            break;
    }
    if (f->n_seed > 1 && !seeds_summary(f))
        return EXIT_FAILED;
    checkpoint_remove(f);
    return EXIT_DONE;
}

int finetune(struct finetune *f)
{
    int rc = open_all(f) ? run_seeds(f) : EXIT_FAILED;
    if (rc == EXIT_DONE && f->wide && !wide_add(f->out, f->out, f->d, &f->threshold, f->threads))
        rc = EXIT_FAILED;
    bolter_cache_free(f->cache);
    bolter_dataset_free(f->d);
    bolter_model_unref(f->m);
    json_decref(f->corpora);
    free(f->logits);
    lock_release(&f->lock);
    free(f->checkpoint);
    free(f->identity);
    return rc;
}
