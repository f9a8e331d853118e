/* merges.c - reads merges.txt into a hash table. */
#include "tok/merges.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

/* What reading a line needs. */
struct reader {
    bt_merges *m;
    const bt_vocab *v;
    const bt_alphabet *a;
    const char *path;
    size_t line;
    bt_buf bytes; /* of both tokens of the line */
};

static bolter_status bad(const struct reader *r, const char *what, bolter_error *err)
{
    return bt_fail(err, BOLTER_E_FORMAT, "%s:%zu: %s", r->path, r->line, what);
}

static bolter_status insert(const struct reader *r, int32_t left, int32_t right, int32_t id,
                            bolter_error *err)
{
    bt_merges *m = r->m;
    uint64_t pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t i = bt_merges_first_slot(m, pair);
    for (size_t probe = 0; m->slot[i].rank != BT_NO_RANK; probe++, i = (i + 1) & m->mask) {
        if (m->slot[i].pair == pair)
            return bad(r, "the same pair a second time", err);
        if (probe == BT_TOK_PROBE_MAX)
            return bad(r, "too many pairs collide", err);
    }
    m->own[i] = (bt_merge){pair, m->n++, id};
    return BOLTER_OK;
}

static int32_t find(const bt_vocab *v, const char *s, size_t n)
{
    return n ? bt_vocab_find(v, (const unsigned char *)s, n) : -1;
}

static bolter_status read_line(struct reader *r, const char *s, size_t n, bolter_error *err)
{
    const char *space = memchr(s, ' ', n);
    if (!space)
        return bad(r, "expected two tokens and a space between them", err);
    size_t n_left = (size_t)(space - s);
    bt_buf_reset(&r->bytes);
    bolter_status rc = bt_alphabet_decode(r->a, s, n_left, &r->bytes);
    size_t cut = r->bytes.len;
    if (rc == BOLTER_OK)
        rc = bt_alphabet_decode(r->a, space + 1, n - n_left - 1, &r->bytes);
    if (rc == BOLTER_E_NOMEM)
        return bt_fail(err, rc, "%s: no memory", r->path);
    if (rc != BOLTER_OK)
        return bad(r, "a character outside the alphabet of bytes", err);
    const char *both = r->bytes.data;
    int32_t left = find(r->v, both, cut), right = find(r->v, both + cut, r->bytes.len - cut);
    if (left < 0 || right < 0)
        return bad(r,
                   left < 0 ? "the left token is not in vocab.json"
                            : "the right token is not in vocab.json",
                   err);
    int32_t id = find(r->v, both, r->bytes.len);
    return id < 0 ? bad(r, "the merged token is not in vocab.json", err)
                  : insert(r, left, right, id, err);
}

static bolter_status read_lines(struct reader *r, const bt_buf *text, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    const char *s = text->data, *end = s + text->len;
    for (; s < end && rc == BOLTER_OK; s++) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        stop = stop ? stop : end;
        size_t n = (size_t)(stop - s);
        if (n > 0 && s[n - 1] == '\r')
            n--;
        r->line++;
        bool version = r->line == 1 && n >= 8 && memcmp(s, "#version", 8) == 0;
        if (n > 0 && !version)
            rc = read_line(r, s, n, err);
        s = stop;
    }
    if (rc == BOLTER_OK && r->m->n == 0)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: expected merges, found none", r->path);
    return rc;
}

static size_t count_lines(const bt_buf *text)
{
    size_t n = 1;
    for (size_t i = 0; i < text->len; i++)
        n += text->data[i] == '\n';
    return n;
}

static bolter_status allocate(bt_merges *m, size_t n, const char *path, bolter_error *err)
{
    if (n > BT_TOK_IDS_MAX)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %zu lines, expected at most %zu", path, n,
                       BT_TOK_IDS_MAX);
    size_t slots = 1024;
    while (slots < 2 * n)
        slots *= 2;
    m->slot = m->own = bt_alloc_array(slots, sizeof *m->own);
    if (!m->slot)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory for %zu merges", path, n);
    for (size_t i = 0; i < slots; i++)
        m->own[i].rank = BT_NO_RANK;
    m->mask = slots - 1;
    return BOLTER_OK;
}

bolter_status bt_merges_open(bt_merges *m, const char *path, const bt_vocab *v,
                             const bt_alphabet *a, bolter_error *err)
{
    *m = (bt_merges){0};
    struct reader r = {.m = m, .v = v, .a = a, .path = path};
    bt_buf text;
    bt_buf_init(&text, BT_TOK_FILE_MAX);
    bt_buf_init(&r.bytes, BT_TOK_FILE_MAX);
    bolter_status rc = bt_read_all(&text, path, err);
    if (rc == BOLTER_OK)
        rc = allocate(m, count_lines(&text), path, err);
    if (rc == BOLTER_OK)
        rc = read_lines(&r, &text, err);
    bt_buf_free(&text);
    bt_buf_free(&r.bytes);
    if (rc != BOLTER_OK)
        bt_merges_free(m);
    return rc;
}

void bt_merges_free(bt_merges *m)
{
    bt_release(m->own);
    *m = (bt_merges){0};
}
