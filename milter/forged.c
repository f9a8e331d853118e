/*
 * forged.c - a small table of names, searched in order: a message that would make that slow is over
 * the limits, and is refused by whoever looks at too_many.
 */
#include "milter/forged.h"

#include <string.h>
#include <strings.h>

void forged_init(struct forged *f, const struct style *style)
{
    f->style = style;
    f->n = 0;
    f->count = 0;
    f->too_many = 0;
}

/* Index of a name of ours, added when it is new; FORGED_NAMES when there is no room. */
static size_t place_of(struct forged *f, const char *name, size_t len)
{
    if (len > FORGED_NAME_MAX)
        return FORGED_NAMES;
    for (size_t i = 0; i < f->n; i++)
        if (strcasecmp(f->field[i].name, name) == 0)
            return i;
    if (f->n == FORGED_NAMES)
        return FORGED_NAMES;
    memcpy(f->field[f->n].name, name, len + 1);
    f->field[f->n].count = 0;
    return f->n++;
}

bool forged_note(struct forged *f, const char *name)
{
    if (!style_owns(f->style, name))
        return false;
    size_t i = f->count < FORGED_FIELDS ? place_of(f, name, strlen(name)) : FORGED_NAMES;
    if (i == FORGED_NAMES) {
        f->too_many++;
    } else {
        f->field[i].count++;
        f->count++;
    }
    return true;
}

/* From the last to the first: removing one renumbers those after it. */
bool forged_remove(const struct forged *f, const struct mta *mta)
{
    for (size_t i = 0; i < f->n; i++)
        for (unsigned long k = f->field[i].count; k > 0; k--)
            if (!mta->change_header(mta->ud, f->field[i].name, k, NULL))
                return false;
    return true;
}
