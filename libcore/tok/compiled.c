/* compiled.c - writes the tokenizer's tables, reads and checks them. */
#include "tok/compiled.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define NAME    "tokenizer.bolter"
#define VERSION 1u

struct header {
    char magic[8];
    uint32_t version; /* also tells the order of bytes */
    uint32_t n, n_bytes, longest;
    uint32_t vocab_slots, merge_slots, n_merges;
    uint32_t reserved; /* 0 */
    uint64_t vocab, merges; /* digests of the files it was made from */
    uint64_t digest;        /* of what follows the header, and of the header with 0 here */
};

static const char magic[8] = "BOLTTOK";
_Static_assert(sizeof(struct header) == 64, "the slots after it are aligned");

/* ---- Digests ------------------------------------------------------------------------------ */

/*
 * A digest of 64 bits, fast enough for every start. Each step keeps all of a lane apart, so that
 * lanes differ when a byte does; only the last mix can make two texts equal, by chance.
 */
static uint64_t digest(const unsigned char *s, size_t n)
{
    static const uint64_t odd = 0x9e3779b97f4a7c15u;
    uint64_t lane[4] = {n, 1, 2, 3}, word[4], h = 0;
    for (size_t at = 0; at < n; at += sizeof word) {
        if (n - at < sizeof word)
            memset(word, 0, sizeof word);
        memcpy(word, s + at, n - at < sizeof word ? n - at : sizeof word);
        for (int i = 0; i < 4; i++) {
            lane[i] = (lane[i] ^ word[i]) * odd;
            lane[i] ^= lane[i] >> 32;
        }
    }
    for (int i = 0; i < 4; i++) {
        h = (h ^ lane[i]) * odd;
        h ^= h >> 29;
    }
    return h;
}

static uint64_t digest_whole(struct header h, const unsigned char *tables, size_t n)
{
    unsigned char bytes[sizeof h];
    h.digest = 0;
    memcpy(bytes, &h, sizeof h);
    return digest(tables, n) ^ digest(bytes, sizeof bytes);
}

void bt_compiled_seal(void *file, size_t n)
{
    struct header h;
    memcpy(&h, file, sizeof h);
    h.digest = digest_whole(h, (const unsigned char *)file + sizeof h, n - sizeof h);
    memcpy(file, &h, sizeof h);
}

static bolter_status digest_file(uint64_t *out, const char *dir, const char *name,
                                 bolter_error *err)
{
    bt_map map = {0};
    char *path = bt_path_join(dir, name);
    bolter_status rc = path ? bt_map_read(&map, path, err)
                            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        *out = digest(map.data, map.len);
    bt_map_close(&map);
    bt_release(path);
    return rc;
}

static bolter_status digest_sources(struct header *h, const char *dir, bolter_error *err)
{
    bolter_status rc = digest_file(&h->vocab, dir, "vocab.json", err);
    return rc == BOLTER_OK ? digest_file(&h->merges, dir, "merges.txt", err) : rc;
}

/* ---- Reading ------------------------------------------------------------------------------ */

static bool fits_limits(const struct header *h, size_t len)
{
    const uint32_t slots[] = {h->vocab_slots, h->merge_slots};
    for (size_t i = 0; i < 2; i++)
        if (slots[i] == 0 || (slots[i] & (slots[i] - 1)) != 0 || slots[i] > 4 * BT_TOK_IDS_MAX)
            return false;
    if (h->n == 0 || h->n > BT_TOK_IDS_MAX || h->n_bytes > BT_TOK_FILE_MAX)
        return false;
    uint64_t size = sizeof *h + (uint64_t)h->vocab_slots * sizeof(bt_vocab_slot) +
                    (uint64_t)h->merge_slots * sizeof(bt_merge) +
                    ((uint64_t)h->n + 1) * sizeof(uint32_t) + h->n_bytes;
    return size == len;
}

static bool read_header(struct header *h, const bt_map *map, const char *dir)
{
    struct header source = {0};
    if (map->len < sizeof *h)
        return false;
    memcpy(h, map->data, sizeof *h);
    return memcmp(h->magic, magic, sizeof magic) == 0 && h->version == VERSION &&
           fits_limits(h, map->len) && digest_sources(&source, dir, NULL) == BOLTER_OK &&
           h->vocab == source.vocab && h->merges == source.merges &&
           h->digest == digest_whole(*h, map->data + sizeof *h, map->len - sizeof *h);
}

static void point_into(bt_vocab *v, bt_merges *m, const struct header *h, const bt_map *map)
{
    const void *vocab_slots = map->data + sizeof *h;
    v->slot = vocab_slots;
    const void *merge_slots = v->slot + h->vocab_slots;
    m->slot = merge_slots;
    const void *starts = m->slot + h->merge_slots;
    v->start = starts;
    const void *bytes = v->start + h->n + 1;
    v->bytes = bytes;
    v->n = (int32_t)h->n;
    v->mask = h->vocab_slots - 1;
    v->longest = h->longest;
    m->mask = h->merge_slots - 1;
    m->n = h->n_merges;
}

/* A search ends at a free slot, so there has to be one, and soon. */
struct run {
    size_t length, n_free;
};

static bool step(struct run *r, bool is_free)
{
    r->length = is_free ? 0 : r->length + 1;
    r->n_free += is_free;
    return r->length <= BT_TOK_PROBE_MAX;
}

static bool check_vocab(const bt_vocab *v, uint32_t n_bytes)
{
    bool ok = v->start[0] == 0 && v->start[v->n] == n_bytes;
    for (int32_t id = 0; ok && id < v->n; id++)
        ok = v->start[id] <= v->start[id + 1];
    struct run run = {0};
    for (size_t i = 0; ok && i <= v->mask; i++) {
        const bt_vocab_slot *s = &v->slot[i];
        ok = step(&run, s->len == 0) &&
             (s->len == 0 || (s->id >= 0 && s->id < v->n && s->len <= v->longest &&
                              s->len == v->start[s->id + 1] - v->start[s->id]));
    }
    return ok && run.n_free > 0;
}

static bool check_merges(const bt_merges *m, int32_t n)
{
    bool ok = true;
    struct run run = {0};
    for (size_t i = 0; ok && i <= m->mask; i++) {
        const bt_merge *s = &m->slot[i];
        bool is_free = s->rank == BT_NO_RANK;
        ok = step(&run, is_free) && (is_free || (s->rank < m->n && s->id >= 0 && s->id < n));
    }
    return ok && run.n_free > 0;
}

bool bt_compiled_open(bt_map *map, bt_vocab *v, bt_merges *m, const char *dir)
{
    struct header h;
    char *path = bt_path_join(dir, NAME);
    bool ok = path && bt_map_read(map, path, NULL) == BOLTER_OK && read_header(&h, map, dir);
    bt_release(path);
    if (ok) {
        point_into(v, m, &h, map);
        ok = check_vocab(v, h.n_bytes) && check_merges(m, v->n) && bt_vocab_find_bytes(v) == 256;
    }
    if (!ok) {
        *v = (bt_vocab){0};
        *m = (bt_merges){0};
        bt_map_close(map);
    }
    return ok;
}

/* ---- Writing ------------------------------------------------------------------------------ */

bolter_status bt_compiled_write(const bt_vocab *v, const bt_merges *m, const char *dir,
                                bolter_error *err)
{
    struct header h = {.version = VERSION,
                       .n = (uint32_t)v->n,
                       .n_bytes = v->start[v->n],
                       .longest = v->longest,
                       .vocab_slots = (uint32_t)v->mask + 1,
                       .merge_slots = (uint32_t)m->mask + 1,
                       .n_merges = m->n};
    memcpy(h.magic, magic, sizeof magic);
    bolter_status rc = digest_sources(&h, dir, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_buf b;
    bt_buf_init(&b, SIZE_MAX / 2);
    char *path = bt_path_join(dir, NAME);
    bool ok = path && bt_buf_append(&b, &h, sizeof h) &&
              bt_buf_append(&b, v->slot, h.vocab_slots * sizeof *v->slot) &&
              bt_buf_append(&b, m->slot, h.merge_slots * sizeof *m->slot) &&
              bt_buf_append(&b, v->start, ((size_t)h.n + 1) * sizeof *v->start) &&
              bt_buf_append(&b, v->bytes, h.n_bytes);
    if (ok)
        bt_compiled_seal(b.data, b.len);
    rc = ok ? bt_write_file(path, b.data, b.len, err)
            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    bt_buf_free(&b);
    bt_release(path);
    return rc;
}
