/* recipients.c - recipients with levels of their own. */
#include "milter/recipients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/lines.h"
#include "milter/names.h"

struct recipients {
    struct levels usual;
    struct names names; /* numbers are places in levels */
    struct levels *levels;
    size_t n, cap;
};

/* One "NAME=VALUE". */
static bool set_word(struct levels *l, const char *word)
{
    int64_t mode;
    size_t n = strcspn(word, "=");
    if (word[n] != '=')
        return false;
    if (n == strlen("mode") && memcmp(word, "mode", n) == 0) {
        bool known = settings_choice(word + n + 1, "skip|score|full", &mode);
        l->mode = known ? (enum mode)mode : l->mode;
        return known;
    }
    double *at = policy_level(l, word, n);
    return at && settings_level(word + n + 1, at);
}

static bool add_levels(struct recipients *r, const struct levels *l)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 16;
        struct levels *grown = realloc(r->levels, cap * sizeof *grown);
        if (!grown)
            return false;
        r->levels = grown;
        r->cap = cap;
    }
    r->levels[r->n++] = *l;
    return true;
}

static bool take(void *ud, char *entry, char why[LINES_WHY_MAX])
{
    static const char blanks[] = " \t";
    struct recipients *r = ud;
    struct levels l = r->usual;
    const char *wrong = "no memory";
    char *key = strsep(&entry, blanks);
    for (char *word; (word = strsep(&entry, blanks));) {
        if (*word && !set_word(&l, word)) {
            snprintf(why, LINES_WHY_MAX,
                     "got '%.40s', expected mode=skip|score|full, or a level "
                     "such as tag_at=0.9, model or never",
                     word);
            return false;
        }
    }
    if (names_add(&r->names, key, r->n, &wrong) && add_levels(r, &l))
        return true;
    snprintf(why, LINES_WHY_MAX, "got '%.60s', %s", key, wrong);
    return false;
}

bolter_status recipients_open(struct recipients **out, const char *path, const struct levels *usual,
                              bolter_error *err)
{
    *out = NULL;
    struct recipients *r = calloc(1, sizeof *r);
    if (!r)
        return BOLTER_E_NOMEM;
    r->usual = *usual;
    const char *twice = NULL;
    bolter_status status = lines_each(path, take, r, err);
    if (status == BOLTER_OK && !names_sort(&r->names, &twice)) {
        status = BOLTER_E_FORMAT;
        if (err && err->code == BOLTER_OK) {
            err->code = status;
            snprintf(err->text, sizeof err->text, "%.90s: '%.60s' stands there twice", path, twice);
        }
    }
    if (status == BOLTER_OK)
        *out = r;
    else
        recipients_close(r);
    return status;
}

const struct levels *recipients_find(const struct recipients *r, const char *recipient)
{
    char plain[ADDRESS_MAX + 1];
    size_t i;
    if (!r)
        return NULL;
    address_of_envelope(plain, recipient);
    return names_find(&r->names, plain, &i) ? &r->levels[i] : NULL;
}

bool recipients_use(const struct recipients *r, enum action a)
{
    for (size_t i = 0; r && i < r->n; i++)
        if (r->levels[i].at[a] < SETTINGS_NEVER)
            return true;
    return false;
}

void recipients_close(struct recipients *r)
{
    if (!r)
        return;
    names_clear(&r->names);
    free(r->levels);
    free(r);
}
