/* arrival.c - the order of a stream: as in a file of ids, by date, or shuffled. */
#include "trainer/arrival.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/options.h"
#include "trainer/order.h"

/* ---- A file ---- */

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

/* ---- By date ---- */

/* A row, and its place in the corpora, which tells rows of the same date apart. */
struct dated_row {
    const bolter_row *row;
    size_t place;
};

/* Mail without a date comes first, as it is the oldest to prepare's split by time. */
static int by_date(const void *a, const void *b)
{
    const struct dated_row *x = a, *y = b;
    if (x->row->dated != y->row->dated)
        return x->row->dated - y->row->dated;
    if (x->row->dated && x->row->time != y->row->time)
        return x->row->time < y->row->time ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static bool order_by_date(struct fit_rows *rows)
{
    struct dated_row *d = calloc(rows->n + 1, sizeof *d);
    size_t n_dated = 0;
    for (size_t i = 0; d && i < rows->n; i++) {
        d[i] = (struct dated_row){rows->row[i], i};
        n_dated += rows->row[i]->dated;
    }
    if (d && n_dated > 0) {
        qsort(d, rows->n, sizeof *d, by_date);
        for (size_t i = 0; i < rows->n; i++)
            rows->row[i] = d[i].row;
    } else {
        complain(d ? "--by-date: no text is mail with a date" : "no memory");
    }
    free(d);
    return n_dated > 0;
}

/* ---- At random ---- */

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

bool arrival_order(const struct protocol *p, struct fit_rows *rows)
{
    if (p->order && (!sort_by_id(rows) || !order_by_file(rows, p->order)))
        return false;
    if (p->by_date && !order_by_date(rows))
        return false;
    return !p->shuffle || shuffle_rows(rows, p->seed);
}
