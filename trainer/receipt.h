/*
 * receipt.h - what was fetched, in OUT.receipt beside the data: JSON with a size and a digest of
 * each download, and the count of what was unpacked. Later runs compare with it.
 */
#ifndef RECEIPT_H
#define RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECEIPT_FILES = 16 };

struct receipt {
    struct receipt_file {
        char name[256];
        uint64_t size;
        char sha256[65];
    } file[RECEIPT_FILES];
    size_t n;
    uint64_t n_unpacked, unpacked_bytes; /* 0: nothing was unpacked */
};

/* Read path; a receipt that is not there is empty. False: complained. */
bool receipt_load(struct receipt *r, const char *path);
bool receipt_save(const struct receipt *r, const char *path);
/* The entry of a download, or NULL. */
const struct receipt_file *receipt_find(const struct receipt *r, const char *name);
/* Add or replace one. False: there is no room. */
bool receipt_put(struct receipt *r, const char *name, uint64_t size, const char *sha256);

#endif
