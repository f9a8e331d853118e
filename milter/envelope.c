/* envelope.c - who sends a message, from where, and to whom. */
#include "milter/envelope.h"

#include <stdlib.h>
#include <string.h>

void envelope_begin(struct envelope *e, const char *sender, bool authenticated)
{
    envelope_end(e);
    e->authenticated = authenticated;
    address_of_envelope(e->sender, sender);
}

static bool grow(struct envelope *e)
{
    if (e->n_recipients < e->cap)
        return true;
    size_t cap = e->cap ? 2 * e->cap : 4;
    char **grown = realloc(e->recipient, cap * sizeof *grown);
    if (!grown)
        return false;
    e->recipient = grown;
    e->cap = cap;
    return true;
}

void envelope_add_recipient(struct envelope *e, const char *recipient)
{
    char *copy = NULL;
    if (e->n_recipients < ENVELOPE_RECIPIENTS && grow(e))
        copy = strdup(recipient);
    if (copy)
        e->recipient[e->n_recipients++] = copy;
    else
        e->incomplete = true;
}

void envelope_end(struct envelope *e)
{
    for (size_t i = 0; i < e->n_recipients; i++)
        free(e->recipient[i]);
    free(e->recipient);
    *e = (struct envelope){.client = e->client, .has_client = e->has_client};
}
