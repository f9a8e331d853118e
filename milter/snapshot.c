/* snapshot.c - open, share, swap and close {settings, model, service}. */
#include "milter/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "milter/log.h"

const char *snapshot_model_dir(const struct settings *s)
{
    return *s->model ? s->model : BOLTER_MODELDIR;
}

static void warn_of_assumed(const bolter_model *m)
{
    char text[512];
    if (bolter_model_assumed(m, text, sizeof text))
        log_write(SETTINGS_LOG_WARNING, "%s", text);
}

static bolter_status open_parts(struct snapshot *s, bolter_error *err)
{
    const struct settings *set = &s->settings;
    bolter_service_options o = {.workers = (size_t)set->workers,
                                .max_seqs = (size_t)set->max_batch,
                                .max_queued = (size_t)set->max_queued,
                                .degrade_at = set->degrade_at,
                                .degrade_tokens = (size_t)set->degrade_tokens};
    static const char *const words[] = {"auto", "float32", "bfloat16", "int8"}; /* settings.def */
    const bolter_open_options packed = {.precision = words[set->precision], .own_memory = true};
    bolter_status status = rules_open(&s->rules, set, err);
    if (status == BOLTER_OK)
        status = bolter_model_open_with(&s->model, snapshot_model_dir(set), &packed, err);
    if (status == BOLTER_OK)
        warn_of_assumed(s->model);
    if (status == BOLTER_OK)
        status = bolter_service_open(&s->service, s->model, &o, err);
    return status;
}

static void close_parts(struct snapshot *s)
{
    bolter_service_close(s->service);
    bolter_model_unref(s->model);
    rules_close(s->rules);
    free(s);
}

bolter_status snapshot_open(struct snapshot **out, const struct settings *s, bolter_error *err)
{
    *out = NULL;
    struct snapshot *snap = calloc(1, sizeof *snap);
    if (!snap) {
        if (err)
            snprintf(err->text, sizeof err->text, "no memory");
        return BOLTER_E_NOMEM;
    }
    snap->settings = *s;
    snap->refs = 1;
    bolter_status status = open_parts(snap, err);
    if (status == BOLTER_OK)
        *out = snap;
    else
        close_parts(snap);
    return status;
}

void holder_init(struct holder *h)
{
    pthread_mutex_init(&h->lock, NULL);
    h->current = NULL;
}

struct snapshot *snapshot_acquire(struct holder *h)
{
    pthread_mutex_lock(&h->lock);
    struct snapshot *s = h->current;
    if (s)
        s->refs++;
    pthread_mutex_unlock(&h->lock);
    return s;
}

void snapshot_release(struct holder *h, struct snapshot *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&h->lock);
    bool last = --s->refs == 0;
    pthread_mutex_unlock(&h->lock);
    /* Outside the lock: closing waits for the workers. */
    if (last)
        close_parts(s);
}

void snapshot_replace(struct holder *h, struct snapshot *s)
{
    pthread_mutex_lock(&h->lock);
    struct snapshot *old = h->current;
    h->current = s;
    pthread_mutex_unlock(&h->lock);
    snapshot_release(h, old);
}
