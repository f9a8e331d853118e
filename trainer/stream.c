/*
 * stream.c - protocol stream: messages in the order of arrival. Each is scored before its label is
 * known. After every batch the recipe is run again, from the base model, on all that is labelled by
 * then; or a wide part learns each message as soon as it is labelled (the immediate feedback of TREC's
 * spam track: Cormack 2007). What nothing is known about scores 0.5.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "trainer/arrival.h"
#include "trainer/options.h"
#include "trainer/predictions.h"
#include "trainer/progress.h"
#include "trainer/protocol.h"
#include "trainer/report.h"

#define N_BOOT 1000

/* ---- The stream ---- */

struct stream {
    const struct protocol *p;
    const struct protocol_corpus *c;
    double *score;
    int32_t *truth;
    size_t first; /* the first message that counts */
    bolter_online *online; /* with --wide */
    size_t learned;        /* messages that it knows */
    struct progress progress;
};

/* The messages whose labels are known when message at arrives: from *begin to below *end. */
static void known(const struct stream *s, size_t at, size_t *begin, size_t *end)
{
    *end = at > s->p->delay ? at - s->p->delay : 0;
    *end = *end < s->p->warm ? s->p->warm : *end;
    *begin = s->p->window > 0 && *end > s->p->window ? *end - s->p->window : 0;
}

/* Measure the messages from from to below to; false after a complaint. */
static bool measure(const struct stream *s, size_t from, size_t to, size_t n_boot, bolter_report *r)
{
    const bolter_scores some = {s->score + from, s->truth + from, to - from, 0.5};
    bolter_error err = {0};
    if (bolter_report_of(&some, n_boot, 1, r, &err) == BOLTER_OK)
        return true;
    complain("%s", err.text);
    return false;
}

static bool print_batch(const struct stream *s, size_t at, size_t n, size_t trained, double seconds)
{
    bolter_report r;
    if (!measure(s, s->first, at + n, 0, &r))
        return false;
    if (s->p->json)
        return report_print_line(json_pack("{s:i, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:f}", "v", 1,
                                           "protocol", "stream", "from", (json_int_t)at, "to",
                                           (json_int_t)(at + n - 1), "trained", (json_int_t)trained,
                                           "accuracy", json_number_or_null(r.accuracy.value), "f1",
                                           json_number_or_null(r.f1.value), "auc",
                                           json_number_or_null(r.auc.value), "seconds", seconds));
    char accuracy[32], f1[32], above[32];
    printf("%8zu %8zu %10zu %9s %9s %9s %9.1f\n", at, at + n - 1, trained,
           report_cell(accuracy, 100 * r.accuracy.value, 2), report_cell(f1, 100 * r.f1.value, 2),
           report_cell(above, 100 * (1 - r.auc.value), 3), seconds);
    return fflush(stdout) == 0;
}

/* Let the wide part learn what is known at message at. */
static bool learn_known(struct stream *s, size_t at)
{
    size_t begin, end;
    bolter_error err = {0};
    known(s, at, &begin, &end);
    for (; s->learned < end; s->learned++) {
        const bolter_row *row = s->c->test.row[s->learned];
        if (bolter_online_learn(s->online, row->seq.features, s->truth[s->learned] == 1, &err) != BOLTER_OK) {
            complain("%s", err.text);
            return false;
        }
        progress_show(&s->progress, s->learned + 1, s->c->test.n, "");
    }
    return true;
}

/* Score n messages from at, each by what is known when it arrives. */
static bool batch_wide(struct stream *s, size_t at, size_t n)
{
    double began = seconds_now();
    for (size_t i = at; i < at + n; i++) {
        if (!learn_known(s, i))
            return false;
        double odds = bolter_online_score(s->online, s->c->test.row[i]->seq.features);
        s->score[i] = 1 / (1 + exp(-odds));
    }
    return print_batch(s, at, n, s->learned, seconds_now() - began);
}

/* Train on what is known at message at, and score n messages from there. */
static bool batch(struct stream *s, size_t at, size_t n)
{
    const struct fit_rows none = {NULL, 0}, test = {s->c->test.row + at, n};
    size_t begin, end;
    double seconds = 0;
    known(s, at, &begin, &end);
    const struct fit_rows train = {s->c->test.row + begin, end - begin};
    for (size_t i = 0; i < n; i++)
        s->score[at + i] = 0.5;
    if (train.n > 0 &&
        !protocol_fit(s->p, s->c, &train, &none, &test, s->p->seed, s->score + at, &seconds))
        return false;
    return print_batch(s, at, n, train.n, seconds);
}

/* ---- The report ---- */

/* Stretches of the stream begin here: what is learned first is learned fast. */
static const size_t begins[] = {0, 100, 200, 500, 1000, 2000};
#define N_STRETCH (sizeof begins / sizeof *begins)

/* The part of stretch k that counts, from *from to below *to; false where there is none. */
static bool stretch(const struct stream *s, size_t k, size_t *from, size_t *to)
{
    const size_t n = s->c->test.n;
    *from = begins[k] > s->first ? begins[k] : s->first;
    *to = k + 1 < N_STRETCH && begins[k + 1] < n ? begins[k + 1] : n;
    return *from < *to;
}

static bool print_stretches(const struct stream *s)
{
    size_t from, to;
    bolter_report r;
    printf("\n%8s %8s %8s %8s %9s %9s\n", "from", "to", "spam", "ham", "accuracy", "1-ROCA");
    for (size_t k = 0; k < N_STRETCH; k++) {
        char accuracy[32], above[32];
        if (!stretch(s, k, &from, &to))
            continue;
        if (!measure(s, from, to, 0, &r))
            return false;
        printf("%8zu %8zu %8llu %8llu %9s %9s\n", from, to - 1, (unsigned long long)r.n_spam,
               (unsigned long long)r.n_ham, report_cell(accuracy, 100 * r.accuracy.value, 2),
               report_cell(above, 100 * (1 - r.auc.value), 3));
    }
    return true;
}

/* NULL after a complaint. */
static json_t *stretches_json(const struct stream *s)
{
    json_t *all = json_array();
    size_t from, to;
    bolter_report r;
    for (size_t k = 0; k < N_STRETCH; k++) {
        if (!stretch(s, k, &from, &to))
            continue;
        if (!measure(s, from, to, 0, &r)) {
            json_decref(all);
            return NULL;
        }
        json_array_append_new(all, json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "from", (json_int_t)from, "to",
                                             (json_int_t)(to - 1), "n_spam", (json_int_t)r.n_spam, "n_ham",
                                             (json_int_t)r.n_ham, "accuracy",
                                             json_number_or_null(r.accuracy.value), "auc",
                                             json_number_or_null(r.auc.value)));
    }
    return all;
}

static bool report(const struct stream *s)
{
    bolter_report r;
    if (!measure(s, s->first, s->c->test.n, N_BOOT, &r))
        return false;
    if (!s->p->json) {
        putchar('\n');
        report_print(&r, 0.5);
        return print_stretches(s);
    }
    json_t *j = json_pack("{s:i, s:s}", "v", 1, "protocol", "stream"), *stretches = stretches_json(s);
    report_add(j, &r, 0.5);
    json_object_set_new(j, "stretches", stretches);
    if (stretches)
        return report_print_line(j);
    json_decref(j);
    return false;
}

static bool write_scores(const struct stream *s)
{
    struct predictions p = {0};
    bool ok = true;
    for (size_t i = s->first; ok && i < s->c->test.n; i++)
        ok = predictions_add(&p, s->c->test.row[i]->id, s->truth[i] == 1, s->score[i]);
    ok = ok && predictions_write(&p, s->p->out);
    predictions_free(&p);
    return ok;
}

static bool play(struct stream *s)
{
    const size_t n = s->c->test.n, every = s->p->every;
    bool ok = true;
    if (!s->p->json)
        printf("%8s %8s %10s %9s %9s %9s %9s   (so far)\n", "from", "to", "trained on", "accuracy", "F1",
               "1-ROCA", "seconds");
    progress_start(&s->progress, "message");
    for (size_t at = s->first; ok && at < n; at += every) {
        size_t some = n - at < every ? n - at : every;
        ok = s->online ? batch_wide(s, at, some) : batch(s, at, some);
    }
    if (s->online)
        progress_end(&s->progress);
    return ok && report(s) && (!s->p->out || write_scores(s));
}

bool protocol_stream(struct protocol *p)
{
    struct protocol_corpus *c = &p->corpus[0];
    bolter_error err = {0};
    if (!arrival_order(p, &c->test))
        return false;
    size_t n = c->test.n;
    if (p->warm >= n) {
        complain("--warm: %zu of %zu messages, so that none is left to score", p->warm, n);
        return false;
    }
    struct stream s = {.p = p,
                       .c = c,
                       .score = calloc(n + 1, sizeof *s.score),
                       .truth = calloc(n + 1, sizeof *s.truth),
                       .first = p->warm};
    bool ok = s.score && s.truth && (!p->wide || bolter_online_open(&s.online, &err) == BOLTER_OK);
    if (ok)
        protocol_truth(c, &c->test, s.truth);
    else
        complain("no memory");
    ok = ok && play(&s);
    bolter_online_free(s.online);
    free(s.score);
    free(s.truth);
    return ok;
}
