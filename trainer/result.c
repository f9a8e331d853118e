/*
 * result.c - what a finished run leaves: the best weights measured and calibrated, and a model
 * directory with its card, its log, its plots and its settings.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/finetune.h"

static enum ending ending_of(bolter_status rc, const bolter_error *err)
{
    if (rc == BOLTER_OK)
        return ENDED;
    if (rc == BOLTER_E_CANCELLED)
        return INTERRUPTED;
    complain("%s", err->text);
    return FAILED;
}

/* ---- Measures ---- */

static bolter_status measure_validation(struct finetune *f, struct outcome *o, bolter_error *err)
{
    bolter_status rc = measure_part(f->t, f->d, BOLTER_VALID, f->n_valid, f->spam_label, f->logits,
                                    &o->validation, err);
    if (rc != BOLTER_OK)
        return rc;
    return calibrate(f->d, BOLTER_VALID, f->spam_label, f->logits, &f->threshold, &f->calibration,
                     err);
}

static bolter_status measure_test(struct finetune *f, struct outcome *o, bolter_error *err)
{
    if (!f->final_test)
        return BOLTER_OK;
    bolter_status rc = measure_part(f->t, f->d, BOLTER_TEST, f->n_test, f->spam_label, f->logits,
                                    &o->test, err);
    if (rc != BOLTER_OK || !f->calibration.knows_spam)
        return rc;
    return calibrated_report(f->d, BOLTER_TEST, f->spam_label, f->logits, &f->calibration,
                             &f->test_report, err);
}

/* ---- The files ---- */

static json_t *measures_object(const struct measures *m)
{
    json_t *j = json_pack("{s:f, s:f}", "loss", m->loss, "accuracy", m->accuracy);
    if (isfinite(m->auc))
        json_object_set_new(j, "auc", json_real(m->auc));
    return j;
}

/* For bolter.json: where the weights come from, and what was measured. */
static char *provenance(const struct finetune *f)
{
    const struct outcome *o = &f->outcome[f->at_seed];
    json_t *j = json_pack(
        "{s:s, s:s+, s:s, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:o}", "parent",
        bolter_model_info_of(f->m)->id, "program", "bolter-train ", bolter_version(), "trainable",
        f->train.trainable, "epochs", f->epochs, "lr", f->lr, "batch", (json_int_t)f->batch, "seed",
        (json_int_t)o->seed, "steps", (json_int_t)f->at.step, "best_step", (json_int_t)o->best_step,
        "train", (json_int_t)f->n_train, "validation", (json_int_t)f->n_valid, "train_sha256",
        f->sha256[BOLTER_TRAIN], "validation_sha256", f->sha256[BOLTER_VALID],
        "validation_measures", measures_object(&o->validation));
    if (f->final_test) {
        json_object_set_new(j, "test", json_integer((json_int_t)f->n_test));
        json_object_set_new(j, "test_sha256", json_string(f->sha256[BOLTER_TEST]));
        json_object_set_new(j, "test_measures", measures_object(&o->test));
    }
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
    json_decref(j);
    return text;
}

/* Every option as it took effect, and the corpora. */
static char *settings(const struct finetune *f)
{
    json_t *j = settings_json(f->option, f->n_option);
    json_object_set_new(j, "program", json_sprintf("bolter-train %s", bolter_version()));
    json_object_set_new(j, "seed", json_integer((json_int_t)f->outcome[f->at_seed].seed));
    json_object_set(j, "corpora", f->corpora);
    char *text = settings_text(j);
    json_decref(j);
    return text;
}

static bolter_status save_files(struct finetune *f, const bolter_save_file *files, size_t n,
                                const char *origin, bolter_error *err)
{
    bolter_save_options o = {.dtype = f->dtype,
                             .temperature = f->calibration.temperature,
                             .provenance = origin,
                             .files = files,
                             .n_files = n};
    if (f->calibration.knows_spam) {
        o.spam_threshold = f->calibration.threshold.value;
        o.unsure_threshold = fmin(0.5, o.spam_threshold);
    }
    bolter_status rc = bolter_trainer_save(f->t, f->out, &o, err);
    if (rc == BOLTER_OK && f->recipe.adapter)
        rc = bolter_trainer_save_adapter(f->t, f->recipe.adapter, &o, err);
    return rc;
}

static bolter_status save(struct finetune *f, bolter_error *err)
{
    char *origin = provenance(f);
    const bolter_save_file files[] = {
        {"MODEL.md", modelcard(f)},
        {"settings.json", settings(f)},
        {"train.jsonl", runlog_jsonl(&f->log)},
        {"train.csv", runlog_csv(&f->log)},
        {"loss.svg", runlog_loss_svg(&f->log)},
        {"accuracy.svg", runlog_accuracy_svg(&f->log)},
    };
    enum { N = sizeof files / sizeof *files };
    bool complete = origin != NULL;
    for (size_t i = 0; i < N; i++)
        complete = complete && files[i].text;
    bolter_status rc = BOLTER_E_NOMEM;
    if (complete)
        rc = save_files(f, files, N, origin, err);
    else
        snprintf(err->text, sizeof err->text, "no memory for the model's files");
    for (size_t i = 0; i < N; i++)
        free((void *)(uintptr_t)files[i].text);
    free(origin);
    return rc;
}

/* ---- The end ---- */

static bool best_so_far(const struct finetune *f)
{
    bool best = true;
    for (size_t i = 0; i < f->at_seed; i++)
        best = best && finetune_better(f, &f->outcome[f->at_seed].validation, &f->outcome[i].validation);
    return best;
}

static void print_outcome(const struct finetune *f, const struct outcome *o, bool kept)
{
    fprintf(stderr, "%s: ", kept ? f->out : "not the best seed, not kept");
    fprintf(stderr, "step %llu, validation accuracy %.2f %%", (unsigned long long)o->best_step,
            100 * o->validation.accuracy);
    if (f->final_test)
        fprintf(stderr, ", test accuracy %.2f %%", 100 * o->test.accuracy);
    if (f->calibration.knows_spam)
        fprintf(stderr, "; spam from %.4f on, reached by %zu of %zu validation ham",
                f->calibration.threshold.value, f->calibration.threshold.n_above,
                f->calibration.threshold.n_ham);
    fputc('\n', stderr);
}

enum ending result_save(struct finetune *f)
{
    bolter_error err = {0};
    struct outcome *o = &f->outcome[f->at_seed];
    *o = (struct outcome){.seed = f->seed_of[f->at_seed],
                          .best_step = f->at.best.step,
                          .test = {NAN, NAN, NAN}};
    bolter_trainer_restore(f->t);
    bolter_status rc = measure_validation(f, o, &err);
    if (rc == BOLTER_OK)
        rc = measure_test(f, o, &err);
    bool kept = rc == BOLTER_OK && best_so_far(f);
    if (kept)
        rc = save(f, &err);
    if (rc == BOLTER_OK)
        print_outcome(f, o, kept);
    return ending_of(rc, &err);
}
