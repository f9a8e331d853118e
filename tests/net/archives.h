/* archives.h - archives for tests, kind and evil, written by libarchive. */
#ifndef ARCHIVES_H
#define ARCHIVES_H

#include <stddef.h>

enum member_type { MEMBER_FILE, MEMBER_FOLDER, MEMBER_SYMLINK, MEMBER_HARDLINK, MEMBER_DEVICE };

struct member {
    const char *path;
    enum member_type type;
    const char *content; /* of a file; the target of a link */
    size_t n;            /* bytes of a file, 0: to the NUL; zeros where content is NULL */
};

enum archive_kind { ARCHIVE_TAR, ARCHIVE_TAR_GZ, ARCHIVE_TAR_BZ2, ARCHIVE_TAR_XZ, ARCHIVE_OF_ZIP };

/* An archive of these members in a new buffer to free(). Exits on failure. */
char *archive_of(enum archive_kind kind, const struct member *members, size_t n_members, size_t *n);

#endif
