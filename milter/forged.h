/*
 * forged.h - fields that came with a message under names that only we may write. A mail server
 * removes a field by its name and its place among the fields of that name, so names are counted.
 */
#ifndef FORGED_H
#define FORGED_H

#include <stdbool.h>
#include <stddef.h>

#include "milter/mta.h"
#include "milter/style.h"

#define FORGED_NAMES    64   /* different names that are remembered */
#define FORGED_NAME_MAX 127  /* bytes of a name */
#define FORGED_FIELDS   1000 /* fields in all: servers search the whole header to remove one */

struct forged {
    const struct style *style; /* whose names are ours */
    size_t n;
    struct {
        char name[FORGED_NAME_MAX + 1];
        unsigned long count;
    } field[FORGED_NAMES];
    unsigned long count;    /* fields that forged_remove() removes */
    unsigned long too_many; /* fields beyond the limits: they would stay */
};

/* style is borrowed. */
void forged_init(struct forged *f, const struct style *style);
/* Note one field of the message; true if its name is ours. */
bool forged_note(struct forged *f, const char *name);
/* Have the server remove those that were counted; false as soon as it cannot be told. */
bool forged_remove(const struct forged *f, const struct mta *mta);

#endif
