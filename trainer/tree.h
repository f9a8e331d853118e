/* tree.h - folders on disk: their paths, size and removal. */
#ifndef TREE_H
#define TREE_H

#include <stdbool.h>
#include <stdint.h>

/* A formatted string to free(), or NULL after a complaint. */
char *text_of(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Complain of errno at path; always false. */
bool complain_errno(const char *path);

/* True for anything of this name, also a dangling link. */
bool path_exists(const char *path);
/* Remove a file, or a folder with all that is in it; links are not followed. False: complained. */
bool tree_remove(const char *path);
/* Count the regular files below path, or path itself, and their bytes. False: complained. */
bool tree_measure(const char *path, uint64_t *n_files, uint64_t *n_bytes);
/* All of it, and of its file system, is on disk when this returns. False: complained. */
bool tree_sync(const char *path);

#endif
