/*
 * tok.c - bolter_tok_*: byte-level BPE, the tokenizer of GPT-2.
 *
 * Encoding: pretok.c cuts the text into pieces; a piece that is a token is looked up whole
 * (vocab.c), any other starts as one token a byte and is merged (bpe.c, merges.c). Nothing changes
 * after open. The tables come from the files, or ready from a copy beside them (compiled.c).
 */
#include "bolter.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "tok/bpe.h"
#include "tok/compiled.h"
#include "tok/pretok.h"

struct bolter_tok {
    bt_vocab vocab;
    bt_merges merges;
    bt_charclass class;
    bt_map compiled; /* what the tables point into, unless they were read from the files */
};

/* ---- Opening ------------------------------------------------------------------------------ */

static bolter_status no_memory(bolter_error *err)
{
    return bt_fail(err, BOLTER_E_NOMEM, "tokenizer: no memory");
}

static size_t to_byte_ids(const bolter_tok *t, const unsigned char *s, size_t n, int32_t *ids)
{
    for (size_t i = 0; i < n; i++)
        ids[i] = t->vocab.byte_id[s[i]];
    return n;
}

/*
 * Looking a piece up whole is right only if merging its bytes would give that token, which the
 * files do not promise: keep no other token in the index.
 */
static bolter_status keep_reachable(bolter_tok *t, bolter_error *err)
{
    bt_vocab *v = &t->vocab;
    bt_bpe_work work = {0};
    bool *keep = bt_alloc_array((size_t)v->n, sizeof *keep);
    int32_t *ids = bt_alloc_array(v->longest, sizeof *ids);
    bool ok = keep && ids;
    for (int32_t id = 0; ok && id < v->n; id++) {
        size_t n;
        const unsigned char *s = bt_vocab_bytes(v, id, &n);
        if (v->own.literal[id] || n == 0)
            continue;
        to_byte_ids(t, s, n, ids);
        ok = bt_bpe_merge(&t->merges, ids, &n, &work);
        keep[id] = n == 1 && ids[0] == id;
    }
    if (ok)
        bt_vocab_keep(v, keep);
    bt_release(keep);
    bt_release(ids);
    bt_bpe_work_free(&work);
    return ok ? BOLTER_OK : no_memory(err);
}

static bolter_status read_files(bolter_tok *t, const char *dir, bolter_error *err)
{
    char *vocab = bt_path_join(dir, "vocab.json"), *merges = bt_path_join(dir, "merges.txt");
    bt_alphabet a;
    bt_alphabet_init(&a);
    bolter_status rc = vocab && merges ? bt_vocab_open(&t->vocab, vocab, &a, err) : no_memory(err);
    if (rc == BOLTER_OK)
        rc = bt_merges_open(&t->merges, merges, &t->vocab, &a, err);
    bt_release(vocab);
    bt_release(merges);
    return rc == BOLTER_OK ? keep_reachable(t, err) : rc;
}

bolter_status bolter_tok_open(bolter_tok **out, const char *dir, bolter_error *err)
{
    *out = NULL;
    bolter_tok *t = bt_alloc(sizeof *t);
    if (!t)
        return no_memory(err);
    bt_charclass_init(&t->class);
    bolter_status rc = bt_compiled_open(&t->compiled, &t->vocab, &t->merges, dir)
                           ? BOLTER_OK
                           : read_files(t, dir, err);
    if (rc == BOLTER_OK)
        *out = t;
    else
        bolter_tok_free(t);
    return rc;
}

bolter_status bolter_tok_compile(const char *dir, bolter_error *err)
{
    bolter_tok *t = bt_alloc(sizeof *t);
    bolter_status rc = t ? read_files(t, dir, err) : no_memory(err);
    if (rc == BOLTER_OK)
        rc = bt_compiled_write(&t->vocab, &t->merges, dir, err);
    bolter_tok_free(t);
    return rc;
}

int32_t bolter_tok_vocab(const bolter_tok *t)
{
    return t->vocab.n;
}

void bolter_tok_free(bolter_tok *t)
{
    if (!t)
        return;
    bt_vocab_free(&t->vocab);
    bt_merges_free(&t->merges);
    bt_map_close(&t->compiled);
    bt_release(t);
}

/* ---- Encoding ----------------------------------------------------------------------------- */

/* The caller's array, and memory for the long pieces of one call. */
struct sink {
    int32_t *ids;
    size_t cap, n;
    int32_t *piece;
    size_t piece_cap;
    bt_bpe_work work;
};

static void put(struct sink *out, const int32_t *ids, size_t n)
{
    size_t room = out->n < out->cap ? out->cap - out->n : 0;
    size_t take = n < room ? n : room;
    if (take)
        memcpy(out->ids + out->n, ids, take * sizeof *ids);
    out->n += n;
}

static void put_one(struct sink *out, int32_t id)
{
    if (out->n < out->cap)
        out->ids[out->n] = id;
    out->n++;
}

static bool reserve(struct sink *out, size_t n)
{
    if (n <= out->piece_cap)
        return true;
    bt_release(out->piece);
    out->piece = bt_alloc_array(n, sizeof *out->piece);
    out->piece_cap = out->piece ? n : 0;
    return out->piece != NULL;
}

static bool encode_piece(const bolter_tok *t, const unsigned char *s, size_t n, struct sink *out)
{
    int32_t few[BT_BPE_SHORT], *ids = few;
    if (n > BT_BPE_SHORT) {
        if (!reserve(out, n))
            return false;
        ids = out->piece;
    }
    to_byte_ids(t, s, n, ids);
    if (!bt_bpe_merge(&t->merges, ids, &n, &out->work))
        return false;
    put(out, ids, n);
    return true;
}

bolter_status bolter_tok_encode(const bolter_tok *t, const char *utf8, size_t n, int32_t *ids,
                                size_t cap, size_t *n_ids, bolter_error *err)
{
    /* Places within a piece are 32-bit. */
    if (n > INT32_MAX)
        return bt_fail(err, BOLTER_E_LIMIT, "tokenizer: text of %zu bytes, expected at most %d", n,
                       INT32_MAX);
    const unsigned char *s = (const unsigned char *)utf8;
    struct sink out = {.ids = ids, .cap = cap};
    bool ok = true;
    for (size_t pos = 0, end; ok && pos < n; pos = end) {
        end = bt_pretok_end(&t->class, s, n, pos);
        int32_t id = bt_vocab_find(&t->vocab, s + pos, end - pos);
        if (id >= 0)
            put_one(&out, id);
        else
            ok = encode_piece(t, s + pos, end - pos, &out);
    }
    bt_release(out.piece);
    bt_bpe_work_free(&out.work);
    if (!ok)
        return no_memory(err);
    *n_ids = out.n;
    return BOLTER_OK;
}

/* ---- Decoding ----------------------------------------------------------------------------- */

bolter_status bolter_tok_decode(const bolter_tok *t, const int32_t *ids, size_t n_ids, char *bytes,
                                size_t cap, size_t *n, bolter_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < n_ids; i++) {
        if (ids[i] < 0 || ids[i] >= t->vocab.n)
            return bt_fail(err, BOLTER_E_ARG, "tokenizer: id %d at %zu, expected 0 to %d", ids[i],
                           i, t->vocab.n - 1);
        size_t len;
        const unsigned char *s = bt_vocab_bytes(&t->vocab, ids[i], &len);
        size_t room = total < cap ? cap - total : 0;
        size_t take = len < room ? len : room;
        if (take)
            memcpy(bytes + total, s, take);
        total += len;
    }
    *n = total;
    return BOLTER_OK;
}
