/* files.h - small files of a directory, written so that a crash leaves the old or the new one. */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>

/* Write text as a file of a directory: a temporary file, synced, renamed. False after a complaint. */
bool save_text(const char *dir, const char *name, const char *text);

#endif
