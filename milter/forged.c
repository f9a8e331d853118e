/*
 * forged.c - a small table of names. The names that a reader of mail trusts have their places from the
 * start: a message cannot crowd them out with a thousand others.
 */
#include "milter/forged.h"

#include <string.h>
#include <strings.h>

#include "milter/field.h"

static const char *const trusted[] = {"X-Spam-Flag",  "X-Spam-Status", "X-Spam-Score",
                                      "X-Spam-Level", "X-Bolter",      "X-Spam-Checker-Version"};

static void add(struct forged *f, const char *name, size_t len)
{
    memcpy(f->field[f->n].name, name, len);
    f->field[f->n].name[len] = 0;
    f->field[f->n].count = 0;
    f->n++;
}

void forged_init(struct forged *f)
{
    f->n = 0;
    f->overlooked = 0;
    for (size_t i = 0; i < sizeof trusted / sizeof *trusted; i++)
        add(f, trusted[i], strlen(trusted[i]));
}

static bool room_for(const struct forged *f, size_t len)
{
    return f->n < FORGED_NAMES && len <= FORGED_NAME_MAX;
}

bool forged_note(struct forged *f, const char *name)
{
    size_t len = strlen(name), i = 0;
    if (!field_is_ours(name, len))
        return false;
    while (i < f->n && strcasecmp(f->field[i].name, name) != 0)
        i++;
    if (i == f->n && !room_for(f, len)) {
        f->overlooked++;
        return true;
    }
    if (i == f->n)
        add(f, name, len);
    f->field[i].count++;
    return true;
}

unsigned long forged_count(const struct forged *f)
{
    unsigned long n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += f->field[i].count;
    return n;
}

/* From the last to the first: removing one renumbers those after it. */
bool forged_remove(const struct forged *f, const struct mta *mta)
{
    for (size_t i = 0; i < f->n; i++)
        for (unsigned long k = f->field[i].count; k > 0; k--)
            if (!mta->remove_header(mta->ud, f->field[i].name, k))
                return false;
    return true;
}
