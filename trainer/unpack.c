/*
 * unpack.c - archives from outside into a folder, by libarchive.
 *
 * libarchive reads; the writing is here, because it is short: a checked relative path, folders made
 * one by one, and files created anew. No entry can make a link, so no path can lead out of dir.
 */
#include "trainer/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trainer/interrupt.h"
#include "trainer/options.h"
#include "trainer/progress.h"
#include "trainer/tree.h"

#define GRACE     ((uint64_t)1 << 20) /* bytes that any archive may unpack to */
#define MAX_SHOWN 100                 /* bytes of a name from the archive that a message shows */

struct unpack {
    const char *archive, *skip;
    const struct unpack_limits *limits;
    struct archive *reader;
    int dir;
    uint64_t size; /* of the archive */
    uint64_t room; /* bytes that may still be written */
    uint64_t n_entries;
    char path[PATH_MAX]; /* of the entry at hand, below dir */
    struct progress progress;
};

/* ---- Complaints ---- */

static enum unpack_end bad(const struct unpack *u, const char *why)
{
    complain("%s: %s", u->archive, why);
    return UNPACK_BAD;
}

static const char *reason(const struct unpack *u)
{
    const char *why = archive_error_string(u->reader);
    return why ? why : "cannot be read";
}

/* A name from the archive goes to a terminal. */
static enum unpack_end bad_entry(const struct unpack *u, const char *name, const char *why)
{
    char shown[MAX_SHOWN + 1];
    snprintf(shown, sizeof shown, "%s", name ? name : "?");
    for (char *c = shown; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    complain("%s: \"%s\" %s", u->archive, shown, why);
    return UNPACK_BAD;
}

/* Errors that two entries of an archive can bring about between them are the archive's. */
static enum unpack_end cannot_write(const struct unpack *u)
{
    if (errno == ENOTDIR || errno == EISDIR || errno == EEXIST || errno == ENAMETOOLONG)
        return bad_entry(u, u->path, strerror(errno));
    complain_errno(u->path);
    return UNPACK_FAILED;
}

/* ---- Paths ---- */

/* What is wrong with the name of an entry, or NULL and u->path is the path below dir; "" is dir. */
static const char *take_path(struct unpack *u, const char *name)
{
    size_t n = 0;
    if (!name || !*name)
        return "has no name that can be read";
    if (*name == '/')
        return "is an absolute path";
    if (strlen(name) >= sizeof u->path)
        return "is too long a path";
    while (*name) {
        size_t len = strcspn(name, "/");
        if (len == 2 && memcmp(name, "..", 2) == 0)
            return "leads out of the folder";
        if (len > NAME_MAX)
            return "has too long a name";
        if (len > 0 && !(len == 1 && *name == '.')) {
            if (n > 0)
                u->path[n++] = '/';
            memcpy(u->path + n, name, len);
            n += len;
        }
        name += len + (name[len] == '/');
    }
    u->path[n] = 0;
    return NULL;
}

/* Make the folders of u->path, its last component too if all. */
static bool make_folders(struct unpack *u, bool all)
{
    for (char *slash = u->path; *slash; slash++) {
        if (*slash != '/')
            continue;
        *slash = 0;
        bool failed = mkdirat(u->dir, u->path, 0777) != 0 && errno != EEXIST;
        *slash = '/';
        if (failed)
            return false;
    }
    return !all || !*u->path || mkdirat(u->dir, u->path, 0777) == 0 || errno == EEXIST;
}

/* ---- Files ---- */

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, bytes, n);
        if (put < 0 && errno != EINTR)
            return false;
        bytes += put > 0 ? put : 0;
        n -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

static enum unpack_end copy_data(struct unpack *u, int fd)
{
    char chunk[65536];
    la_ssize_t got;
    while ((got = archive_read_data(u->reader, chunk, sizeof chunk)) > 0) {
        if (interrupted())
            return UNPACK_INTERRUPTED;
        if ((uint64_t)got > u->room)
            return bad(u, "unpacks to more than is allowed");
        u->room -= (uint64_t)got;
        if (!write_all(fd, chunk, (size_t)got))
            return cannot_write(u);
        progress_show(&u->progress, (uint64_t)archive_filter_bytes(u->reader, -1) >> 10,
                      u->size >> 10, "");
    }
    return got == 0 ? UNPACK_DONE : bad_entry(u, u->path, reason(u));
}

static enum unpack_end take_file(struct unpack *u)
{
    const char *slash = strrchr(u->path, '/');
    if (u->skip && strcmp(slash ? slash + 1 : u->path, u->skip) == 0)
        return UNPACK_DONE;
    if (!make_folders(u, false) || (unlinkat(u->dir, u->path, 0) != 0 && errno != ENOENT))
        return cannot_write(u);
    int fd = openat(u->dir, u->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return cannot_write(u);
    enum unpack_end end = copy_data(u, fd);
    if (close(fd) != 0 && end == UNPACK_DONE)
        end = cannot_write(u);
    return end;
}

static enum unpack_end take_entry(struct unpack *u, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    if (!name) /* not of this locale */
        name = archive_entry_pathname_utf8(entry);
    if (++u->n_entries > u->limits->max_entries)
        return bad(u, "has more files than are allowed");
    const char *wrong = take_path(u, name);
    if (wrong)
        return bad_entry(u, name, wrong);
    if (archive_entry_hardlink(entry) || archive_entry_symlink(entry))
        return bad_entry(u, name, "is a link");
    if (archive_entry_filetype(entry) == AE_IFDIR)
        return make_folders(u, true) ? UNPACK_DONE : cannot_write(u);
    if (archive_entry_filetype(entry) != AE_IFREG || !*u->path)
        return bad_entry(u, name, "is neither a file nor a folder");
    return take_file(u);
}

/* ---- Archives ---- */

static enum unpack_end take_entries(struct unpack *u)
{
    struct archive_entry *entry;
    enum unpack_end end = UNPACK_DONE;
    while (end == UNPACK_DONE) {
        int rc = archive_read_next_header(u->reader, &entry);
        if (rc == ARCHIVE_EOF)
            return u->n_entries > 0 ? UNPACK_DONE : bad(u, "is an empty archive");
        if (rc < ARCHIVE_WARN) /* a warning is about a name or a time, and the entry is there */
            return bad(u, reason(u));
        end = interrupted() ? UNPACK_INTERRUPTED : take_entry(u, entry);
    }
    return end;
}

/* The formats that data sets come in, and no more: each is code that reads hostile bytes. */
static bool open_reader(struct unpack *u)
{
    u->reader = archive_read_new();
    if (!u->reader) {
        complain("no memory");
        return false;
    }
    archive_read_support_filter_gzip(u->reader);
    archive_read_support_filter_bzip2(u->reader);
    archive_read_support_filter_xz(u->reader);
    archive_read_support_filter_zstd(u->reader);
    archive_read_support_format_tar(u->reader);
    archive_read_support_format_zip(u->reader);
    return true;
}

static enum unpack_end unpack(struct unpack *u)
{
    struct stat st;
    if (stat(u->archive, &st) != 0) {
        complain_errno(u->archive);
        return UNPACK_FAILED;
    }
    const struct unpack_limits *l = u->limits;
    u->size = (uint64_t)st.st_size;
    u->room = l->max_bytes;
    if (u->size < (UINT64_MAX - GRACE) / l->max_ratio && u->size * l->max_ratio + GRACE < u->room)
        u->room = u->size * l->max_ratio + GRACE;
    if (!open_reader(u))
        return UNPACK_FAILED;
    if (archive_read_open_filename(u->reader, u->archive, 65536) != ARCHIVE_OK)
        return bad(u, reason(u));
    progress_start(&u->progress, "unpacking, KiB");
    enum unpack_end end = take_entries(u);
    progress_end(&u->progress);
    return end;
}

enum unpack_end unpack_archive(const char *archive, const char *dir, const char *skip,
                               const struct unpack_limits *limits)
{
    struct unpack u = {.archive = archive, .skip = skip, .limits = limits};
    u.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (u.dir < 0) {
        complain_errno(dir);
        return UNPACK_FAILED;
    }
    enum unpack_end end = unpack(&u);
    archive_read_free(u.reader);
    close(u.dir);
    return end;
}
