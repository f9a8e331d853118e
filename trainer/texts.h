/* texts.h - the corpora of a command line as texts in parts, extracted as for a model. */
#ifndef TEXTS_H
#define TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trainer/sources.h"

#define TEXT_PARTS      3 /* BOLTER_TRAIN, BOLTER_VALID, BOLTER_TEST */
#define MAX_TEXT_LABELS 64

struct text_row {
    char *id, *text; /* owned */
    size_t n;
    int32_t label;
};

struct text_part {
    struct text_row *row;
    size_t n, cap;
};

struct texts {
    size_t max_chars;             /* characters of a text that are kept; 0: all */
    char *label[MAX_TEXT_LABELS]; /* in the order of their bytes */
    size_t n_label;
    struct text_part part[TEXT_PARTS];
};

/* Read everything; max_chars is set. E_FORMAT names an example without a label. */
bolter_status texts_read(struct texts *t, const struct sources *s, bolter_error *err);
/* Free the texts; their ids and labels stay. */
void texts_drop(struct texts *t);
void texts_free(struct texts *t);

#endif
