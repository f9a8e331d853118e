/*
 * names.h - a table of addresses and domains, each with a number.
 *
 *     ann@example.org   this address
 *     example.org       every address of this domain, and of it alone
 *     .example.org      every address of this domain and of all below it
 *     <>                the empty sender, of bounces
 *
 * Case does not count. The most exact entry that fits an address is the one found.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "milter/address.h"

struct names {
    struct name_entry *entry;
    size_t n, cap;
};

/* Add an entry; false with a constant sentence in *why: malformed, or no memory. */
bool names_add(struct names *t, const char *key, size_t value, const char **why);
/* After the last entry. False, with *twice, when a key is there twice. */
bool names_sort(struct names *t, const char **twice);
/* The number of the entry for an address in lower case, "" for the empty sender. */
bool names_find(const struct names *t, const char *address, size_t *value);
void names_clear(struct names *t);

#endif
