/*
 * checkpoint.c - a run on disk: the file OUT.run, from which it goes on as if it had never stopped.
 * The trainer's state carries the rest - position, log, seeds done - as its note, so that one rename
 * replaces all of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/finetune.h"
#include "trainer/place.h"
#include "trainer/progress.h"

static bool failed(const bolter_error *err)
{
    complain("%s", err->text);
    return false;
}

/* ---- Its place, and room ---- */

static double bytes_of_model(const struct finetune *f)
{
    double a_value = strcmp(f->dtype, "float32") == 0 ? 4 : strcmp(f->dtype, "int8") == 0 ? 1.1 : 2;
    const bolter_model_info *m = bolter_model_info_of(f->m);
    /* tokenizer.bolter has two tables of up to four slots of 16 bytes a token. */
    return a_value * (double)m->n_param + 160.0 * m->n_vocab + 2 * 65536 +
           place_bytes(f->model, "vocab.json") + place_bytes(f->model, "merges.txt");
}

/* A line of the log is up to 300 bytes of a checkpoint. */
static double bytes_of_log(const struct finetune *f)
{
    double every = f->eval_every > 0 ? (double)f->eval_every : (double)f->n_train;
    return 300 * ((double)f->steps / every + 2 * f->epochs);
}

bool checkpoint_find(struct finetune *f)
{
    if (f->recipe.adapter && !place_takes_directory(f->recipe.adapter))
        return false;
    f->checkpoint = place_checkpoint(f->out, f->resume, &f->lock);
    return f->checkpoint != NULL;
}

bool checkpoint_has_room(const struct finetune *f)
{
    /* A new checkpoint is written beside the old one; one may be there already. */
    int checkpoints = f->checkpoint_minutes > 0 && !f->resume ? 2 : 1;
    double state = 16.0 * (double)bolter_trainer_n_trainable(f->t) + bytes_of_log(f) + 65536;
    return place_has_room(f->out, bytes_of_model(f), checkpoints, state);
}

/* ---- What has to be the same ---- */

/* Options that may change when a run goes on: where things are, and what is done after training. */
static const char *const free_options[] = {
    "model", "out", "log", "dtype", "resume", "finish", "checkpoint-every", "threads", "max-fpr",
    "confidence", "final-test", "cache-memory", "save-adapter"};

bool checkpoint_identify(struct finetune *f)
{
    json_t *j = settings_json(f->option, f->n_option), *labels = json_array();
    for (size_t i = 0; i < sizeof free_options / sizeof *free_options; i++)
        json_object_del(j, free_options[i]);
    for (size_t i = 0; i < bolter_dataset_n_label(f->d); i++)
        json_array_append_new(labels, json_string(bolter_dataset_label(f->d, i)));
    json_object_set_new(j, "labels", labels);
    json_object_set_new(j, "base model", json_string(bolter_model_info_of(f->m)->id));
    json_object_set_new(j, "training part", json_string(f->sha256[BOLTER_TRAIN]));
    json_object_set_new(j, "validation part", json_string(f->sha256[BOLTER_VALID]));
    f->identity = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(j);
    if (!f->identity)
        complain("no memory");
    return f->identity != NULL;
}

/* ---- The note ---- */

static json_t *outcomes_json(const struct finetune *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->at_seed; i++) {
        const struct outcome *o = &f->outcome[i];
        json_array_append_new(list, json_pack("{s:I, s:I, s:o, s:o}", "seed", (json_int_t)o->seed,
                                              "best_step", (json_int_t)o->best_step, "validation",
                                              measures_json(&o->validation), "test",
                                              measures_json(&o->test)));
    }
    return list;
}

static bool take_outcomes(struct finetune *f, const json_t *list)
{
    size_t i;
    json_t *j, *validation, *test;
    if (!json_is_array(list) || json_array_size(list) >= f->n_seed)
        return false;
    json_array_foreach(list, i, j) {
        json_int_t seed, best_step;
        if (json_unpack(j, "{s:I, s:I, s:o, s:o}", "seed", &seed, "best_step", &best_step,
                        "validation", &validation, "test", &test) != 0)
            return false;
        f->outcome[i] = (struct outcome){(uint64_t)seed, (uint64_t)best_step,
                                         measures_of(validation), measures_of(test)};
    }
    f->at_seed = json_array_size(list);
    return true;
}

/* ---- Saving and loading ---- */

bool checkpoint_save(struct finetune *f)
{
    bolter_error err = {0};
    json_t *j = json_pack("{s:i, s:I, s:o, s:o, s:o}", "v", 1, "threads", (json_int_t)f->threads,
                          "outcomes", outcomes_json(f), "position",
                          position_json(&f->at, finetune_seconds(f)), "log", runlog_json(&f->log));
    char *note = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    if (!note) {
        complain("no memory for the checkpoint");
        return false;
    }
    bolter_status rc = bolter_trainer_state_save(f->t, f->checkpoint, f->identity, note, &err);
    free(note);
    f->saved = seconds_now();
    return rc == BOLTER_OK || failed(&err);
}

static bool take_note(struct finetune *f, const char *note)
{
    json_t *j = json_loads(note, 0, NULL);
    bool ok = json_integer_value(json_object_get(j, "v")) == 1 &&
              take_outcomes(f, json_object_get(j, "outcomes")) &&
              position_take(&f->at, json_object_get(j, "position")) &&
              runlog_take(&f->log, json_object_get(j, "log"));
    if (ok)
        position_warn(j, f->threads);
    else
        complain("%s: its note does not say where the run was", f->checkpoint);
    json_decref(j);
    return ok;
}

bool checkpoint_load(struct finetune *f)
{
    bolter_error err = {0};
    const char *note;
    if (bolter_trainer_state_load(f->t, f->checkpoint, f->identity, &note, &err) != BOLTER_OK)
        return failed(&err);
    return take_note(f, note);
}

void checkpoint_remove(const struct finetune *f)
{
    place_clear(f->checkpoint);
}
