/* lm_result.c - what a finished run of a language model leaves: a model directory with its record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/lm.h"

char *lm_samples_text(const json_t *samples)
{
    char *text = NULL;
    size_t size = 0, i;
    json_t *one;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    json_array_foreach(samples, i, one) {
        json_dumpf(one, out, JSON_COMPACT);
        fputc('\n', out);
    }
    return fclose(out) == 0 ? text : NULL;
}

/* Every option as it took effect, the data, and where the weights come from. */
static char *settings(const struct lm *l)
{
    json_t *j = settings_json(l->option, l->n_option);
    json_object_set_new(j, "program", json_sprintf("bolter-train %s", bolter_version()));
    json_object_set_new(j, "parent", l->random_init ? json_null()
                                                    : json_string(bolter_model_info_of(l->m)->id));
    json_object_set_new(j, "steps", json_integer((json_int_t)l->at.step));
    json_object_set(j, "data", l->data);
    char *text = settings_text(j);
    json_decref(j);
    return text;
}

static bool save(struct lm *l, const bolter_save_file *files, size_t n)
{
    bolter_error err = {0};
    const bolter_save_options o = {.dtype = l->dtype, .files = files, .n_files = n};
    if (bolter_trainer_save(l->t, l->out, &o, &err) == BOLTER_OK)
        return true;
    complain("%s", err.text);
    return false;
}

bool lm_result(struct lm *l)
{
    bolter_save_file files[8] = {
        {"settings.json", settings(l)},
        {"train.jsonl", runlog_jsonl(&l->log)},
        {"train.csv", runlog_csv(&l->log)},
        {"loss.svg", runlog_loss_svg(&l->log)},
        {"accuracy.svg", runlog_accuracy_svg(&l->log)},
        {"samples.jsonl", lm_samples_text(l->samples)},
    };
    enum { N = 6 }; /* of its own; the command's come after them */
    memcpy(files + N, l->more, l->n_more * sizeof *files);
    bool complete = true, best = strcmp(l->select, "best") == 0;
    for (size_t i = 0; i < N; i++)
        complete = complete && files[i].text;
    if (best)
        bolter_trainer_restore(l->t);
    if (!complete)
        complain("no memory for the model's files");
    bool ok = complete && save(l, files, N + l->n_more);
    for (size_t i = 0; i < N; i++)
        free((void *)(uintptr_t)files[i].text);
    if (ok && l->log.n > 0)
        fprintf(stderr, "%s: the weights of step %llu; least validation loss %.4f, of step %llu\n",
                l->out, (unsigned long long)(best ? l->at.best.step : l->at.step),
                l->at.best.validation.loss, (unsigned long long)l->at.best.step);
    return ok;
}
