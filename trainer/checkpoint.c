/*
 * checkpoint.c - a run on disk: the file OUT.run, from which it goes on as if it had never stopped.
 * The trainer's state carries the rest - position, log, seeds done - as its note, so that one rename
 * replaces all of it.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "trainer/finetune.h"
#include "trainer/progress.h"

static bool failed(const bolter_error *err)
{
    complain("%s", err->text);
    return false;
}

/* ---- Its place ---- */

static size_t length_without_slashes(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return n;
}

/* The directory that the model and the checkpoint are to stand in. */
static void parent_of(const char *path, char parent[4096])
{
    size_t n = length_without_slashes(path);
    while (n > 0 && path[n - 1] != '/')
        n--;
    snprintf(parent, 4096, "%.*s", n > 0 ? (int)n : 1, n > 0 ? path : ".");
}

bool checkpoint_find(struct finetune *f)
{
    char parent[4096];
    size_t n = length_without_slashes(f->out);
    parent_of(f->out, parent);
    if (access(parent, W_OK | X_OK) != 0) {
        complain("%s: %s", f->out, strerror(errno));
        return false;
    }
    f->checkpoint = malloc(n + sizeof ".run");
    if (!f->checkpoint) {
        complain("no memory");
        return false;
    }
    snprintf(f->checkpoint, n + sizeof ".run", "%.*s.run", (int)n, f->out);
    bool there = access(f->checkpoint, F_OK) == 0;
    if (there && !f->resume)
        complain("%s: an earlier run was not finished; --resume goes on with it, removing the file "
                 "begins anew", f->checkpoint);
    if (!there && f->resume)
        complain("%s: %s; there is no run to go on with", f->checkpoint, strerror(errno));
    return there == f->resume;
}

/* ---- Room ---- */

static double bytes_of_file(const char *dir, const char *name)
{
    char path[4096];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

static double bytes_of_model(const struct finetune *f)
{
    double a_value = strcmp(f->dtype, "float32") == 0 ? 4 : strcmp(f->dtype, "int8") == 0 ? 1.1 : 2;
    const bolter_model_info *m = bolter_model_info_of(f->m);
    /* tokenizer.bolter has two tables of up to four slots of 16 bytes a token. */
    return a_value * (double)m->n_param + 160.0 * m->n_vocab + 2 * 65536 +
           bytes_of_file(f->model, "vocab.json") + bytes_of_file(f->model, "merges.txt");
}

/* A line of the log is up to 300 bytes of a checkpoint. */
static double bytes_of_log(const struct finetune *f)
{
    double every = f->eval_every > 0 ? (double)f->eval_every : (double)f->n_train;
    return 300 * ((double)f->steps / every + 2 * f->epochs);
}

bool checkpoint_has_room(const struct finetune *f)
{
    char parent[4096];
    struct statvfs fs;
    parent_of(f->out, parent);
    if (statvfs(parent, &fs) != 0) {
        complain("%s: %s", parent, strerror(errno));
        return false;
    }
    /* A new checkpoint is written beside the old one; one may be there already. */
    int checkpoints = f->checkpoint_minutes > 0 && !f->resume ? 2 : 1;
    double state = 16.0 * (double)bolter_trainer_n_trainable(f->t) + bytes_of_log(f) + 65536;
    double needed = bytes_of_model(f) + checkpoints * state;
    double available = (double)fs.f_bavail * (double)fs.f_frsize;
    if (available < needed)
        complain("%s: the model and %d checkpoint%s need %.1f MB, %.1f MB are free", parent,
                 checkpoints, checkpoints > 1 ? "s" : "", needed / 1e6, available / 1e6);
    return available >= needed;
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

static json_t *measures_json(const struct measures *m)
{
    const double x[] = {m->loss, m->accuracy, m->auc};
    json_t *j = json_array();
    for (size_t i = 0; i < 3; i++)
        json_array_append_new(j, isfinite(x[i]) ? json_real(x[i]) : json_null());
    return j;
}

static struct measures measures_of(const json_t *j)
{
    double x[3];
    for (size_t i = 0; i < 3; i++) {
        const json_t *number = json_array_get(j, i);
        x[i] = json_is_number(number) ? json_number_value(number) : NAN;
    }
    return (struct measures){x[0], x[1], x[2]};
}

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

/* Whole numbers of a position, under their names. */
struct number {
    const char *name;
    uint64_t *to;
};
enum { N_WHOLE = 9, N_REAL = 5 };

static void whole_of(struct position *p, struct number out[N_WHOLE])
{
    const struct number all[N_WHOLE] = {{"step", &p->step},
                                        {"examples", &p->examples},
                                        {"measured", &p->measured},
                                        {"worse", &p->worse},
                                        {"best_step", &p->best.step},
                                        {"recent_steps", &p->recent.n_steps},
                                        {"recent_right", &p->recent.n_right},
                                        {"recent_seqs", &p->recent.n_seqs},
                                        {"recent_tokens", &p->recent.n_tokens}};
    memcpy(out, all, sizeof all);
}

static void real_of(struct position *p, const char *names[N_REAL], double *to[N_REAL])
{
    const char *const all_names[N_REAL] = {"recent_loss", "recent_seconds", "lr", "grad_norm", "seconds"};
    double *const all[N_REAL] = {&p->recent.loss, &p->recent.seconds, &p->recent.lr,
                                 &p->recent.grad_norm, &p->seconds};
    memcpy(names, all_names, sizeof all_names);
    memcpy(to, all, sizeof all);
}

static json_t *position_json(const struct finetune *f)
{
    struct position p = f->at;
    struct number whole[N_WHOLE];
    const char *names[N_REAL];
    double *real[N_REAL];
    json_t *j = json_object();
    p.seconds = finetune_seconds(f);
    whole_of(&p, whole);
    real_of(&p, names, real);
    for (size_t i = 0; i < N_WHOLE; i++)
        json_object_set_new(j, whole[i].name, json_integer((json_int_t)*whole[i].to));
    for (size_t i = 0; i < N_REAL; i++)
        json_object_set_new(j, names[i], json_real(*real[i]));
    json_object_set_new(j, "best", measures_json(&p.best.validation));
    return j;
}

static bool take_position(struct position *p, const json_t *j)
{
    struct number whole[N_WHOLE];
    const char *names[N_REAL];
    double *real[N_REAL];
    *p = (struct position){0};
    whole_of(p, whole);
    real_of(p, names, real);
    for (size_t i = 0; i < N_WHOLE; i++) {
        const json_t *number = json_object_get(j, whole[i].name);
        if (!json_is_integer(number) || json_integer_value(number) < 0)
            return false;
        *whole[i].to = (uint64_t)json_integer_value(number);
    }
    for (size_t i = 0; i < N_REAL; i++) {
        if (!json_is_number(json_object_get(j, names[i])))
            return false;
        *real[i] = json_number_value(json_object_get(j, names[i]));
    }
    p->best.validation = measures_of(json_object_get(j, "best"));
    return true;
}

/* ---- Saving and loading ---- */

bool checkpoint_save(struct finetune *f)
{
    bolter_error err = {0};
    json_t *j = json_pack("{s:i, s:I, s:o, s:o, s:o}", "v", 1, "threads", (json_int_t)f->threads,
                          "outcomes", outcomes_json(f), "position", position_json(f), "log",
                          runlog_json(&f->log));
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
              take_position(&f->at, json_object_get(j, "position")) &&
              runlog_take(&f->log, json_object_get(j, "log"));
    json_int_t threads = json_integer_value(json_object_get(j, "threads"));
    json_decref(j);
    if (!ok)
        complain("%s: its note does not say where the run was", f->checkpoint);
    else if (threads != (json_int_t)f->threads)
        complain("begun with %lld threads, going on with %zu: the last bits of the weights will "
                 "differ from those of a run without a stop", (long long)threads, f->threads);
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
    if (unlink(f->checkpoint) != 0 && errno != ENOENT)
        complain("%s: %s", f->checkpoint, strerror(errno));
}
