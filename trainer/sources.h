/* sources.h - the corpora of a command line, given the same way to every subcommand. */
#ifndef SOURCES_H
#define SOURCES_H

#include "bolter_data.h"
#include "trainer/options.h"

#define MAX_SOURCES 256

struct source {
    const char *label; /* NULL: the file carries labels */
    const char *path;
    const char *kind; /* see bolter_corpus_open(); NULL: to be found out */
    bolter_part part;
};

struct sources {
    struct source source[MAX_SOURCES];
    size_t n;
    const char *split[MAX_SOURCES];
    size_t n_split;
    const char *kind; /* of the corpora that follow */
    bool quotes;      /* files with labels are "tsv-quotes" */
    const char *labels; /* see sources_label() */
};

/* Rows for an option table: --spam, --ham, --class, --data, --train, --validation, --test, --split,
 * --kind, --quotes. */
#define SOURCE_ROWS(s)                                                                             \
    HEADING("Corpora (mbox, Maildir, MH, directory, .eml; TSV, CSV, JSON lines, fastText; .gz):"), \
        CALL("spam", 0, sources_take, s, "PATH", "messages labelled spam"),                        \
        CALL("ham", 0, sources_take, s, "PATH", "messages labelled ham"),                          \
        CALL("class", 0, sources_take, s, "NAME=PATH", "messages labelled NAME"),                  \
        CALL("data", 0, sources_take, s, "FILE", "texts with labels"),                             \
        CALL("train", 0, sources_take, s, "FILE", "the same, all for training"),                   \
        CALL("validation", 0, sources_take, s, "FILE", "all for validation"),                      \
        CALL("test", 0, sources_take, s, "FILE", "all for the test"),                              \
        CALL("split", 0, sources_take, s, "FILE", "parts by id"),                                  \
        CALL("kind", 0, sources_take, s, "KIND", "what the corpora after it are"),                 \
        FLAG("quotes", 0, &(s)->quotes, "read TSV with quotes, as pandas does")

/* And of what trains, or takes any labels; what: whose they are. */
#define LABELS_ROW(s, what) STRING("labels", 0, &(s)->labels, "LIST", "labels " what)

/* An option's callback. */
bool sources_take(void *to, const char *name, const char *value);
/* Open the i-th of them. */
bolter_status sources_open(const struct sources *s, size_t i, bolter_corpus **out,
                           bolter_error *err);
/* Read everything into d. all: BOLTER_BY_SPLIT, or the part that every source goes to, also one
 * that has a part of its own. E_FORMAT names the sources where there is no text in any of them. */
bolter_status sources_read(const struct sources *s, bolter_dataset *d, bolter_part all,
                           bolter_error *err);
/* The same into c, each source in its part. */
bolter_status sources_collect(const struct sources *s, bolter_collection *c, bolter_error *err);
/* Before reading, for what trains or takes any labels: the labels are those of --labels; else, where every
 * source names one and one is neither ham nor spam, these in the order of their first use; else they stay
 * d's. */
bolter_status sources_label(const struct sources *s, bolter_dataset *d, bolter_error *err);

#endif
