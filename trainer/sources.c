/* sources.c - the corpora of a command line. */
#include "trainer/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool add(struct sources *s, const char *label, const char *path, bolter_part part)
{
    if (s->n == MAX_SOURCES) {
        complain("more than %d corpora", MAX_SOURCES);
        return false;
    }
    s->source[s->n++] = (struct source){label, path, s->kind, part};
    return true;
}

/* NAME=PATH; the name is cut out of the argument in place, which argv allows. */
static bool add_class(struct sources *s, const char *value)
{
    char *equals = strchr(value, '=');
    if (!equals || equals == value || !equals[1]) {
        complain("--class: \"%s\", expected NAME=PATH", value);
        return false;
    }
    *equals = 0;
    return add(s, value, equals + 1, BOLTER_BY_SPLIT);
}

bool sources_take(void *to, const char *name, const char *value)
{
    struct sources *s = to;
    if (strcmp(name, "spam") == 0 || strcmp(name, "ham") == 0)
        return add(s, name, value, BOLTER_BY_SPLIT);
    if (strcmp(name, "class") == 0)
        return add_class(s, value);
    if (strcmp(name, "data") == 0)
        return add(s, NULL, value, BOLTER_BY_SPLIT);
    if (strcmp(name, "train") == 0)
        return add(s, NULL, value, BOLTER_TRAIN);
    if (strcmp(name, "validation") == 0)
        return add(s, NULL, value, BOLTER_VALID);
    if (strcmp(name, "test") == 0)
        return add(s, NULL, value, BOLTER_TEST);
    if (strcmp(name, "kind") == 0) {
        s->kind = value;
        return true;
    }
    if (s->n_split == MAX_SOURCES) {
        complain("more than %d split files", MAX_SOURCES);
        return false;
    }
    s->split[s->n_split++] = value;
    return true;
}

/* ---- Names of mailboxes ---- */

#define PATH_PARTS 64

/* Where the last k names of a path begin; all of it where it has fewer. */
static const char *last_names(const char *path, size_t k)
{
    const char *at = path + strlen(path);
    for (size_t slashes = 0; at > path; at--)
        if (at[-1] == '/' && ++slashes == k)
            break;
    return at;
}

/* Are the last k names of two paths the same, but for .mbox and .gz? */
static bool same_names(const char *a, const char *b, size_t k)
{
    size_t n = strlen(a) - bolter_corpus_name_rest(a), m = strlen(b) - bolter_corpus_name_rest(b);
    const char *p = last_names(a, k), *q = last_names(b, k);
    n -= (size_t)(p - a);
    m -= (size_t)(q - b);
    return n == m && memcmp(p, q, n) == 0;
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* How many of its last names tell the i-th source apart from the other files; 1 too where none do. */
static size_t names_needed(const struct sources *s, size_t i)
{
    const char *path = s->source[i].path;
    for (size_t k = 1; k <= PATH_PARTS; k++) {
        bool alone = true;
        for (size_t j = 0; alone && j < s->n; j++)
            alone = strcmp(s->source[j].path, path) == 0 || !same_names(path, s->source[j].path, k) ||
                    !is_file(s->source[j].path);
        if (alone)
            return k;
    }
    return 1;
}

/* Ids of two mailboxes that lie in several folders under one name begin with the folders, too. */
static bolter_status name_it(const struct sources *s, size_t i, bolter_corpus *c, bolter_error *err)
{
    const char *path = s->source[i].path;
    size_t k = is_file(path) ? names_needed(s, i) : 1;
    if (k == 1)
        return BOLTER_OK;
    char *name = strdup(last_names(path, k));
    bolter_status rc = BOLTER_E_NOMEM;
    if (name) {
        name[strlen(name) - bolter_corpus_name_rest(path)] = 0;
        rc = bolter_corpus_call(c, name, err);
    } else {
        snprintf(err->text, sizeof err->text, "no memory");
    }
    free(name);
    return rc;
}

bolter_status sources_open(const struct sources *s, size_t i, bolter_corpus **out,
                           bolter_error *err)
{
    const struct source *src = &s->source[i];
    const char *kind = src->kind ? src->kind : s->quotes && !src->label ? "tsv-quotes" : NULL;
    bolter_status rc = bolter_corpus_open(out, kind, src->path, src->label, err);
    if (rc == BOLTER_OK && (rc = name_it(s, i, *out, err)) != BOLTER_OK) {
        bolter_corpus_free(*out);
        *out = NULL;
    }
    return rc;
}

/* A misspelt or emptied corpus must not pass for mail without fault. One of several may be empty. */
static bolter_status check_read(const struct sources *s, size_t n, bolter_error *err)
{
    if (n > 0 || s->n == 0)
        return BOLTER_OK;
    if (s->n == 1)
        snprintf(err->text, sizeof err->text, "%s: no text in it to be used", s->source[0].path);
    else
        snprintf(err->text, sizeof err->text, "%s and %zu more: no text in them to be used",
                 s->source[0].path, s->n - 1);
    return err->code = BOLTER_E_FORMAT;
}

bolter_status sources_read(const struct sources *s, bolter_dataset *d, bolter_part all,
                           bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < s->n_split; i++)
        rc = bolter_dataset_split_file(d, s->split[i], err);
    for (size_t i = 0; rc == BOLTER_OK && i < s->n; i++) {
        bolter_part part = all == BOLTER_BY_SPLIT ? s->source[i].part : all;
        bolter_corpus *c;
        rc = sources_open(s, i, &c, err);
        if (rc == BOLTER_OK)
            rc = bolter_dataset_add(d, c, part, err);
        bolter_corpus_free(c);
    }
    size_t n = 0;
    for (int part = BOLTER_TRAIN; part <= BOLTER_TEST; part++)
        n += bolter_dataset_count(d, (bolter_part)part);
    return rc == BOLTER_OK ? check_read(s, n, err) : rc;
}

bolter_status sources_collect(const struct sources *s, bolter_collection *c, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < s->n_split; i++)
        rc = bolter_collection_split_file(c, s->split[i], err);
    for (size_t i = 0; rc == BOLTER_OK && i < s->n; i++) {
        bolter_corpus *corpus;
        rc = sources_open(s, i, &corpus, err);
        if (rc == BOLTER_OK)
            rc = bolter_collection_add(c, corpus, s->source[i].part, err);
        bolter_corpus_free(corpus);
    }
    size_t n = 0;
    for (int part = BOLTER_TRAIN; part <= BOLTER_BY_SPLIT; part++)
        n += bolter_collection_count(c, (bolter_part)part);
    return rc == BOLTER_OK ? check_read(s, n, err) : rc;
}

/* ---- Labels ---- */

struct labels {
    const char *name[MAX_SOURCES];
    size_t n;
};

static bool has(const struct labels *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->name[i], name) == 0)
            return true;
    return false;
}

/* Cut a list with commas into names, in place. */
static bool cut_list(struct labels *l, char *list)
{
    for (bool more = true; more; l->n++) {
        size_t n = strcspn(list, ",");
        more = list[n] == ',';
        list[n] = 0;
        if (n == 0 || l->n == MAX_SOURCES || has(l, list))
            return false;
        l->name[l->n] = list;
        list += n + 1;
    }
    return l->n >= 2;
}

static bolter_status labels_given(const char *list, bolter_dataset *d, bolter_error *err)
{
    struct labels l = {.n = 0};
    char *copy = strdup(list);
    bolter_status rc = BOLTER_E_ARG;
    if (copy && cut_list(&l, copy)) {
        rc = bolter_dataset_labels(d, l.name, l.n, err);
    } else {
        err->code = rc;
        snprintf(err->text, sizeof err->text, "--labels: \"%s\", expected different names with commas",
                 list);
    }
    free(copy);
    return rc;
}

/* Where every source names its label, and one is neither ham nor spam. */
static bolter_status labels_of_sources(const struct sources *s, bolter_dataset *d, bolter_error *err)
{
    struct labels l = {.n = 0};
    bool other = false;
    for (size_t i = 0; i < s->n; i++) {
        const char *label = s->source[i].label;
        if (!label)
            return BOLTER_OK;
        other = other || (strcmp(label, "ham") != 0 && strcmp(label, "spam") != 0);
        if (!has(&l, label))
            l.name[l.n++] = label;
    }
    return other ? bolter_dataset_labels(d, l.name, l.n, err) : BOLTER_OK;
}

bolter_status sources_label(const struct sources *s, bolter_dataset *d, bolter_error *err)
{
    return s->labels ? labels_given(s->labels, d, err) : labels_of_sources(s, d, err);
}
