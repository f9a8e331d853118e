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
#define SOURCE_ROWS(s)                                                                               \
    {.kind = OPTION_HEADING, .help = "Corpora (mbox, Maildir, MH, directory, .eml, TSV, CSV; .gz):"}, \
        {"spam", 0, OPTION_CALL, (s), 0, 0, "PATH", "messages labelled spam", sources_take},         \
        {"ham", 0, OPTION_CALL, (s), 0, 0, "PATH", "messages labelled ham", sources_take},           \
        {"class", 0, OPTION_CALL, (s), 0, 0, "NAME=PATH", "messages labelled NAME", sources_take},   \
        {"data", 0, OPTION_CALL, (s), 0, 0, "FILE", "TSV or CSV with labels", sources_take},         \
        {"train", 0, OPTION_CALL, (s), 0, 0, "FILE", "the same, all for training", sources_take},    \
        {"validation", 0, OPTION_CALL, (s), 0, 0, "FILE", "all for validation", sources_take},       \
        {"test", 0, OPTION_CALL, (s), 0, 0, "FILE", "all for the test", sources_take},               \
        {"split", 0, OPTION_CALL, (s), 0, 0, "FILE", "parts by id (else 70/10/20 by text)",          \
         sources_take}

/* An option's callback. */
bool sources_take(void *to, const char *name, const char *value);
/* Read everything into d. all: BOLTER_BY_SPLIT, or the part that sources without one of their own go
 * to. */
bolter_status sources_read(const struct sources *s, bolter_dataset *d, bolter_part all,
                           bolter_error *err);

#endif
