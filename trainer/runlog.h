/* runlog.h - the record of a training run: a line an evaluation, as JSON lines and as CSV. */
#ifndef RUNLOG_H
#define RUNLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "bolter.h"

struct runlog_line {
    uint64_t step;
    double epoch;
    uint64_t examples; /* seen so far */
    double train_loss, train_accuracy;           /* of the steps since the last line */
    double validation_loss, validation_accuracy;
    double lr, seconds;
    bool best;
};

struct runlog {
    char *json, *csv;
    size_t n_json, n_csv;
    const char *live; /* a file that gets each JSON line at once, or NULL */
};

/* live may be NULL. False (and a complaint) when it cannot be written or memory ends. */
bool runlog_start(struct runlog *log, const char *live);
bool runlog_add(struct runlog *log, const struct runlog_line *line);
/* Write train.jsonl and train.csv into a directory. */
bool runlog_save(const struct runlog *log, const char *dir);
void runlog_free(struct runlog *log);

/* Write text as a file of a directory: a temporary file, synced, renamed. */
bool save_text(const char *dir, const char *name, const char *text);

#endif
