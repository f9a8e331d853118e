/*
 * vocab.h - the tokens of vocab.json: bytes of an id, and the id of bytes.
 *
 * The index is an open-addressing hash table. A word of at most 8 bytes, which nearly all words of
 * mail are, is its own key, so that finding it touches one cache line.
 */
#ifndef BT_VOCAB_H
#define BT_VOCAB_H

#include "tok/alphabet.h"

/* Limits of files from outside. */
#define BT_TOK_FILE_MAX  ((size_t)64 << 20) /* bytes of vocab.json, and of merges.txt */
#define BT_TOK_IDS_MAX   ((size_t)10000000)
#define BT_TOK_PROBE_MAX ((size_t)1024) /* slots searched: only crafted names collide so often */

typedef struct bt_vocab_slot {
    uint64_t key;
    uint32_t len; /* 0: the slot is free */
    int32_t id;
} bt_vocab_slot;

/* The memory behind a vocabulary that was read from vocab.json. */
typedef struct bt_vocab_memory {
    bt_buf bytes;
    uint32_t *start;
    bool *literal; /* the name is no text of the alphabet: a special token */
    bt_vocab_slot *slot;
} bt_vocab_memory;

typedef struct bt_vocab {
    const char *bytes;         /* of all tokens, one after the other */
    const uint32_t *start;     /* n + 1 offsets */
    const bt_vocab_slot *slot; /* tokens that can be found by their bytes */
    size_t mask;               /* number of slots - 1 */
    int32_t n;
    uint32_t longest; /* bytes of the longest token in the index */
    int32_t byte_id[256];
    bt_vocab_memory own; /* empty where the tables are mapped */
} bt_vocab;

/*
 * Read vocab.json: an object of names and ids, the ids being 0 .. n-1 and all 256 bytes being among
 * the tokens. On failure v is empty. E_IO, E_FORMAT, E_LIMIT, E_NOMEM.
 */
bolter_status bt_vocab_open(bt_vocab *v, const char *path, const bt_alphabet *a, bolter_error *err);
void bt_vocab_free(bt_vocab *v);

/* The id of bytes in the index, or -1. n > 0. */
int32_t bt_vocab_find(const bt_vocab *v, const unsigned char *s, size_t n);
/* Fill byte_id; returns how many of the 256 bytes are found before the first that is not. */
unsigned bt_vocab_find_bytes(bt_vocab *v);
/* Take out of the index every token whose keep is false. */
void bt_vocab_keep(bt_vocab *v, const bool *keep);

static inline const unsigned char *bt_vocab_bytes(const bt_vocab *v, int32_t id, size_t *n)
{
    *n = v->start[id + 1] - v->start[id];
    return (const unsigned char *)v->bytes + v->start[id];
}

#endif
