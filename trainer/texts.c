/* texts.c - reads corpora, keeps the text of each example. */
#include "trainer/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/progress.h"

struct reading {
    struct texts *t;
    bolter_split *split;
    bolter_text *text;
    struct progress progress;
    bolter_error *err;
};

static bolter_status fail(bolter_error *err, bolter_status code, const char *id, const char *why)
{
    err->code = code;
    snprintf(err->text, sizeof err->text, "%.180s: %s", id, why);
    return code;
}

/* The index of an example's label, which is the next one where it is new. */
static bolter_status find_label(struct texts *t, const bolter_example *ex, int32_t *label,
                                bolter_error *err)
{
    if (!ex->label)
        return fail(err, BOLTER_E_FORMAT, ex->id, "no label");
    size_t i = 0;
    while (i < t->n_label && strcmp(t->label[i], ex->label) != 0)
        i++;
    if (i == MAX_TEXT_LABELS)
        return fail(err, BOLTER_E_LIMIT, ex->id, "one label more than 64");
    if (i == t->n_label && !(t->label[t->n_label++] = strdup(ex->label)))
        return fail(err, BOLTER_E_NOMEM, ex->id, "no memory");
    *label = (int32_t)i;
    return BOLTER_OK;
}

static bool store(struct text_part *p, const char *id, const char *text, size_t n, int32_t label)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 1024;
        struct text_row *row = realloc(p->row, cap * sizeof *row);
        if (!row)
            return false;
        p->row = row;
        p->cap = cap;
    }
    struct text_row *row = &p->row[p->n];
    *row = (struct text_row){.id = strdup(id), .text = malloc(n + 1), .n = n, .label = label};
    p->n++;
    if (!row->id || !row->text)
        return false;
    memcpy(row->text, text, n);
    row->text[n] = 0;
    return true;
}

/* Bytes of the first max characters of UTF-8; 0: all. */
static size_t cut(const char *utf8, size_t n, size_t max)
{
    size_t chars = 0;
    for (size_t i = 0; i < n && max > 0; i++)
        if (((unsigned char)utf8[i] & 0xc0) != 0x80 && chars++ == max)
            return i;
    return n;
}

static bolter_status lay_out(struct reading *r, const bolter_example *ex, const char **utf8,
                             size_t *n)
{
    bolter_text_reset(r->text);
    if (!ex->is_mail)
        return bolter_text_plain(r->text, ex->bytes, ex->n, utf8, n, r->err);
    bolter_status rc = bolter_text_chunk(r->text, ex->bytes, ex->n, r->err);
    return rc == BOLTER_OK ? bolter_text_finish(r->text, utf8, n, r->err) : rc;
}

static bolter_status add(struct reading *r, const bolter_example *ex, bolter_part part)
{
    const char *utf8;
    size_t n;
    bolter_status rc = lay_out(r, ex, &utf8, &n);
    if (rc == BOLTER_OK && part == BOLTER_BY_SPLIT)
        rc = bolter_split_part(r->split, ex->id, utf8, n, &part, r->err);
    if (rc != BOLTER_OK || part == BOLTER_LEFT_OUT)
        return rc;
    int32_t label;
    rc = find_label(r->t, ex, &label, r->err);
    if (rc != BOLTER_OK)
        return rc;
    if (!store(&r->t->part[part], ex->id, utf8, cut(utf8, n, r->t->max_chars), label))
        return fail(r->err, BOLTER_E_NOMEM, ex->id, "no memory");
    return BOLTER_OK;
}

static bolter_status read_source(struct reading *r, const struct sources *all, size_t i)
{
    bolter_corpus *c;
    bolter_example ex;
    const struct source *s = &all->source[i];
    bolter_status rc = sources_open(all, i, &c, r->err);
    if (rc != BOLTER_OK)
        return rc;
    if ((rc = bolter_split_source(r->split, s->path, r->err)) != BOLTER_OK) {
        bolter_corpus_free(c);
        return rc;
    }
    progress_start(&r->progress, "percent read");
    while ((rc = bolter_corpus_next(c, &ex, r->err)) == BOLTER_OK) {
        progress_show(&r->progress, (uint64_t)(100 * bolter_corpus_progress(c)), 100, s->path);
        if ((rc = add(r, &ex, s->part)) != BOLTER_OK)
            break;
    }
    progress_end(&r->progress);
    bolter_corpus_free(c);
    return rc == BOLTER_END ? BOLTER_OK : rc;
}

/* Number the labels in the order of their bytes, whatever the order of the corpora. */
static void sort_labels(struct texts *t)
{
    int32_t place[MAX_TEXT_LABELS];
    char *sorted[MAX_TEXT_LABELS];
    for (size_t i = 0; i < t->n_label; i++) {
        place[i] = 0;
        for (size_t j = 0; j < t->n_label; j++)
            place[i] += strcmp(t->label[j], t->label[i]) < 0;
        sorted[place[i]] = t->label[i];
    }
    memcpy(t->label, sorted, t->n_label * sizeof *sorted);
    for (size_t p = 0; p < TEXT_PARTS; p++)
        for (size_t i = 0; i < t->part[p].n; i++)
            t->part[p].row[i].label = place[t->part[p].row[i].label];
}

bolter_status texts_read(struct texts *t, const struct sources *s, bolter_error *err)
{
    struct reading r = {.t = t, .err = err};
    bolter_status rc = bolter_split_open(&r.split, err);
    if (rc == BOLTER_OK)
        rc = bolter_text_open(&r.text, NULL, err);
    for (size_t i = 0; rc == BOLTER_OK && i < s->n_split; i++)
        rc = bolter_split_read(r.split, s->split[i], err);
    for (size_t i = 0; rc == BOLTER_OK && i < s->n; i++)
        rc = read_source(&r, s, i);
    bolter_text_free(r.text);
    bolter_split_free(r.split);
    if (rc == BOLTER_OK)
        sort_labels(t);
    return rc;
}

void texts_drop(struct texts *t)
{
    for (size_t p = 0; p < TEXT_PARTS; p++)
        for (size_t i = 0; i < t->part[p].n; i++) {
            free(t->part[p].row[i].text);
            t->part[p].row[i].text = NULL;
        }
}

void texts_free(struct texts *t)
{
    texts_drop(t);
    for (size_t p = 0; p < TEXT_PARTS; p++) {
        for (size_t i = 0; i < t->part[p].n; i++)
            free(t->part[p].row[i].id);
        free(t->part[p].row);
    }
    for (size_t i = 0; i < t->n_label; i++)
        free(t->label[i]);
}
