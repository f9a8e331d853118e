/*
 * record.h - one line of the log about one message: key=value words, or a JSON object, as log_format
 * says. Values never carry content of a message.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>

#define RECORD_MAX 1024

struct record {
    char line[RECORD_MAX];
    size_t n;
    bool json;
};

void record_begin(struct record *r);
/* A word; NULL or "" is written "-". What is not printable ASCII becomes '?'. */
void record_word(struct record *r, const char *key, const char *value);
/* A sentence, in double quotes. */
void record_text(struct record *r, const char *key, const char *value);
void record_number(struct record *r, const char *key, double value, int decimals);
void record_bool(struct record *r, const char *key, bool value);
/* Write it at one of the levels of settings.h. */
void record_write(struct record *r, int level);

#endif
