/*
 * pickle.h - the data of a Python pickle of protocol 2, read without running it.
 *
 * A pickle is a program for a stack machine, which can call anything in Python. Here the instructions
 * that make numbers, strings, tuples, lists and dictionaries do their work; a call becomes a value that
 * says what would be called, and of calls only those are known that a PyTorch state dict is made of.
 * Anything else is an error that names the byte. Source: the module pickletools of Python.
 */
#ifndef BT_PICKLE_H
#define BT_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "bolter.h"

enum bt_pickle_kind {
    BT_PICKLE_MARK,    /* none of a result */
    BT_PICKLE_OTHER,   /* None, a truth value, a float */
    BT_PICKLE_INT,     /* number */
    BT_PICKLE_TEXT,    /* n bytes at a place in the pickle */
    BT_PICKLE_TUPLE,   /* items */
    BT_PICKLE_LIST,
    BT_PICKLE_DICT,    /* items with keys */
    BT_PICKLE_NAME,    /* something of a Python module; number: which, see bt_pickle_name() */
    BT_PICKLE_TENSOR,  /* a call of _rebuild_tensor_v2 with these items */
    BT_PICKLE_STORAGE, /* a persistent id with these items */
};

typedef struct bt_pickle_value {
    enum bt_pickle_kind kind;
    int64_t number;
    size_t at, n;         /* n: bytes, or items */
    uint32_t first, last; /* items; 0: none */
} bt_pickle_value;

typedef struct bt_pickle_item {
    uint32_t key, value, next; /* key: of a dictionary; next 0: the last */
} bt_pickle_item;

/* Values and items refer to each other by their indices. A dictionary may hold itself. */
typedef struct bt_pickle {
    const unsigned char *bytes; /* borrowed */
    bt_pickle_value *value;
    size_t n_value, cap_value;
    bt_pickle_item *item; /* from 1 */
    size_t n_item, cap_item;
    uint32_t result;
} bt_pickle;

/* Read n bytes; path is for messages. E_FORMAT, E_VERSION (another protocol), E_LIMIT, E_NOMEM. */
bolter_status bt_pickle_read(bt_pickle *p, const unsigned char *bytes, size_t n, const char *path,
                             bolter_error *err);
void bt_pickle_free(bt_pickle *p);

/* Item i of a tuple or a call, or NULL. */
const bt_pickle_value *bt_pickle_at(const bt_pickle *p, const bt_pickle_value *v, size_t i);
/* Whether a value is this text. */
bool bt_pickle_is(const bt_pickle *p, const bt_pickle_value *v, const char *text);
/* "torch.FloatStorage", say, for a value that is a NAME. */
const char *bt_pickle_name(const bt_pickle_value *v);

#endif
