/* sources.h - the corpora of a command line, given the same way to every subcommand. */
#ifndef SOURCES_H
#define SOURCES_H

#include "bolter.h"
#include "trainer/options.h"

#define MAX_SOURCES 256

struct source {
    const char *label; /* NULL: the file carries labels */
    const char *path;
    bolter_part part;
};

struct sources {
    struct source source[MAX_SOURCES];
    size_t n;
    const char *split[MAX_SOURCES];
    size_t n_split;
    bool quiet;
};

/* Rows for an option table: --spam, --ham, --class, --data, --split, --train, --validation, --test. */
#define SOURCE_ROWS(s)                                                                             \
    HEADING("Corpora (mbox, Maildir, MH, directory, .eml, TSV, CSV; .gz):"),                       \
        CALL("spam", 0, sources_take, s, "PATH", "messages labelled spam"),                        \
        CALL("ham", 0, sources_take, s, "PATH", "messages labelled ham"),                          \
        CALL("class", 0, sources_take, s, "NAME=PATH", "messages labelled NAME"),                  \
        CALL("data", 0, sources_take, s, "FILE", "TSV or CSV with labels"),                        \
        CALL("train", 0, sources_take, s, "FILE", "the same, all for training"),                   \
        CALL("validation", 0, sources_take, s, "FILE", "all for validation"),                      \
        CALL("test", 0, sources_take, s, "FILE", "all for the test"),                              \
        CALL("split", 0, sources_take, s, "FILE", "parts by id (else 70/10/20 by text)")

/* An option's callback. */
bool sources_take(void *to, const char *name, const char *value);
/* Read everything into d. all: BOLTER_BY_SPLIT, or the part that sources without one of their own go
 * to. */
bolter_status sources_read(const struct sources *s, bolter_dataset *d, bolter_part all,
                           bolter_error *err);

#endif
