/* list.c - a list of senders and clients. */
#include "milter/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/lines.h"
#include "milter/names.h"
#include "milter/network.h"

struct list {
    struct names sender, from;
    struct network *network;
    size_t n_networks, cap;
};

static bool add_network(struct list *l, const struct network *net, const char **wrong)
{
    if (l->n_networks == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        struct network *grown = realloc(l->network, cap * sizeof *grown);
        *wrong = "no memory";
        if (!grown)
            return false;
        l->network = grown;
        l->cap = cap;
    }
    l->network[l->n_networks++] = *net;
    return true;
}

static bool take(void *ud, char *entry, char why[LINES_WHY_MAX])
{
    static const char from[] = "from:";
    struct list *l = ud;
    struct network net;
    const char *wrong;
    bool ok;
    if (strncmp(entry, from, strlen(from)) == 0)
        ok = names_add(&l->from, entry + strlen(from), 0, &wrong);
    else if (network_parse(&net, entry))
        ok = add_network(l, &net, &wrong);
    else
        ok = names_add(&l->sender, entry, 0, &wrong);
    if (!ok)
        snprintf(why, LINES_WHY_MAX, "got '%.60s', %s", entry, wrong);
    return ok;
}

bolter_status list_open(struct list **out, const char *path, bolter_error *err)
{
    *out = NULL;
    struct list *l = calloc(1, sizeof *l);
    if (!l)
        return BOLTER_E_NOMEM;
    const char *twice;
    bolter_status status = lines_each(path, take, l, err);
    if (status != BOLTER_OK) {
        list_close(l);
        return status;
    }
    /* An entry that stands twice does no harm here. */
    names_sort(&l->sender, &twice);
    names_sort(&l->from, &twice);
    *out = l;
    return BOLTER_OK;
}

bool list_holds(const struct list *l, const struct envelope *e, const char *from)
{
    size_t value;
    if (!l)
        return false;
    for (size_t i = 0; e->has_client && i < l->n_networks; i++)
        if (network_holds(&l->network[i], &e->client))
            return true;
    return names_find(&l->sender, e->sender, &value) ||
           (*from && names_find(&l->from, from, &value));
}

void list_close(struct list *l)
{
    if (!l)
        return;
    names_clear(&l->sender);
    names_clear(&l->from);
    free(l->network);
    free(l);
}
