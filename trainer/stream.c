/*
 * stream.c - protocol stream: messages in the order of arrival. Each is scored before its label is
 * known; after every batch the recipe is run again, from the base model, on all that is labelled by
 * then. A message before the first training scores 0.5.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/options.h"
#include "trainer/order.h"
#include "trainer/predictions.h"
#include "trainer/protocol.h"
#include "trainer/report.h"

#define N_BOOT 1000

/* ---- The order ---- */

static int by_id(const void *a, const void *b)
{
    const bolter_row *const *x = a, *const *y = b;
    return strcmp((*x)->id, (*y)->id);
}

/* Sort rows by id, each of which must be the only one. */
static bool sort_by_id(struct fit_rows *rows)
{
    qsort(rows->row, rows->n, sizeof *rows->row, by_id);
    for (size_t i = 1; i < rows->n; i++) {
        if (by_id(&rows->row[i - 1], &rows->row[i]) == 0) {
            complain("%s: two messages of this id, so that no file can order them",
                     rows->row[i]->id);
            return false;
        }
    }
    return true;
}

/* Put rows in the order of a file of ids. Rows that it leaves out go. */
static bool order_by_file(struct fit_rows *rows, const char *path)
{
    FILE *f = fopen(path, "r");
    const bolter_row **ordered = calloc(rows->n + 1, sizeof *ordered);
    char *line = NULL;
    size_t cap = 0, n = 0, number = 0;
    const char *wrong = !f ? strerror(errno) : !ordered ? "no memory" : NULL;
    while (!wrong && getline(&line, &cap, f) > 0) {
        number++;
        line[strcspn(line, "\r\n")] = 0;
        const bolter_row key = {.id = line}, *at = &key;
        const bolter_row **found = bsearch(&at, rows->row, rows->n, sizeof *rows->row, by_id);
        if (!found)
            wrong = "no message has this id";
        else if (n == rows->n)
            wrong = "more ids than messages";
        else
            ordered[n++] = *found;
    }
    free(line);
    if (f)
        fclose(f);
    if (wrong || n == 0) {
        complain("%s:%zu: %s", path, number, wrong ? wrong : "no id in it");
        free(ordered);
        return false;
    }
    free(rows->row);
    *rows = (struct fit_rows){ordered, n};
    return true;
}

static bool shuffle_rows(struct fit_rows *rows, size_t seed)
{
    size_t *order = calloc(rows->n + 1, sizeof *order);
    const bolter_row **shuffled = calloc(rows->n + 1, sizeof *shuffled);
    if (order && shuffled) {
        order_shuffle(order, rows->n, seed, 0);
        for (size_t i = 0; i < rows->n; i++)
            shuffled[i] = rows->row[order[i]];
        free(rows->row);
        rows->row = shuffled;
    } else {
        complain("no memory");
        free(shuffled);
    }
    free(order);
    return rows->row == shuffled;
}

/* ---- The stream ---- */

struct stream {
    const struct protocol *p;
    const struct protocol_corpus *c;
    double *score;
    int32_t *truth;
    size_t first; /* the first message that counts */
};

/* The messages whose labels are known when message at arrives: from *begin to below *end. */
static void known(const struct stream *s, size_t at, size_t *begin, size_t *end)
{
    *end = at > s->p->delay ? at - s->p->delay : 0;
    *end = *end < s->p->warm ? s->p->warm : *end;
    *begin = s->p->window > 0 && *end > s->p->window ? *end - s->p->window : 0;
}

static bool print_batch(const struct stream *s, size_t at, size_t n, size_t trained, double seconds)
{
    const bolter_scores so_far = {s->score + s->first, s->truth + s->first, at + n - s->first, 0.5};
    bolter_report r;
    bolter_error err = {0};
    if (bolter_report_of(&so_far, 0, 1, &r, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
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

static bool report(const struct stream *s)
{
    const bolter_scores all = {s->score + s->first, s->truth + s->first, s->c->test.n - s->first,
                               0.5};
    bolter_report r;
    bolter_error err = {0};
    if (bolter_report_of(&all, N_BOOT, 1, &r, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    if (!s->p->json) {
        putchar('\n');
        report_print(&r, 0.5);
        return true;
    }
    json_t *j = json_pack("{s:i, s:s}", "v", 1, "protocol", "stream");
    report_add(j, &r, 0.5);
    return report_print_line(j);
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

bool protocol_stream(struct protocol *p)
{
    struct protocol_corpus *c = &p->corpus[0];
    if ((p->order && (!sort_by_id(&c->test) || !order_by_file(&c->test, p->order))) ||
        (p->shuffle && !shuffle_rows(&c->test, p->seed)))
        return false;
    size_t n = c->test.n;
    if (p->warm >= n) {
        complain("--warm: %zu of %zu messages, so that none is left to score", p->warm, n);
        return false;
    }
    struct stream s = {p, c, calloc(n + 1, sizeof *s.score), calloc(n + 1, sizeof *s.truth),
                       p->warm};
    bool ok = s.score && s.truth;
    if (ok)
        protocol_truth(c, &c->test, s.truth);
    else
        complain("no memory");
    if (ok && !p->json)
        printf("%8s %8s %10s %9s %9s %9s %9s   (so far)\n", "from", "to", "trained on", "accuracy",
               "F1", "1-ROCA", "seconds");
    for (size_t at = p->warm; ok && at < n; at += p->every)
        ok = batch(&s, at, n - at < p->every ? n - at : p->every);
    ok = ok && report(&s) && (!p->out || write_scores(&s));
    free(s.score);
    free(s.truth);
    return ok;
}
