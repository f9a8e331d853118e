/* names.c - a sorted array of addresses and domains. */
#include "milter/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name_entry {
    char *key; /* in lower case; the empty sender is "" */
    size_t value;
};

static int compare(const void *a, const void *b)
{
    const struct name_entry *x = a, *y = b;
    return strcmp(x->key, y->key);
}

/* An address has something on both sides of its one "@"; a domain has no "@". */
static bool is_key(const char *key)
{
    const char *at = strchr(key, '@');
    const char *domain = at ? at + 1 : key + (*key == '.');
    if (at && (at == key || strchr(at + 1, '@')))
        return false;
    return *domain && *domain != '.' && !strpbrk(key, "<>,;/\"");
}

static bool grow(struct names *t)
{
    if (t->n < t->cap)
        return true;
    size_t cap = t->cap ? 2 * t->cap : 16;
    struct name_entry *entry = realloc(t->entry, cap * sizeof *entry);
    if (!entry)
        return false;
    t->entry = entry;
    t->cap = cap;
    return true;
}

bool names_add(struct names *t, const char *key, size_t value, const char **why)
{
    char plain[ADDRESS_MAX + 1];
    address_of_envelope(plain, key);
    *why = "expected an address, a domain, .domain or <>";
    if (strcmp(key, "<>") != 0 && (strpbrk(key, "< \t") || !is_key(plain)))
        return false;
    *why = "no memory";
    if (!grow(t))
        return false;
    t->entry[t->n] = (struct name_entry){.key = strdup(plain), .value = value};
    return t->entry[t->n].key != NULL && ++t->n;
}

bool names_sort(struct names *t, const char **twice)
{
    if (t->n > 0)
        qsort(t->entry, t->n, sizeof *t->entry, compare);
    for (size_t i = 1; i < t->n; i++) {
        if (compare(&t->entry[i - 1], &t->entry[i]) == 0) {
            *twice = *t->entry[i].key ? t->entry[i].key : "<>";
            return false;
        }
    }
    return true;
}

static bool find(const struct names *t, char *key, size_t *value)
{
    const struct name_entry wanted = {.key = key};
    const struct name_entry *found =
        t->n > 0 ? bsearch(&wanted, t->entry, t->n, sizeof *t->entry, compare) : NULL;
    if (found)
        *value = found->value;
    return found != NULL;
}

bool names_find(const struct names *t, const char *address, size_t *value)
{
    char key[ADDRESS_MAX + 2];
    snprintf(key, sizeof key, "%s", address);
    if (find(t, key, value))
        return true;
    char *at = strrchr(key, '@');
    if (!at || !at[1])
        return false;
    if (find(t, at + 1, value))
        return true;
    /* The byte before each part of the domain becomes its leading dot. */
    for (char *part = at; part; part = strchr(part + 1, '.')) {
        *part = '.';
        if (find(t, part, value))
            return true;
    }
    return false;
}

void names_clear(struct names *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->entry[i].key);
    free(t->entry);
    *t = (struct names){0};
}
