/*
 * state.c - a trainer at rest: one safetensors file from which it goes on as if it had never
 * stopped.
 *
 * Of slot I of the optimiser the file holds "I.NAME.values", ".m" and ".v", and ".kept" once weights
 * were kept. The metadata are format, v, step, identity, note, and digest: the SHA-256 of the digests
 * of the tensors in this order, then of step, identity and note.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "train/trainer.h"

#define FORMAT "bolter-training"
#define VERSION "1"

static const char *const part_name[] = {"values", "m", "v", "kept"};
enum { KEPT = 3 };

static float *part_of(const bt_slot *s, size_t part)
{
    float *const parts[] = {s->p, s->m, s->v, s->kept};
    return parts[part];
}

/* ---- The tensors of a file ---- */

struct piece {
    char name[112];
    float *ours;       /* in the trainer */
    const void *bytes; /* ours, or in the mapped file */
    size_t n;          /* floats */
    char hex[65];
};

struct pieces {
    size_t n, threads;
    struct piece *piece;
};

static bolter_status pieces_of(struct pieces *s, const bolter_trainer *t, bool kept,
                               bolter_error *err)
{
    size_t parts = kept ? KEPT + 1 : KEPT;
    *s = (struct pieces){.n = parts * t->slots.n, .threads = t->o.threads};
    s->piece = bt_alloc_array(s->n, sizeof *s->piece);
    if (!s->piece)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    for (size_t i = 0; i < s->n; i++) {
        const bt_slot *slot = &t->slots.slot[i / parts];
        struct piece *p = &s->piece[i];
        snprintf(p->name, sizeof p->name, "%zu.%s.%s", i / parts, slot->name, part_name[i % parts]);
        p->bytes = p->ours = part_of(slot, i % parts);
        p->n = slot->n;
    }
    return BOLTER_OK;
}

static void hash_share(void *arg, size_t share)
{
    struct pieces *s = arg;
    for (size_t i = share; i < s->n; i += s->threads)
        bt_sha256_hex(s->piece[i].bytes, s->piece[i].n * sizeof(float), s->piece[i].hex);
}

static void digest_of(struct pieces *s, const char *step, const char *identity, const char *note,
                      char hex[65])
{
    bt_parallel(s->threads, hash_share, s);
    bt_sha256 *sum = bt_sha256_begin();
    for (size_t i = 0; i < s->n; i++)
        bt_sha256_add(sum, s->piece[i].hex, 64);
    bt_sha256_add(sum, step, strlen(step) + 1); /* the NUL keeps neighbours apart */
    bt_sha256_add(sum, identity, strlen(identity) + 1);
    bt_sha256_add(sum, note, strlen(note) + 1);
    bt_sha256_end(sum, hex);
}

/* ---- Saving ---- */

static bolter_status write_pieces(const struct pieces *s, json_t *metadata, const char *path,
                                  bolter_error *err)
{
    bt_safetensors_writer w;
    bolter_status rc = bt_writer_init(&w, metadata, err);
    for (size_t i = 0; rc == BOLTER_OK && i < s->n; i++)
        rc = bt_writer_declare(&w, s->piece[i].name, BT_F32, &s->piece[i].n, 1, err);
    if (rc == BOLTER_OK)
        rc = bt_writer_begin(&w, path, err);
    for (size_t i = 0; rc == BOLTER_OK && i < s->n; i++)
        bt_writer_put_floats(&w, BT_F32, s->piece[i].ours, s->piece[i].n);
    if (rc == BOLTER_OK)
        rc = bt_writer_end(&w, err);
    bt_writer_clear(&w);
    return rc;
}

/* By way of another name, so that path is the old file or the whole new one. */
static bolter_status write_whole(const struct pieces *s, json_t *metadata, const char *path,
                                 bolter_error *err)
{
    bt_buf tmp;
    bt_buf_init(&tmp, 65536);
    bt_remove_stale(path);
    if (!bt_buf_appendf(&tmp, "%s.tmp.%ld", path, (long)getpid()))
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    bolter_status rc = write_pieces(s, metadata, tmp.data, err);
    if (rc == BOLTER_OK)
        rc = bt_replace_file(tmp.data, path, err);
    else
        unlink(tmp.data);
    bt_buf_free(&tmp);
    return rc;
}

bolter_status bolter_trainer_state_save(const bolter_trainer *t, const char *path,
                                        const char *identity, const char *note, bolter_error *err)
{
    struct pieces s;
    char step[24], hex[65];
    bolter_status rc = pieces_of(&s, t, t->kept, err);
    if (rc != BOLTER_OK)
        return rc;
    snprintf(step, sizeof step, "%llu", (unsigned long long)t->step);
    digest_of(&s, step, identity, note, hex);
    json_t *metadata = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "format", FORMAT, "v", VERSION,
                                 "step", step, "identity", identity, "note", note, "digest", hex);
    rc = metadata ? write_whole(&s, metadata, path, err)
                  : bt_fail(err, BOLTER_E_ARG, "%s: identity or note is not UTF-8", path);
    json_decref(metadata);
    bt_release(s.piece);
    return rc;
}

/* ---- Loading ---- */

struct header {
    const char *step, *identity, *note, *digest; /* borrowed from the file's header */
    uint64_t n_step;
};

static bolter_status read_header(struct header *h, const bt_safetensors *st, bolter_error *err)
{
    json_t *m = json_object_get(st->header, "__metadata__");
    const char *format = json_string_value(json_object_get(m, "format"));
    const char *version = json_string_value(json_object_get(m, "v"));
    *h = (struct header){.step = json_string_value(json_object_get(m, "step")),
                         .identity = json_string_value(json_object_get(m, "identity")),
                         .note = json_string_value(json_object_get(m, "note")),
                         .digest = json_string_value(json_object_get(m, "digest"))};
    if (!format || strcmp(format, FORMAT) != 0 || !version)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: not the state of a training run", st->path);
    if (strcmp(version, VERSION) != 0)
        return bt_fail(err, BOLTER_E_VERSION, "%s: version %s of the format, expected " VERSION,
                       st->path, version);
    char *end = NULL;
    errno = 0;
    h->n_step = h->step ? strtoull(h->step, &end, 10) : 0;
    if (!end || end == h->step || *end || errno || !h->identity || !h->note || !h->digest)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: its metadata are incomplete", st->path);
    return BOLTER_OK;
}

/* A value in a sentence: a string without quotes, "nothing" where there is none; cut to fit. */
static void spell(char out[64], const json_t *v)
{
    char *text = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    const char *s = json_is_string(v) ? json_string_value(v) : text ? text : "nothing";
    bool cut = strlen(s) > 40;
    snprintf(out, 64, "%.*s%s", cut ? 36 : 40, s, cut ? "..." : "");
    free(text);
}

static bolter_status compare(json_t *theirs, json_t *ours, const char *path, bolter_error *err)
{
    const char *key = NULL;
    json_t *value;
    char was[64], is[64];
    const char *differs = NULL;
    json_object_foreach(ours, key, value)
        if (!differs && !json_equal(value, json_object_get(theirs, key)))
            differs = key;
    json_object_foreach(theirs, key, value)
        if (!differs && !json_object_get(ours, key))
            differs = key;
    if (!differs)
        return BOLTER_OK;
    spell(was, json_object_get(theirs, differs));
    spell(is, json_object_get(ours, differs));
    return bt_fail(err, BOLTER_E_MISMATCH, "%s: the run was begun with another %s: %s, now %s", path,
                   differs, was, is);
}

/* E_MISMATCH names the first thing that is not as it was. */
static bolter_status check_identity(const char *path, const char *was, const char *is,
                                    bolter_error *err)
{
    json_t *theirs = json_loads(was, 0, NULL), *ours = json_loads(is, 0, NULL);
    bolter_status rc = BOLTER_OK;
    if (!json_is_object(ours))
        rc = bt_fail(err, BOLTER_E_ARG, "trainer: the identity is not a JSON object");
    else if (!json_is_object(theirs))
        rc = bt_fail(err, BOLTER_E_FORMAT, "%s: its identity is not a JSON object", path);
    else
        rc = compare(theirs, ours, path, err);
    json_decref(theirs);
    json_decref(ours);
    return rc;
}

/* Point the pieces at the file's tensors; it must have these and no others. */
static bolter_status find_pieces(struct pieces *s, const bt_safetensors *st, bolter_error *err)
{
    for (size_t i = 0; i < s->n; i++) {
        struct piece *p = &s->piece[i];
        const bt_tensor *t = bt_safetensors_find(st, p->name);
        if (!t || t->dtype != BT_F32 || t->n_values != p->n)
            return bt_fail(err, BOLTER_E_MISMATCH, "%s: expected %s of %zu values, found %s", st->path,
                           p->name, p->n, t ? "another shape" : "none");
        p->bytes = t->data;
    }
    if (st->n != s->n)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: %zu tensors, expected %zu", st->path, st->n, s->n);
    return BOLTER_OK;
}

static bolter_status check_digest(struct pieces *s, const struct header *h, const char *path,
                                  bolter_error *err)
{
    char hex[65];
    digest_of(s, h->step, h->identity, h->note, hex);
    if (strcmp(hex, h->digest) == 0)
        return BOLTER_OK;
    return bt_fail(err, BOLTER_E_FORMAT, "%s: damaged: its content has another digest", path);
}

static void take_over(bolter_trainer *t, const struct pieces *s, uint64_t step, bool kept, char *note)
{
    for (size_t i = 0; i < s->n; i++)
        memcpy(s->piece[i].ours, s->piece[i].bytes, s->piece[i].n * sizeof(float));
    t->step = step;
    t->kept = kept;
    bt_release(t->note);
    t->note = note;
}

static bolter_status load(bolter_trainer *t, const bt_safetensors *st, const char *identity,
                          bolter_error *err)
{
    struct header h;
    struct pieces s = {0};
    char *note = NULL;
    bolter_status rc = read_header(&h, st, err);
    bool kept = st->n == (KEPT + 1) * t->slots.n;
    if (rc == BOLTER_OK)
        rc = check_identity(st->path, h.identity, identity, err);
    if (rc == BOLTER_OK)
        rc = pieces_of(&s, t, kept, err);
    if (rc == BOLTER_OK)
        rc = find_pieces(&s, st, err);
    if (rc == BOLTER_OK)
        rc = check_digest(&s, &h, st->path, err);
    if (rc == BOLTER_OK && !(note = bt_strdup(h.note)))
        rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", st->path);
    if (rc == BOLTER_OK)
        take_over(t, &s, h.n_step, kept, note);
    bt_release(s.piece);
    return rc;
}

bolter_status bolter_trainer_state_load(bolter_trainer *t, const char *path, const char *identity,
                                        const char **note, bolter_error *err)
{
    bt_safetensors st;
    bolter_status rc = bt_safetensors_open(&st, path, err);
    if (rc != BOLTER_OK)
        return rc;
    rc = load(t, &st, identity, err);
    if (rc == BOLTER_OK)
        *note = t->note;
    bt_safetensors_close(&st);
    return rc;
}
