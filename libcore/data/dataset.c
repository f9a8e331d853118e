/*
 * dataset.c - corpora through the same text extraction and tokenizer as in serving, kept as ids in
 * parts.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "bolter_train.h"
#include "data/corpus.h"
#include "data/split.h"
#include "text/envelope.h"

#define N_PARTS 4

struct rows {
    bolter_row *row; /* ids and id strings owned */
    size_t n, cap;
    uint64_t n_tokens;
};

struct bolter_dataset {
    bolter_model *m;
    bolter_text *text;
    char **label;
    size_t n_label;
    const char *path; /* of the corpus that is being added */
    bt_split split;
    struct rows part[N_PARTS];
    int32_t *ids; /* room for one example */
    bool keep_features, keep_whole, keep_dates;
};

static void free_labels(bolter_dataset *d)
{
    for (size_t i = 0; i < d->n_label; i++)
        bt_release(d->label[i]);
    bt_release(d->label);
    d->label = NULL;
    d->n_label = 0;
}

bolter_status bolter_dataset_labels(bolter_dataset *d, const char *const *names, size_t n,
                                    bolter_error *err)
{
    if (n == 0)
        return bt_fail(err, BOLTER_E_ARG, "dataset: no labels");
    free_labels(d);
    d->label = bt_alloc_array(n, sizeof *d->label);
    for (; d->label && d->n_label < n; d->n_label++)
        if (!(d->label[d->n_label] = bt_strdup(names[d->n_label])))
            break;
    return d->n_label == n ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "dataset: no memory");
}

static bolter_status default_labels(bolter_dataset *d, bolter_error *err)
{
    static const char *const two[] = {"ham", "spam"};
    size_t n = (size_t)bolter_model_info_of(d->m)->n_label;
    if (n == 0)
        return bolter_dataset_labels(d, two, 2, err);
    const char **names = bt_alloc_array(n, sizeof *names);
    if (!names)
        return bt_fail(err, BOLTER_E_NOMEM, "dataset: no memory");
    for (size_t i = 0; i < n; i++)
        names[i] = bolter_model_label(d->m, (int32_t)i);
    bolter_status rc = bolter_dataset_labels(d, names, n, err);
    bt_release(names);
    return rc;
}

bolter_status bolter_dataset_open(bolter_dataset **out, bolter_model *m, bolter_error *err)
{
    *out = NULL;
    bolter_dataset *d = bt_alloc(sizeof *d);
    if (!d)
        return bt_fail(err, BOLTER_E_NOMEM, "dataset: no memory");
    d->m = bolter_model_ref(m);
    d->keep_features = bolter_model_wide(m) != NULL;
    const bolter_model_info *info = bolter_model_info_of(m);
    bolter_text_options o = {.layout = info->text_layout};
    bolter_status rc = bolter_text_open(&d->text, &o, err);
    if (rc == BOLTER_OK)
        rc = default_labels(d, err);
    d->ids = bt_alloc_array(info->max_ids, sizeof *d->ids);
    if (rc == BOLTER_OK && !d->ids)
        rc = bt_fail(err, BOLTER_E_NOMEM, "dataset: no memory");
    if (rc != BOLTER_OK) {
        bolter_dataset_free(d);
        return rc;
    }
    *out = d;
    return BOLTER_OK;
}

void bolter_dataset_keep_features(bolter_dataset *d)
{
    d->keep_features = true;
}

void bolter_dataset_keep_whole(bolter_dataset *d)
{
    d->keep_whole = true;
}

void bolter_dataset_keep_dates(bolter_dataset *d)
{
    d->keep_dates = true;
}

void bolter_dataset_free(bolter_dataset *d)
{
    if (!d)
        return;
    for (size_t p = 0; p < N_PARTS; p++) {
        for (size_t i = 0; i < d->part[p].n; i++) {
            const bolter_row *row = &d->part[p].row[i];
            bt_release((void *)(uintptr_t)row->id);
            bt_release((void *)(uintptr_t)row->seq.ids);
            bt_release((void *)(uintptr_t)row->seq.features);
            bt_release((void *)(uintptr_t)row->whole);
        }
        bt_release(d->part[p].row);
    }
    free_labels(d);
    bt_split_clear(&d->split);
    bolter_text_free(d->text);
    bolter_model_unref(d->m);
    bt_release(d->ids);
    bt_release(d);
}

bolter_status bolter_dataset_split_file(bolter_dataset *d, const char *path, bolter_error *err)
{
    return bt_split_read(&d->split, path, err);
}

/* ---- Adding one example ---- */

static bolter_status lay_out(bolter_dataset *d, const bolter_example *ex, const char **utf8, size_t *n,
                             bolter_error *err)
{
    bolter_text_reset(d->text);
    if (!ex->is_mail)
        return bolter_text_plain(d->text, ex->bytes, ex->n, utf8, n, err);
    bolter_status rc = bolter_text_chunk(d->text, ex->bytes, ex->n, err);
    return rc == BOLTER_OK ? bolter_text_finish(d->text, utf8, n, err) : rc;
}

/* The label's index; -1 where there is none and the part needs none. */
static bolter_status find_label(const bolter_dataset *d, const bolter_example *ex, bolter_part part,
                                int32_t *label, bolter_error *err)
{
    *label = -1;
    if (!ex->label && part == BOLTER_TEST)
        return BOLTER_OK;
    for (size_t i = 0; ex->label && i < d->n_label; i++) {
        if (strcmp(d->label[i], ex->label) == 0) {
            *label = (int32_t)i;
            return BOLTER_OK;
        }
    }
    /* Files with labels as numbers, such as the book's CSVs. */
    char *end = NULL;
    bool digits = ex->label && *ex->label >= '0' && *ex->label <= '9';
    unsigned long index = digits ? strtoul(ex->label, &end, 10) : d->n_label;
    if (end && *end == 0 && index < d->n_label) {
        *label = (int32_t)index;
        return BOLTER_OK;
    }
    return bt_fail(err, BOLTER_E_FORMAT, "%s: %s: label \"%s\" is not in the list (\"%s\", \"%s\"%s)",
                   d->path, ex->id, ex->label ? ex->label : "", d->label[0],
                   d->n_label > 1 ? d->label[1] : "", d->n_label > 2 ? ", ..." : "");
}

/* A copy in one block. NULL without memory. */
static bolter_features *copy_features(const bolter_features *f)
{
    size_t one = sizeof *f->bucket + sizeof *f->value;
    bolter_features *copy = bt_alloc(sizeof *copy + f->n * one);
    if (!copy)
        return NULL;
    uint32_t *bucket = (uint32_t *)(copy + 1);
    float *value = (float *)(bucket + f->n);
    *copy = (bolter_features){bucket, value, f->n};
    if (f->n > 0) {
        memcpy(bucket, f->bucket, f->n * sizeof *bucket);
        memcpy(value, f->value, f->n * sizeof *value);
    }
    return copy;
}

/* Keep a row with copies of its parts; features may be NULL. */
static bolter_status store(struct rows *r, const char *id, const bolter_seq *seq, int32_t label,
                           bolter_error *err)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 1024;
        bolter_row *row = bt_realloc_array(r->row, cap, sizeof *row);
        if (!row)
            return bt_fail(err, BOLTER_E_NOMEM, "dataset: no memory");
        r->row = row;
        r->cap = cap;
    }
    char *name = bt_strdup(id);
    int32_t *ids = bt_alloc_array(seq->n, sizeof *ids);
    bolter_features *features = seq->features ? copy_features(seq->features) : NULL;
    if (!name || !ids || (seq->features && !features)) {
        bt_release(name);
        bt_release(ids);
        bt_release(features);
        return bt_fail(err, BOLTER_E_NOMEM, "dataset: no memory");
    }
    memcpy(ids, seq->ids, seq->n * sizeof *ids);
    const bolter_seq mine = {
        .ids = ids, .n = seq->n, .features = features, .windows = seq->windows};
    r->row[r->n++] = (bolter_row){.id = name, .seq = mine, .label = label};
    r->n_tokens += seq->n;
    return BOLTER_OK;
}

/* When the row just stored came. */
static bolter_status take_date(bolter_row *row, const bolter_example *ex, bolter_error *err)
{
    if (bt_envelope_time(ex->bytes, ex->n, &row->time, &row->dated) == BOLTER_OK)
        return BOLTER_OK;
    return bt_fail(err, BOLTER_E_NOMEM, "dataset: no memory");
}

/* All tokens of the row just stored, of which n are to be. */
static bolter_status take_whole(const bolter_dataset *d, bolter_row *row, const char *utf8, size_t n_utf8,
                                size_t n, bolter_error *err)
{
    size_t n_text;
    int32_t *whole = bt_alloc_array(n, sizeof *whole);
    if (!whole)
        return bt_fail(err, BOLTER_E_NOMEM, "dataset: no memory for %zu tokens", n);
    bolter_status rc = bolter_tok_encode(bolter_model_tok(d->m), utf8, n_utf8, whole, n, &n_text, err);
    if (rc != BOLTER_OK) {
        bt_release(whole);
        return rc;
    }
    memmove(whole + (n - n_text), whole, n_text * sizeof *whole);
    if (n > n_text) /* the begin token */
        whole[0] = row->seq.ids[0];
    row->whole = whole;
    row->n_whole = n;
    return BOLTER_OK;
}

static bolter_status add_example(bolter_dataset *d, const bolter_example *ex, bolter_part part,
                                 bolter_error *err)
{
    const char *utf8;
    size_t n;
    int32_t label;
    bolter_reading r = {0};
    bolter_features features;
    bolter_status rc = lay_out(d, ex, &utf8, &n, err);
    if (rc == BOLTER_OK && part == BOLTER_BY_SPLIT)
        rc = bt_split_part(&d->split, ex->id, utf8, n, &part, err);
    if (rc == BOLTER_OK && part == BOLTER_LEFT_OUT)
        return BOLTER_OK;
    if (rc == BOLTER_OK)
        rc = find_label(d, ex, part, &label, err);
    if (rc == BOLTER_OK)
        rc = bolter_model_read(d->m, utf8, n, d->ids, &r, err);
    bolter_seq seq = {.ids = d->ids, .n = r.n_ids, .windows = r.windows};
    if (rc == BOLTER_OK && d->keep_features) {
        rc = bolter_text_features(d->text, &features, err);
        seq.features = &features;
    }
    struct rows *rows = &d->part[part];
    if (rc == BOLTER_OK)
        rc = store(rows, ex->id, &seq, label, err);
    bool long_one = r.n_all > (size_t)bolter_model_info_of(d->m)->max_tokens;
    if (rc == BOLTER_OK && d->keep_whole && part == BOLTER_TRAIN && long_one)
        rc = take_whole(d, &rows->row[rows->n - 1], utf8, n, r.n_all, err);
    return rc == BOLTER_OK && d->keep_dates && ex->is_mail ? take_date(&rows->row[rows->n - 1], ex, err) : rc;
}

bolter_status bolter_dataset_add(bolter_dataset *d, bolter_corpus *c, bolter_part part,
                                 bolter_error *err)
{
    bolter_example ex;
    bolter_status rc;
    d->path = c->path;
    if ((rc = bt_split_source(&d->split, c->path, err)) != BOLTER_OK)
        return rc;
    while ((rc = bolter_corpus_next(c, &ex, err)) == BOLTER_OK)
        if ((rc = add_example(d, &ex, part, err)) != BOLTER_OK)
            return rc;
    return rc == BOLTER_END ? BOLTER_OK : rc;
}

/* ---- Questions ---- */

size_t bolter_dataset_count(const bolter_dataset *d, bolter_part part)
{
    return part < N_PARTS ? d->part[part].n : 0;
}

const bolter_row *bolter_dataset_row(const bolter_dataset *d, bolter_part part, size_t i)
{
    return i < bolter_dataset_count(d, part) ? &d->part[part].row[i] : NULL;
}

uint64_t bolter_dataset_tokens(const bolter_dataset *d, bolter_part part)
{
    return part < N_PARTS ? d->part[part].n_tokens : 0;
}

size_t bolter_dataset_n_label(const bolter_dataset *d)
{
    return d->n_label;
}

const char *bolter_dataset_label(const bolter_dataset *d, size_t i)
{
    return i < d->n_label ? d->label[i] : NULL;
}
