/* served.c - open a model for what it is, and share out the seats. */
#include "trainer/served.h"

#include <stdlib.h>

#include "trainer/assumed.h"
#include "trainer/options.h"

static bolter_status classify(void *seat, bolter_text *text, bolter_verdict *out, bolter_error *err)
{
    return bolter_classify_text(((struct seat *)seat)->session, text, out, err);
}

static bolter_status explain(void *seat, const char *utf8, size_t n, bolter_piece *out, size_t cap,
                             size_t *n_pieces, bolter_error *err)
{
    return bolter_explain(((struct seat *)seat)->session, utf8, n, out, cap, n_pieces, err);
}

/* Writers keep their memory for the time of a text: it depends on how it is drawn. */
static bolter_status furnish(struct seat *seat, bolter_error *err)
{
    const struct served *s = seat->of;
    if (s->kind != SERVED_CLASSIFIER)
        return BOLTER_OK;
    bolter_status rc = bolter_session_open(&seat->session, s->model, 1, 0, err);
    if (rc == BOLTER_OK)
        rc = judging_open(&seat->judging, s->model, err);
    seat->judging.classify = classify;
    seat->judging.explain = explain;
    seat->judging.ud = seat;
    return rc;
}

static bolter_status know_kind(struct served *s, bolter_error *err)
{
    if (bolter_model_info_of(s->model)->n_label > 0)
        return bolter_model_need_spam_head(s->model, err);
    s->kind = s->template.found ? SERVED_ANSWERER : SERVED_WRITER;
    if (bolter_model_tok(s->model))
        return BOLTER_OK;
    *err = (bolter_error){.code = BOLTER_E_MISMATCH, .text = "the model has no vocab.json"};
    return err->code;
}

bool served_open(struct served *s, const char *dir, const char *precision, size_t n_seats)
{
    bolter_error err = {0};
    const bolter_open_options with = {.precision = precision, .own_memory = true};
    pthread_mutex_init(&s->lock, NULL);
    tally_init(&s->tally);
    s->dir = dir;
    s->seat = calloc(n_seats, sizeof *s->seat);
    if (!s->seat) {
        complain("no memory");
        return false;
    }
    s->n_seats = n_seats;
    if (!template_of_model(&s->template, dir))
        return false;
    bolter_status rc = bolter_model_open_with(&s->model, dir, &with, &err);
    if (rc == BOLTER_OK)
        rc = know_kind(s, &err);
    for (size_t i = 0; i < n_seats && rc == BOLTER_OK; i++) {
        s->seat[i].of = s;
        rc = furnish(&s->seat[i], &err);
    }
    if (rc == BOLTER_OK)
        assumed_say(s->model);
    else
        complain("%s", err.text);
    return rc == BOLTER_OK;
}

struct seat *served_sit(struct served *s)
{
    struct seat *free_one = NULL;
    if (atomic_load(&s->stopping))
        return NULL;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n_seats && !free_one; i++)
        free_one = s->seat[i].taken ? NULL : &s->seat[i];
    if (free_one)
        free_one->taken = true;
    pthread_mutex_unlock(&s->lock);
    return free_one;
}

void served_leave(struct seat *seat)
{
    if (!seat)
        return;
    pthread_mutex_lock(&seat->of->lock);
    seat->taken = false;
    pthread_mutex_unlock(&seat->of->lock);
}

size_t served_busy(struct served *s)
{
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n_seats; i++)
        n += s->seat[i].taken ? 1 : 0;
    pthread_mutex_unlock(&s->lock);
    return n;
}

void served_close(struct served *s)
{
    for (size_t i = 0; i < s->n_seats; i++) {
        bolter_session_free(s->seat[i].session);
        judging_close(&s->seat[i].judging);
    }
    free(s->seat);
    bolter_model_unref(s->model);
    tally_clear(&s->tally);
    pthread_mutex_destroy(&s->lock);
}
