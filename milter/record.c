/* record.c - the two forms of a line. A pair that no longer fits is left out as a whole. */
#include "milter/record.h"

#include <stdio.h>
#include <string.h>

#include "milter/log.h"

/* Longest value of a pair; also the text of an error. */
#define VALUE_MAX 256

void record_begin(struct record *r)
{
    *r = (struct record){.json = log_is_json()};
}

static void put(struct record *r, const char *key, const char *open, const char *value,
                const char *close)
{
    const char *gap = r->n == 0 ? "" : r->json ? "," : " ";
    size_t room = sizeof r->line - r->n;
    int n = snprintf(r->line + r->n, room, r->json ? "%s\"%s\":%s%s%s" : "%s%s=%s%s%s", gap, key,
                     open, value, close);
    if (n > 0 && (size_t)n < room)
        r->n += (size_t)n;
    else
        r->line[r->n] = 0;
}

void record_word(struct record *r, const char *key, const char *value)
{
    char word[VALUE_MAX];
    log_word(word, sizeof word, value);
    for (char *p = word; *p; p++)
        if (*p == '\\')
            *p = '?';
    put(r, key, r->json ? "\"" : "", word, r->json ? "\"" : "");
}

void record_text(struct record *r, const char *key, const char *value)
{
    char text[VALUE_MAX];
    snprintf(text, sizeof text, "%s", value);
    for (char *p = text; *p; p++)
        if (*p == '"' || *p == '\\')
            *p = '\'';
        else if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
            *p = '?';
    put(r, key, "\"", text, "\"");
}

void record_number(struct record *r, const char *key, double value, int decimals)
{
    char number[64];
    snprintf(number, sizeof number, "%.*f", decimals, value);
    put(r, key, "", number, "");
}

void record_bool(struct record *r, const char *key, bool value)
{
    put(r, key, "", r->json ? (value ? "true" : "false") : value ? "yes" : "no", "");
}

void record_write(struct record *r, int level)
{
    if (r->json)
        log_json(level, r->line);
    else
        log_write(level, "%s", r->line);
}
