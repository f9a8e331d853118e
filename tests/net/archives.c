/* archives.c - archives for tests, kind and evil, written by libarchive. */
#include "tests/net/archives.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(struct archive *a, int rc)
{
    if (rc >= ARCHIVE_WARN)
        return;
    fprintf(stderr, "archive: %s\n", archive_error_string(a));
    exit(99);
}

static struct archive *writer_of(enum archive_kind kind)
{
    struct archive *a = archive_write_new();
    if (kind == ARCHIVE_TAR_GZ)
        must(a, archive_write_add_filter_gzip(a));
    if (kind == ARCHIVE_TAR_BZ2)
        must(a, archive_write_add_filter_bzip2(a));
    if (kind == ARCHIVE_TAR_XZ)
        must(a, archive_write_add_filter_xz(a));
    must(a, kind == ARCHIVE_OF_ZIP ? archive_write_set_format_zip(a)
                                   : archive_write_set_format_pax_restricted(a));
    must(a, archive_write_set_bytes_in_last_block(a, 1));
    return a;
}

static size_t size_of(const struct member *m)
{
    if (m->type != MEMBER_FILE)
        return 0;
    return m->n > 0 || !m->content ? m->n : strlen(m->content);
}

static void add_content(struct archive *a, const struct member *m)
{
    static const char zeros[65536];
    for (size_t left = size_of(m), n; left > 0; left -= n) {
        n = left < sizeof zeros || m->content ? left : sizeof zeros;
        if (archive_write_data(a, m->content ? m->content : zeros, n) != (la_ssize_t)n)
            must(a, ARCHIVE_FATAL);
    }
}

static void add(struct archive *a, const struct member *m)
{
    static const unsigned types[] = {[MEMBER_FILE] = AE_IFREG,
                                     [MEMBER_FOLDER] = AE_IFDIR,
                                     [MEMBER_SYMLINK] = AE_IFLNK,
                                     [MEMBER_HARDLINK] = AE_IFREG,
                                     [MEMBER_DEVICE] = AE_IFCHR};
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, m->path);
    archive_entry_set_filetype(e, types[m->type]);
    archive_entry_set_perm(e, 0755);
    archive_entry_set_size(e, (la_int64_t)size_of(m));
    if (m->type == MEMBER_SYMLINK)
        archive_entry_set_symlink(e, m->content);
    if (m->type == MEMBER_HARDLINK)
        archive_entry_set_hardlink(e, m->content);
    must(a, archive_write_header(a, e));
    add_content(a, m);
    archive_entry_free(e);
}

char *archive_of(enum archive_kind kind, const struct member *members, size_t n_members, size_t *n)
{
    size_t cap = 1 << 20;
    for (size_t i = 0; i < n_members; i++)
        cap += size_of(&members[i]) + 4096;
    char *bytes = malloc(cap);
    struct archive *a = writer_of(kind);
    if (!bytes)
        exit(99);
    must(a, archive_write_open_memory(a, bytes, cap, n));
    for (size_t i = 0; i < n_members; i++)
        add(a, &members[i]);
    must(a, archive_write_close(a));
    archive_write_free(a);
    return bytes;
}
