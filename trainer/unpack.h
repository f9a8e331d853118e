/*
 * unpack.h - archives from outside (tar plain or compressed by gzip, bzip2, xz or zstd; zip) into a
 * folder, by libarchive.
 *
 * Nothing is written outside the folder: an absolute path, a "..", a link, a device or anything
 * else that is neither a file nor a folder ends it. Permissions, owners and times are not taken
 * over.
 */
#ifndef UNPACK_H
#define UNPACK_H

#include <stdint.h>

struct unpack_limits {
    uint64_t max_bytes;   /* of one archive, unpacked */
    uint64_t max_entries; /* files and folders of one archive */
    uint64_t max_ratio;   /* unpacked bytes for one of the archive, beyond the first MiB */
};

enum unpack_end {
    UNPACK_DONE,
    UNPACK_BAD,         /* the archive is torn, hostile, too large, or none */
    UNPACK_FAILED,      /* not the archive's fault, such as a full disk */
    UNPACK_INTERRUPTED, /* see interrupt.h */
};

/*
 * Unpack archive into dir, which exists and has no links in it. Files of the name skip (may be
 * NULL) are left out; of two entries with one path the later counts. Unless it is done there was a
 * complaint, and dir has an unknown part of the files: the caller removes it.
 */
enum unpack_end unpack_archive(const char *archive, const char *dir, const char *skip,
                               const struct unpack_limits *limits);

#endif
