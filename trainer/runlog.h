/*
 * runlog.h - the record of a training run: a line an evaluation, as JSON lines, as CSV, as curves, and
 * as the JSON that a checkpoint keeps.
 */
#ifndef RUNLOG_H
#define RUNLOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "trainer/measure.h"

struct runlog_line {
    uint64_t step;
    double epoch;
    uint64_t examples; /* seen so far */
    double train_loss, train_accuracy;
    struct measures validation;
    double lr, grad_norm; /* of the last step */
    bool best;
    double seconds, tokens_per_second; /* since the run began; of the steps since the last line */
};

struct runlog {
    struct runlog_line *line;
    size_t n;
    const char *live; /* a file that gets each JSON line at once, or NULL */
};

/* Begin with the lines in log: live (may be NULL) is written anew with them. False (and a complaint)
 * when it cannot be. */
bool runlog_start(struct runlog *log, const char *live);
bool runlog_add(struct runlog *log, const struct runlog_line *line);
void runlog_free(struct runlog *log);

/* The content of train.jsonl, train.csv, loss.svg and accuracy.svg, to be freed with free(); NULL
 * without memory. */
char *runlog_jsonl(const struct runlog *log);
char *runlog_csv(const struct runlog *log);
char *runlog_loss_svg(const struct runlog *log);
char *runlog_accuracy_svg(const struct runlog *log);

/* An array that runlog_take() reads back to the bit; new, NULL without memory. */
json_t *runlog_json(const struct runlog *log);
/* Replace the lines. False if it is no such array, or without memory. */
bool runlog_take(struct runlog *log, const json_t *array);

#endif
