/* vocab.c - reads vocab.json and finds tokens by their bytes. */
#include "tok/vocab.h"

#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "tok/key.h"

static bool holds(const bt_vocab *v, const bt_vocab_slot *slot, uint64_t key,
                  const unsigned char *s, size_t n)
{
    if (slot->key != key || slot->len != n)
        return false;
    return n <= BT_KEY_EXACT || memcmp(v->bytes + v->start[slot->id], s, n) == 0;
}

int32_t bt_vocab_find(const bt_vocab *v, const unsigned char *s, size_t n)
{
    if (n > v->longest)
        return -1;
    uint64_t key = bt_key_of(s, n);
    for (size_t i = bt_key_slot(key, n, v->mask); v->slot[i].len; i = (i + 1) & v->mask)
        if (holds(v, &v->slot[i], key, s, n))
            return v->slot[i].id;
    return -1;
}

/* False when too many tokens collide. */
static bool insert(bt_vocab *v, int32_t id)
{
    size_t n;
    const unsigned char *s = bt_vocab_bytes(v, id, &n);
    uint64_t key = bt_key_of(s, n);
    size_t i = bt_key_slot(key, n, v->mask);
    for (size_t probe = 0; v->slot[i].len; probe++, i = (i + 1) & v->mask)
        if (probe == BT_TOK_PROBE_MAX)
            return false;
    v->own.slot[i] = (bt_vocab_slot){key, (uint32_t)n, id};
    if (n > v->longest)
        v->longest = (uint32_t)n;
    return true;
}

static bool indexed(const bt_vocab *v, int32_t id)
{
    return !v->own.literal[id] && v->start[id + 1] > v->start[id];
}

static bool build_index(bt_vocab *v, const bool *keep)
{
    memset(v->own.slot, 0, (v->mask + 1) * sizeof *v->own.slot);
    v->longest = 0;
    for (int32_t id = 0; id < v->n; id++)
        if (indexed(v, id) && (!keep || keep[id]) && !insert(v, id))
            return false;
    return true;
}

void bt_vocab_keep(bt_vocab *v, const bool *keep)
{
    /* A part of what was inserted before, in the same order: no chain gets longer. */
    (void)build_index(v, keep);
}

/* ---- Reading ------------------------------------------------------------------------------ */

/* Put each name at the place of its id. */
static bolter_status order_names(const char **names, size_t n, json_t *object, const char *path,
                                 bolter_error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        json_int_t id = json_integer_value(value);
        if (!json_is_integer(value) || id < 0 || (uint64_t)id >= n)
            return bt_fail(err, BOLTER_E_FORMAT,
                           "%s: token \"%.40s\": expected an id from 0 to %zu, found %s", path,
                           name, n - 1, json_is_integer(value) ? "another number" : "no integer");
        if (names[id])
            return bt_fail(err, BOLTER_E_FORMAT, "%s: tokens \"%.40s\" and \"%.40s\" share id %zu",
                           path, names[id], name, (size_t)id);
        names[id] = name;
    }
    return BOLTER_OK;
}

static bolter_status add_token(bt_vocab *v, const char *name, int32_t id, const bt_alphabet *a)
{
    bt_vocab_memory *own = &v->own;
    own->start[id] = (uint32_t)own->bytes.len;
    bolter_status rc = bt_alphabet_decode(a, name, strlen(name), &own->bytes);
    own->literal[id] = rc == BOLTER_E_FORMAT;
    if (own->literal[id])
        rc = bt_buf_append_str(&own->bytes, name) ? BOLTER_OK : BOLTER_E_NOMEM;
    own->start[id + 1] = (uint32_t)own->bytes.len;
    v->bytes = own->bytes.data;
    return rc;
}

static bolter_status allocate(bt_vocab *v, size_t n)
{
    size_t slots = 1024;
    while (slots < 2 * n)
        slots *= 2;
    bt_vocab_memory *own = &v->own;
    bt_buf_init(&own->bytes, BT_TOK_FILE_MAX);
    v->start = own->start = bt_alloc_array(n + 1, sizeof *own->start);
    own->literal = bt_alloc_array(n, sizeof *own->literal);
    v->slot = own->slot = bt_alloc_array(slots, sizeof *own->slot);
    v->mask = slots - 1;
    v->n = (int32_t)n;
    return own->start && own->literal && own->slot ? BOLTER_OK : BOLTER_E_NOMEM;
}

unsigned bt_vocab_find_bytes(bt_vocab *v)
{
    unsigned i = 0;
    for (; i < 256; i++) {
        unsigned char byte = (unsigned char)i;
        v->byte_id[i] = bt_vocab_find(v, &byte, 1);
        if (v->byte_id[i] < 0)
            break;
    }
    return i;
}

static bolter_status fill(bt_vocab *v, const char *const *names, size_t n, const bt_alphabet *a,
                          const char *path, bolter_error *err)
{
    bolter_status rc = allocate(v, n);
    for (size_t i = 0; rc == BOLTER_OK && i < n; i++)
        rc = add_token(v, names[i], (int32_t)i, a);
    if (rc != BOLTER_OK)
        return bt_fail(err, rc, "%s: no memory for %zu tokens", path, n);
    if (!build_index(v, NULL))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: more than %zu tokens collide", path,
                       BT_TOK_PROBE_MAX);
    unsigned found = bt_vocab_find_bytes(v);
    return found == 256 ? BOLTER_OK
                        : bt_fail(err, BOLTER_E_FORMAT, "%s: no token for the byte 0x%02x", path,
                                  found);
}

static bolter_status read_object(bt_vocab *v, json_t *object, const bt_alphabet *a,
                                 const char *path, bolter_error *err)
{
    if (!json_is_object(object))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: expected an object of tokens and ids", path);
    size_t n = json_object_size(object);
    if (n == 0 || n > BT_TOK_IDS_MAX)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %zu tokens, expected 1 to %zu", path, n,
                       BT_TOK_IDS_MAX);
    const char **names = bt_alloc_array(n, sizeof *names);
    if (!names)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory for %zu tokens", path, n);
    bolter_status rc = order_names(names, n, object, path, err);
    if (rc == BOLTER_OK)
        rc = fill(v, names, n, a, path, err);
    bt_release(names);
    return rc;
}

static bolter_status parse(json_t **out, const bt_buf *text, const char *path, bolter_error *err)
{
    json_error_t e;
    *out = json_loadb(text->data ? text->data : "", text->len, JSON_REJECT_DUPLICATES, &e);
    if (*out)
        return BOLTER_OK;
    bool memory = json_error_code(&e) == json_error_out_of_memory;
    return bt_fail(err, memory ? BOLTER_E_NOMEM : BOLTER_E_FORMAT, "%s:%d: %s", path, e.line,
                   e.text);
}

bolter_status bt_vocab_open(bt_vocab *v, const char *path, const bt_alphabet *a, bolter_error *err)
{
    *v = (bt_vocab){0};
    bt_buf text;
    bt_buf_init(&text, BT_TOK_FILE_MAX);
    json_t *json = NULL;
    bolter_status rc = bt_read_all(&text, path, err);
    if (rc == BOLTER_OK)
        rc = parse(&json, &text, path, err);
    bt_buf_free(&text);
    if (rc == BOLTER_OK)
        rc = read_object(v, json, a, path, err);
    json_decref(json);
    if (rc != BOLTER_OK)
        bt_vocab_free(v);
    return rc;
}

void bt_vocab_free(bt_vocab *v)
{
    bt_buf_free(&v->own.bytes);
    bt_release(v->own.start);
    bt_release(v->own.literal);
    bt_release(v->own.slot);
    *v = (bt_vocab){0};
}
