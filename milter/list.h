/*
 * list.h - a list of senders and clients from a file, to accept or to deny.
 *
 *     ann@example.org          envelope sender: an address, a domain or .domain, see names.h
 *     from:.example.org        the same for the From field that readers see
 *     192.0.2.0/24             the client: a host or a network
 */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "bolter.h"
#include "milter/envelope.h"

struct list;

/* Read the file. E_IO, E_FORMAT and E_LIMIT name it, and the line; E_NOMEM. */
bolter_status list_open(struct list **out, const char *path, bolter_error *err);
/* True if an entry fits; from is the address of the From field, or "". list may be NULL: false. */
bool list_holds(const struct list *list, const struct envelope *e, const char *from);
void list_close(struct list *list);

#endif
