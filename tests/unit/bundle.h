/* bundle.h - writes what OpenAI released GPT-2 as, with the weights of a tiny model: TensorFlow's
 * checkpoint and the files beside it. */
#ifndef BUNDLE_H
#define BUNDLE_H

#include "base/buf.h"
#include "tests/unit/tiny.h"

/* An index in the making: entries in order of their names. */
struct table {
    bt_buf file, block, places;
    char last[128]; /* key */
    size_t n, per_block;
    uint32_t restart[256];
    size_t n_restart;
};

/* Begin a table with so many entries a block; add; end, whose bytes are t->file. */
void table_begin(struct table *t, size_t per_block);
void table_add(struct table *t, const char *key, const bt_buf *value);
void table_end(struct table *t);
void table_clear(struct table *t);

/* A field of a protocol buffer: a number, bytes, four bytes. */
void put_number(bt_buf *b, unsigned id, uint64_t number);
void put_bytes(bt_buf *b, unsigned id, const void *bytes, size_t n);
void put_fixed(bt_buf *b, unsigned id, uint32_t number);

/* A release in dir, which is made if need be. The model has n_inner = 4 n_embd. */
void release_write(const tiny *t, const char *dir, size_t entries_a_block);

#endif
