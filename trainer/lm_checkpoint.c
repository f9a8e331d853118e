/*
 * lm_checkpoint.c - a language model's run on disk: the trainer's state, with position, log and samples
 * as its note, so that one rename replaces all of it.
 */
#include <stdlib.h>
#include <string.h>

#include "trainer/lm.h"
#include "trainer/place.h"
#include "trainer/progress.h"

static bool failed(const bolter_error *err)
{
    complain("%s", err->text);
    return false;
}

bool lm_checkpoint_find(struct lm *l)
{
    l->checkpoint = place_checkpoint(l->out, l->resume, &l->lock);
    return l->checkpoint != NULL;
}

bool lm_checkpoint_has_room(const struct lm *l)
{
    double a_value = strcmp(l->dtype, "float32") == 0 ? 4 : strcmp(l->dtype, "int8") == 0 ? 1.1 : 2;
    const bolter_model_info *m = bolter_model_info_of(l->m);
    /* The tokenizer's files, a line of the log and a sample are small against these. */
    double model = a_value * (double)m->n_param + 400.0 * m->n_vocab + (1 << 20);
    double state = 16.0 * (double)bolter_trainer_n_trainable(l->t) + (1 << 20);
    return place_has_room(l->out, model, l->checkpoint_minutes > 0 && !l->resume ? 2 : 1, state);
}

/* Options that may change when a run goes on: where things are, and what is done beside training. */
static const char *const free_options[] = {"model", "out", "log", "dtype", "resume", "finish",
                                           "checkpoint-every", "threads", "sample", "sample-tokens"};

bool lm_checkpoint_identify(struct lm *l)
{
    json_t *j = settings_json(l->option, l->n_option);
    for (size_t i = 0; i < sizeof free_options / sizeof *free_options; i++)
        json_object_del(j, free_options[i]);
    json_object_set_new(j, "base model", json_string(bolter_model_info_of(l->m)->id));
    json_object_set(j, "data", l->data);
    l->identity = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(j);
    if (!l->identity)
        complain("no memory");
    return l->identity != NULL;
}

bool lm_checkpoint_save(struct lm *l)
{
    bolter_error err = {0};
    json_t *j = json_pack("{s:i, s:I, s:o, s:o, s:O}", "v", 1, "threads", (json_int_t)l->threads,
                          "position", position_json(&l->at, lm_seconds(l)), "log",
                          runlog_json(&l->log), "samples", l->samples);
    char *note = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    if (!note) {
        complain("no memory for the checkpoint");
        return false;
    }
    bolter_status rc = bolter_trainer_state_save(l->t, l->checkpoint, l->identity, note, &err);
    free(note);
    l->saved = seconds_now();
    return rc == BOLTER_OK || failed(&err);
}

static bool take_note(struct lm *l, const char *note)
{
    json_t *j = json_loads(note, 0, NULL), *samples = json_object_get(j, "samples");
    bool ok = json_integer_value(json_object_get(j, "v")) == 1 &&
              position_take(&l->at, json_object_get(j, "position")) &&
              runlog_take(&l->log, json_object_get(j, "log")) && json_is_array(samples);
    if (ok)
        json_array_extend(l->samples, samples);
    if (ok)
        position_warn(j, l->threads);
    else
        complain("%s: its note does not say where the run was", l->checkpoint);
    json_decref(j);
    return ok;
}

bool lm_checkpoint_load(struct lm *l)
{
    bolter_error err = {0};
    const char *note;
    if (bolter_trainer_state_load(l->t, l->checkpoint, l->identity, &note, &err) != BOLTER_OK)
        return failed(&err);
    return take_note(l, note);
}

void lm_checkpoint_remove(const struct lm *l)
{
    place_clear(l->checkpoint);
}
