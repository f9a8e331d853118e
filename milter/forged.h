/*
 * forged.h - fields that came with a message under names that only we may write. A mail server
 * removes a field by its name and its place among the fields of that name, so names are counted.
 */
#ifndef FORGED_H
#define FORGED_H

#include <stdbool.h>
#include <stddef.h>

#include "milter/mta.h"

#define FORGED_NAMES    64  /* different names that are remembered */
#define FORGED_NAME_MAX 127 /* bytes of a name */

struct forged {
    size_t n;
    struct {
        char name[FORGED_NAME_MAX + 1];
        unsigned long count;
    } field[FORGED_NAMES];
    unsigned long overlooked; /* fields beyond the limits; never one that we write ourselves */
};

void forged_init(struct forged *f);
/* Note one field of the message; true if its name is ours. */
bool forged_note(struct forged *f, const char *name);
/* Fields that forged_remove() will remove. */
unsigned long forged_count(const struct forged *f);
/* Have the server remove them all; false as soon as it cannot be told. */
bool forged_remove(const struct forged *f, const struct mta *mta);

#endif
