/*
 * lines.h - a file of entries, one a line: blanks around an entry, empty lines and what follows a
 * "#" do not count.
 */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "bolter.h"

#define LINES_LENGTH_MAX 1024    /* bytes of a line */
#define LINES_MAX        1000000 /* lines of a file */

/* What was wrong with an entry, to be filled in by whoever refuses it. */
#define LINES_WHY_MAX 140

/* Take one entry, which may be written over; false with a sentence in why. */
typedef bool (*lines_fn)(void *ud, char *entry, char why[LINES_WHY_MAX]);

/* Call fn for each entry. The error names file and line. E_IO, E_FORMAT, E_LIMIT. */
bolter_status lines_each(const char *path, lines_fn fn, void *ud, bolter_error *err);

#endif
