/*
 * part.h - a file on its way: NAME.part in a folder, with a note of where it comes from.
 *
 * The note, NAME.note, has the address and the validator (an ETag, or a Last-Modified date) of the
 * bytes that are there, so that a later run can go on where this one ended, and only if the file at
 * that address is still the same (RFC 9110, section 13.1.5). NAME itself appears when all is there
 * and verified.
 */
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trainer/catalogue.h"

struct part {
    const char *dir, *name;   /* borrowed */
    char *path, *part, *note; /* names of files */
    int fd;
    uint64_t have;         /* bytes in NAME.part */
    char *url, *validator; /* where they came from; "" where not known */
};

/* Open or create NAME.part. False: complained; close it anyway. */
bool part_open(struct part *p, const char *dir, const char *name);
/* Forget the bytes. */
bool part_restart(struct part *p);
/* Begin anew with the bytes of this address; validator may be NULL. */
bool part_begin(struct part *p, const char *url, const char *validator);
bool part_append(struct part *p, const void *bytes, size_t n);
/* Begin anew with the content of a local file. */
bool part_copy(struct part *p, const char *from);
/* True if size and digest are those of f, where known. sha256 gets the digest of what is there. */
bool part_verify(const struct part *p, const struct known_file *f, char sha256[65]);
/* NAME.part becomes NAME. */
bool part_finish(struct part *p);
/* Without bytes nothing stays of it. */
void part_close(struct part *p);
/* Remove NAME and all that belongs to it. */
void part_forget(const char *dir, const char *name);

/* True if the file has this size and digest, where known; else a complaint. sha256 as above. */
bool file_verify(const char *path, uint64_t size, const char *want_sha256, char sha256[65]);

#endif
