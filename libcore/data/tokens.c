/*
 * tokens.c - bolter_tokens_*: texts as one stream of tokens in a temporary file, for a language model.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "ckpt/model.h"
#include "data/corpus.h"
#include "data/gutenberg.h"

struct bolter_tokens {
    bolter_model *m;
    bolter_text *text;
    bolter_tokens_options o;
    bolter_tokens_count count;
    int32_t *ids; /* room for one text's, cap of them */
    size_t cap;
    FILE *file;
    bt_sha256 *sum;
    void *map; /* of all, once it has ended */
    char hex[65];
};

/* ---- Opening ---- */

static bolter_status open_file(bolter_tokens *t, bolter_error *err)
{
    int fd;
    bolter_status rc = bt_temp_open(&fd, err);
    if (rc != BOLTER_OK)
        return rc;
    t->file = fdopen(fd, "w+");
    if (t->file)
        return BOLTER_OK;
    int e = errno;
    close(fd);
    return bt_fail_errno(err, e, "temporary file of the tokens");
}

bolter_status bolter_tokens_open(bolter_tokens **out, bolter_model *m,
                                 const bolter_tokens_options *o, bolter_error *err)
{
    *out = NULL;
    if (!m->tok || m->eos_id < 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: no %s", m->dir,
                       m->tok ? "eos_token_id in config.json" : "vocab.json");
    bolter_tokens *t = bt_alloc(sizeof *t);
    if (!t)
        return bt_fail(err, BOLTER_E_NOMEM, "tokens: no memory");
    t->m = bolter_model_ref(m);
    if (o)
        t->o = *o;
    t->sum = bt_sha256_begin();
    const bolter_text_options whole = {.layout = m->card.text_layout,
                                       .max_message = BT_EXAMPLE_MAX,
                                       .max_output = BT_EXAMPLE_MAX};
    bolter_status rc = bolter_text_open(&t->text, &whole, err);
    if (rc == BOLTER_OK)
        rc = open_file(t, err);
    if (rc == BOLTER_OK)
        *out = t;
    else
        bolter_tokens_free(t);
    return rc;
}

void bolter_tokens_free(bolter_tokens *t)
{
    if (!t)
        return;
    if (t->map)
        munmap(t->map, (size_t)t->count.n_token * sizeof *t->ids);
    if (t->file)
        fclose(t->file);
    if (t->sum)
        bt_sha256_end(t->sum, t->hex);
    bolter_text_free(t->text);
    bt_release(t->ids);
    bolter_model_unref(t->m);
    bt_release(t);
}

bolter_tokens_count bolter_tokens_count_of(const bolter_tokens *t)
{
    return t->count;
}

/* ---- Adding texts ---- */

static bolter_status write_ids(bolter_tokens *t, const int32_t *ids, size_t n, bolter_error *err)
{
    if (fwrite(ids, sizeof *ids, n, t->file) != n)
        return bt_fail_errno(err, errno, "temporary file of the tokens");
    bt_sha256_add(t->sum, ids, n * sizeof *ids);
    t->count.n_token += n;
    return BOLTER_OK;
}

/* The tokens of a text, of which each takes a byte or more. */
static bolter_status write_text(bolter_tokens *t, const char *utf8, size_t n, bolter_error *err)
{
    size_t n_ids;
    if (n > t->cap) {
        bt_release(t->ids);
        t->ids = bt_alloc_array(n, sizeof *t->ids);
        t->cap = t->ids ? n : 0;
    }
    if (!t->ids)
        return bt_fail(err, BOLTER_E_NOMEM, "tokens: no memory for %zu bytes", n);
    bolter_status rc = bolter_tok_encode(t->m->tok, utf8, n, t->ids, t->cap, &n_ids, err);
    if (rc == BOLTER_OK && t->count.n_text > 0)
        rc = write_ids(t, &t->m->eos_id, 1, err);
    if (rc == BOLTER_OK)
        rc = write_ids(t, t->ids, n_ids, err);
    t->count.n_text++;
    return rc;
}

/* Share of ASCII among the characters: bytes that go on with one are none. */
static double ascii_share(const char *utf8, size_t n)
{
    size_t ascii = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)utf8[i];
        ascii += c < 0x80;
        all += (c & 0xc0) != 0x80;
    }
    return all > 0 ? (double)ascii / (double)all : 1;
}

static bolter_status lay_out(bolter_tokens *t, const bolter_example *ex, const char **utf8, size_t *n,
                             bolter_error *err)
{
    const char *bytes = ex->bytes;
    size_t len = ex->n;
    bolter_text_reset(t->text);
    if (t->o.gutenberg && !ex->is_mail)
        bt_gutenberg_book(&bytes, &len);
    if (!ex->is_mail)
        return bolter_text_plain(t->text, bytes, len, utf8, n, err);
    bolter_status rc = bolter_text_chunk(t->text, bytes, len, err);
    return rc == BOLTER_OK ? bolter_text_finish(t->text, utf8, n, err) : rc;
}

bolter_status bolter_tokens_add(bolter_tokens *t, bolter_corpus *c, bolter_error *err)
{
    bolter_example ex;
    bolter_status rc;
    if (!t->sum)
        return bt_fail(err, BOLTER_E_ARG, "tokens: the stream has ended");
    while ((rc = bolter_corpus_next(c, &ex, err)) == BOLTER_OK) {
        const char *utf8;
        size_t n;
        rc = lay_out(t, &ex, &utf8, &n, err);
        if (rc != BOLTER_OK)
            return rc;
        if (n == 0)
            t->count.empty++;
        else if (t->o.ascii_share > 0 && ascii_share(utf8, n) <= t->o.ascii_share)
            t->count.foreign++;
        else if ((rc = write_text(t, utf8, n, err)) != BOLTER_OK)
            return rc;
    }
    return rc == BOLTER_END ? BOLTER_OK : rc;
}

/* ---- The end ---- */

bolter_status bolter_tokens_end(bolter_tokens *t, bolter_seq *all, char hex[65], bolter_error *err)
{
    size_t n = (size_t)t->count.n_token;
    if (n == 0)
        return bt_fail(err, BOLTER_E_ARG, "tokens: no text");
    if (t->sum) {
        if (fflush(t->file) != 0)
            return bt_fail_errno(err, errno, "temporary file of the tokens");
        void *map = mmap(NULL, n * sizeof *t->ids, PROT_READ, MAP_SHARED, fileno(t->file), 0);
        if (map == MAP_FAILED)
            return bt_fail_errno(err, errno, "temporary file of the tokens: mmap");
        t->map = map;
        bt_sha256_end(t->sum, t->hex);
        t->sum = NULL;
    }
    *all = (bolter_seq){.ids = t->map, .n = n};
    if (hex)
        memcpy(hex, t->hex, sizeof t->hex);
    return BOLTER_OK;
}
