/* learn_write.c - learned merges as vocab.json and merges.txt. */
#include "tok/learn.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#define MERGES_MAX ((size_t)1 << 36) /* bytes; 10 million tokens of BT_LEARN_MAX are less */

/* The two names as one, new; NULL without memory. */
static char *join(const char *left, const char *right)
{
    size_t n = strlen(left), m = strlen(right);
    char *both = bt_alloc(n + m + 1);
    if (both) {
        memcpy(both, left, n);
        memcpy(both + n, right, m);
    }
    return both;
}

/* Names of the bytes and of what was learned: 256 + l->n of them. False without memory. */
static bool make_names(char **name, const bt_learned *l, const bt_alphabet *a)
{
    for (size_t i = 0; i < 256; i++) {
        char text[3] = "";
        bt_alphabet_encode(a, a->order[i], text);
        if (!(name[i] = bt_strdup(text)))
            return false;
    }
    for (size_t i = 0; i < l->n; i++)
        if (!(name[256 + i] = join(name[l->rule[i].left], name[l->rule[i].right])))
            return false;
    return true;
}

/* Give a name the next id. */
static bool add_id(json_t *vocab, const char *name)
{
    json_int_t id = (json_int_t)json_object_size(vocab);
    return json_object_set_new_nocheck(vocab, name, json_integer(id)) == 0;
}

static bolter_status write_vocab(char *const *name, size_t n, const char *const *special,
                                 size_t n_special, const char *path, bolter_error *err)
{
    json_t *vocab = json_object();
    bool ok = vocab != NULL;
    for (size_t i = 0; ok && i < n_special; i++)
        ok = add_id(vocab, special[i]);
    for (size_t i = 0; ok && i < n; i++)
        ok = add_id(vocab, name[i]);
    char *text = ok ? json_dumps(vocab, JSON_COMPACT) : NULL;
    bolter_status rc = text ? bt_write_file(path, text, strlen(text), err)
                            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    free(text);
    json_decref(vocab);
    return rc;
}

static bolter_status write_merges(char *const *name, const bt_learned *l, const char *path,
                                  bolter_error *err)
{
    bt_buf b;
    bt_buf_init(&b, MERGES_MAX);
    bool ok = bt_buf_append_str(&b, "#version: 0.2\n");
    for (size_t i = 0; ok && i < l->n; i++)
        ok = bt_buf_append_str(&b, name[l->rule[i].left]) && bt_buf_append_char(&b, ' ') &&
             bt_buf_append_str(&b, name[l->rule[i].right]) && bt_buf_append_char(&b, '\n');
    bolter_status rc = ok ? bt_write_file(path, b.data, b.len, err)
                          : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    bt_buf_free(&b);
    return rc;
}

bolter_status bt_learned_write(const bt_learned *l, const bt_alphabet *a,
                               const char *const *special, size_t n_special, const char *dir,
                               bolter_error *err)
{
    size_t n = 256 + l->n;
    char **name = bt_alloc_array(n, sizeof *name);
    char *vocab = bt_path_join(dir, "vocab.json"), *merges = bt_path_join(dir, "merges.txt");
    bolter_status rc = name && vocab && merges && make_names(name, l, a)
                           ? write_merges(name, l, merges, err)
                           : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        rc = write_vocab(name, n, special, n_special, vocab, err);
    for (size_t i = 0; name && i < n; i++)
        bt_release(name[i]);
    bt_release(name);
    bt_release(vocab);
    bt_release(merges);
    return rc;
}
