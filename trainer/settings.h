/* settings.h - the options of a command as they took effect, and its corpora, as JSON. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <jansson.h>

#include "trainer/options.h"
#include "trainer/sources.h"

/* Every option of a table with its value, by its name, and "v":1; new. A string that was not given is
 * null. */
json_t *settings_json(const struct option_row *rows, size_t n);
/* A JSON value as an indented text file, to be freed with free(); NULL without memory. */
char *settings_text(const json_t *j);
/*
 * The corpora and split files in order: path, label and part where given, size and SHA-256 of a plain
 * file; new. NULL (and a complaint) for one that cannot be read.
 */
json_t *sources_json(const struct sources *s);

#endif
