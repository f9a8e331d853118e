/*
 * bpe.c - bolter_bpe_*: a tokenizer learned from corpora.
 *
 * corpus -> batches of raw examples -> threads: text, pieces, a table of counts each -> one table ->
 * merges. A batch ends after so many bytes, whatever the number of threads, so that the moments at
 * which rare pieces are forgotten are the same too.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "bolter_train.h"
#include "tok/learn.h"
#include "tok/pretok.h"
#include "tok/vocab.h"

#define BATCH_BYTES ((size_t)16 << 20)
#define BATCH_MAX   ((size_t)128 << 20) /* with the example that ends it */
#define BATCH_TEXTS ((size_t)1 << 20)
#define MAX_PIECES  ((size_t)2000000)
#define MAX_THREADS 256
#define SPECIAL_MAX ((size_t)256) /* bytes of a name */

/* An example in batch.bytes. */
struct raw {
    size_t at, n;
    bool is_mail;
};

struct batch {
    bt_buf bytes;
    struct raw *raw;
    size_t n, cap;
    size_t next; /* the first that no thread has taken; atomic */
    bool verbatim;
};

/* What one thread counts with. */
struct counter {
    bolter_text *text;
    bt_tally tally;
    uint64_t n_bytes, n_pieces, n_long;
    bolter_error err;
};

struct bolter_bpe {
    bolter_bpe_options o;
    bolter_bpe_info info;
    bt_alphabet alphabet;
    bt_charclass classes;
    bt_tally tally;
    struct batch batch;
    struct counter *counter; /* (o.threads) */
    bt_learned learned;
};

static bolter_status no_memory(bolter_error *err)
{
    return bt_fail(err, BOLTER_E_NOMEM, "tokenizer: no memory");
}

/* ---- Options ------------------------------------------------------------------------------ */

/* Whether text is one piece, so that it may become a token by merges. */
static bool is_piece(const bolter_bpe *b, const char *s, size_t n)
{
    return n > 0 && bt_pretok_end(&b->classes, (const unsigned char *)s, n, 0) == n;
}

static bool is_utf8(const char *s, size_t n)
{
    size_t len;
    for (size_t i = 0; i < n; i += len)
        if (bt_codepoint((const unsigned char *)s + i, n - i, &len) == 0xfffd && len == 1)
            return false;
    return true;
}

/* As its own text, or read as a name in the alphabet. */
static bolter_status check_special(const bolter_bpe *b, const char *name, bolter_error *err)
{
    size_t n = strlen(name);
    if (n == 0 || n > SPECIAL_MAX || !is_utf8(name, n))
        return bt_fail(err, BOLTER_E_ARG, "special token \"%.60s\": expected 1 to %zu bytes of UTF-8",
                       name, SPECIAL_MAX);
    bt_buf bytes;
    bt_buf_init(&bytes, SPECIAL_MAX);
    bolter_status rc = bt_alphabet_decode(&b->alphabet, name, n, &bytes);
    bool learnable = is_piece(b, name, n) || is_piece(b, bytes.data, bytes.len);
    bt_buf_free(&bytes);
    if (rc == BOLTER_E_NOMEM)
        return no_memory(err);
    return learnable ? bt_fail(err, BOLTER_E_ARG, "special token \"%.60s\": could be learned from "
                               "text, expected one of several pieces such as <|endoftext|>", name)
                     : BOLTER_OK;
}

static bolter_status check_options(const bolter_bpe *b, bolter_error *err)
{
    const bolter_bpe_options *o = &b->o;
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < o->n_special; i++) {
        rc = check_special(b, o->special[i], err);
        for (size_t k = 0; rc == BOLTER_OK && k < i; k++)
            if (strcmp(o->special[i], o->special[k]) == 0)
                rc = bt_fail(err, BOLTER_E_ARG, "special token \"%.60s\": given twice",
                             o->special[i]);
    }
    if (rc == BOLTER_OK && (o->n_vocab <= 256 + o->n_special || o->n_vocab > BT_TOK_IDS_MAX))
        rc = bt_fail(err, BOLTER_E_ARG, "%zu tokens, expected %zu to %zu", o->n_vocab,
                     257 + o->n_special, BT_TOK_IDS_MAX);
    if (rc == BOLTER_OK && o->threads > MAX_THREADS)
        rc = bt_fail(err, BOLTER_E_ARG, "%zu threads, expected at most %d", o->threads, MAX_THREADS);
    return rc;
}

static bolter_status open_counters(bolter_bpe *b, bolter_error *err)
{
    b->counter = bt_alloc_array(b->o.threads, sizeof *b->counter);
    bolter_status rc = b->counter ? BOLTER_OK : no_memory(err);
    for (size_t i = 0; rc == BOLTER_OK && i < b->o.threads; i++)
        rc = bolter_text_open(&b->counter[i].text, NULL, err);
    return rc;
}

bolter_status bolter_bpe_open(bolter_bpe **out, const bolter_bpe_options *o, bolter_error *err)
{
    *out = NULL;
    bolter_bpe *b = bt_alloc(sizeof *b);
    if (!b)
        return no_memory(err);
    b->o = *o;
    if (b->o.threads == 0)
        b->o.threads = bt_n_processors();
    if (b->o.min_count == 0)
        b->o.min_count = 2;
    if (b->o.max_pieces == 0)
        b->o.max_pieces = MAX_PIECES;
    bt_alphabet_init(&b->alphabet);
    bt_charclass_init(&b->classes);
    bt_buf_init(&b->batch.bytes, BATCH_MAX);
    bolter_status rc = check_options(b, err);
    if (rc == BOLTER_OK)
        rc = open_counters(b, err);
    if (rc == BOLTER_OK)
        *out = b;
    else
        bolter_bpe_free(b);
    return rc;
}

void bolter_bpe_free(bolter_bpe *b)
{
    if (!b)
        return;
    for (size_t i = 0; b->counter && i < b->o.threads; i++) {
        bolter_text_free(b->counter[i].text);
        bt_tally_free(&b->counter[i].tally);
    }
    bt_release(b->counter);
    bt_tally_free(&b->tally);
    bt_buf_free(&b->batch.bytes);
    bt_release(b->batch.raw);
    bt_learned_free(&b->learned);
    bt_release(b);
}

void bolter_bpe_info_of(const bolter_bpe *b, bolter_bpe_info *out)
{
    *out = b->info;
    out->n_distinct = b->tally.n;
    out->n_merges = b->learned.n;
    out->n_vocab = b->o.n_special + 256 + b->learned.n;
}

/* ---- Counting: on each thread ------------------------------------------------------------- */

static bool count_text(const bolter_bpe *b, struct counter *c, const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    bool ok = true;
    for (size_t pos = 0, end; ok && pos < n; pos = end) {
        end = bt_pretok_end(&b->classes, s, n, pos);
        bool counts = end - pos <= BT_LEARN_MAX;
        c->n_pieces += counts;
        c->n_long += !counts;
        ok = !counts || bt_tally_add(&c->tally, s + pos, end - pos, 1);
    }
    c->n_bytes += n;
    return ok;
}

static bolter_status count_example(const bolter_bpe *b, struct counter *c, const struct raw *r)
{
    const char *bytes = b->batch.bytes.data + r->at, *text = bytes;
    size_t n = r->n;
    bolter_status rc = BOLTER_OK;
    if (r->is_mail) {
        bolter_text_reset(c->text);
        rc = bolter_text_chunk(c->text, bytes, r->n, &c->err);
        if (rc == BOLTER_OK)
            rc = bolter_text_finish(c->text, &text, &n, &c->err);
    } else if (!b->batch.verbatim) {
        rc = bolter_text_plain(c->text, bytes, r->n, &text, &n, &c->err);
    }
    if (rc == BOLTER_OK && !count_text(b, c, text, n))
        rc = no_memory(&c->err);
    return rc;
}

static void count_some(void *arg, size_t thread)
{
    bolter_bpe *b = arg;
    struct counter *c = &b->counter[thread];
    size_t i;
    while ((i = __atomic_fetch_add(&b->batch.next, 1, __ATOMIC_RELAXED)) < b->batch.n)
        if (count_example(b, c, &b->batch.raw[i]) != BOLTER_OK)
            return;
}

/* ---- Counting: batches -------------------------------------------------------------------- */

static bool gather(bolter_bpe *b, struct counter *c)
{
    bool ok = bt_tally_add_all(&b->tally, &c->tally);
    bt_tally_clear(&c->tally);
    b->info.n_bytes += c->n_bytes;
    b->info.n_pieces += c->n_pieces;
    b->info.n_long += c->n_long;
    c->n_bytes = c->n_pieces = c->n_long = 0;
    return ok;
}

static bolter_status count_batch(bolter_bpe *b, bolter_error *err)
{
    b->batch.next = 0;
    bt_parallel(b->o.threads, count_some, b);
    bool ok = true;
    for (size_t i = 0; ok && i < b->o.threads; i++) {
        struct counter *c = &b->counter[i];
        if (c->err.code != BOLTER_OK)
            return bt_fail(err, c->err.code, "%s", c->err.text);
        ok = gather(b, c);
    }
    uint64_t distinct = 0, pieces = 0;
    ok = ok && bt_tally_trim(&b->tally, b->o.max_pieces, &distinct, &pieces);
    b->info.n_forgotten_distinct += distinct;
    b->info.n_forgotten += pieces;
    b->info.n_texts += b->batch.n;
    b->batch.n = 0;
    bt_buf_reset(&b->batch.bytes);
    return ok ? BOLTER_OK : no_memory(err);
}

static bool put_raw(struct batch *batch, const bolter_example *ex)
{
    if (batch->n == batch->cap) {
        size_t cap = batch->cap ? 2 * batch->cap : 1024;
        struct raw *raw = bt_realloc_array(batch->raw, cap, sizeof *raw);
        if (!raw)
            return false;
        batch->raw = raw;
        batch->cap = cap;
    }
    batch->raw[batch->n] = (struct raw){batch->bytes.len, ex->n, ex->is_mail};
    if (!bt_buf_append(&batch->bytes, ex->bytes, ex->n))
        return false;
    batch->n++;
    return true;
}

/* In KiB, and so many of them as the share that was read lets expect. */
static void show(const bolter_bpe *b, const bolter_corpus *c, uint64_t n_read)
{
    double share = bolter_corpus_progress(c);
    if (b->o.progress)
        b->o.progress(b->o.ud, "KiB read", n_read >> 10,
                      share > 0 ? (uint64_t)((double)n_read / share) >> 10 : 0);
}

bolter_status bolter_bpe_add(bolter_bpe *b, bolter_corpus *c, bool verbatim, bolter_error *err)
{
    bolter_example ex;
    uint64_t n_read = 0;
    bolter_status rc;
    b->batch.verbatim = verbatim;
    while ((rc = bolter_corpus_next(c, &ex, err)) == BOLTER_OK) {
        if (!put_raw(&b->batch, &ex))
            return no_memory(err);
        n_read += ex.n;
        bool full = b->batch.bytes.len >= BATCH_BYTES || b->batch.n == BATCH_TEXTS;
        if (full && (rc = count_batch(b, err)) != BOLTER_OK)
            return rc;
        show(b, c, n_read);
    }
    return rc == BOLTER_END ? count_batch(b, err) : rc;
}

/* ---- Learning and saving ------------------------------------------------------------------ */

bolter_status bolter_bpe_learn(bolter_bpe *b, bolter_error *err)
{
    bt_learned_free(&b->learned);
    bolter_status rc =
        bt_learn(&b->learned, &b->tally, &b->alphabet, b->o.n_vocab - 256 - b->o.n_special,
                 b->o.min_count, b->o.progress, b->o.ud, err);
    if (rc == BOLTER_OK && b->learned.n == 0)
        rc = bt_fail(err, BOLTER_E_MISMATCH, "tokenizer: nothing to learn: in %" PRIu64 " texts no "
                     "two bytes stand together %" PRIu64 " times", b->info.n_texts, b->o.min_count);
    return rc;
}

/* A model's weights belong to the ids of its tokenizer. */
static bolter_status check_free(const char *dir, bolter_error *err)
{
    static const char *const names[] = {"vocab.json", "merges.txt"};
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < 2; i++) {
        char *path = bt_path_join(dir, names[i]);
        if (!path)
            rc = no_memory(err);
        else if (bt_file_exists(path))
            rc = bt_fail(err, BOLTER_E_MISMATCH, "%s: is there already; it is left alone", path);
        bt_release(path);
    }
    return rc;
}

bolter_status bolter_bpe_save(const bolter_bpe *b, const char *dir, bolter_error *err)
{
    bolter_status rc = check_free(dir, err);
    if (rc == BOLTER_OK && mkdir(dir, 0777) != 0 && errno != EEXIST)
        rc = bt_fail_errno(err, errno, "%s", dir);
    if (rc == BOLTER_OK)
        rc = bt_learned_write(&b->learned, &b->alphabet, b->o.special, b->o.n_special, dir, err);
    return rc == BOLTER_OK ? bolter_tok_compile(dir, err) : rc;
}
