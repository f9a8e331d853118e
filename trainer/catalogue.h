/*
 * catalogue.h - the data sets and models that fetch knows by name: what and where they are.
 *
 * A size or digest stands here only where it is known from a source other than the download itself;
 * where it is not, the first download's digest goes into a receipt (trainer/receipt.h).
 */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KNOWN_URLS = 2 };

/* One file to download. */
struct known_file {
    const char *name;             /* what it is called on disk; no slash */
    const char *urls[KNOWN_URLS]; /* tried in this order; the rest NULL */
    uint64_t size;                /* bytes; 0: not known */
    const char *sha256;           /* 64 lower-case digits; NULL: not known */
};

/* One unpacked file that must be what is expected, and gets a second name. */
struct known_member {
    const char *path; /* below the directory; NULL: there is no such file */
    uint64_t size;
    const char *sha256;
    const char *copy; /* its copy, beside it */
};

enum known_shape {
    KNOWN_FILE,     /* one file, which is the result */
    KNOWN_FILES,    /* a directory of the files */
    KNOWN_ARCHIVES, /* a directory with the files unpacked into it */
};

struct known {
    const char *name, *alias; /* alias may be NULL */
    const char *what;         /* a line for the reader of the list */
    enum known_shape shape;
    const struct known_file *files;
    size_t n_files;
    const char *skip; /* unpacking leaves out files of this name; or NULL */
    struct known_member member;
};

/* Entry i, or NULL past the last; and by its name or alias, or NULL. */
const struct known *known_at(size_t i);
const struct known *known_find(const char *name);

#endif
