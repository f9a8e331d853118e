/* features.c - counts hashes in a small table, one group after the other. */
#include "words/features.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "words/pieces.h"

enum {
    MAX_BODY = 16384,         /* bytes of a body that are read, */
    MAX_SUBJECT = 1024,
    MAX_TRAIT_CHARS = 4096, /* of the traits those of the header come first */
    MAX_WORD = 64,
    GROUP_MAX = 1 << 14,      /* different buckets of a group; what comes after them is not counted */
    TABLE = 2 * GROUP_MAX
};

enum group { BODY_WORDS, BODY_CHARS, SUBJECT, TRAITS, TRAIT_CHARS, N_GROUPS };

/* How long each group is made: the best of a few that cross-validation on training mail has tried. */
static const double length_of[N_GROUPS] = {
    [BODY_WORDS] = 1, [BODY_CHARS] = 1, [SUBJECT] = 0.5, [TRAITS] = 1.5, [TRAIT_CHARS] = 1};

struct bt_features {
    bt_pieces pieces;
    uint32_t slot[TABLE]; /* index of an entry of this group + 1, or 0 */
    size_t n, begin;      /* entries, and the first of this group */
    uint64_t seed;        /* of this group */
    uint32_t bucket[N_GROUPS * GROUP_MAX];
    float value[N_GROUPS * GROUP_MAX];
};

bolter_status bt_features_open(bt_features **out, bolter_error *err)
{
    *out = bt_alloc(sizeof **out);
    return *out ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "features: no memory");
}

void bt_features_free(bt_features *f)
{
    if (f)
        bt_pieces_free(&f->pieces);
    bt_release(f);
}

/* ---- One group ---- */

static void count(bt_features *f, uint32_t bucket)
{
    uint32_t at = bucket % TABLE;
    while (f->slot[at] != 0 && f->bucket[f->slot[at] - 1] != bucket)
        at = (at + 1) % TABLE;
    if (f->slot[at] != 0) {
        f->value[f->slot[at] - 1] += 1;
    } else if (f->n - f->begin < GROUP_MAX) {
        f->bucket[f->n] = bucket;
        f->value[f->n++] = 1;
        f->slot[at] = (uint32_t)f->n;
    }
}

static bolter_status count_gram(void *to, const char *gram, size_t n)
{
    bt_features *f = to;
    uint64_t h = (bt_hash(gram, n) ^ f->seed) * UINT64_C(0x9e3779b97f4a7c15);
    count(f, (uint32_t)(h >> (64 - BT_FEATURE_BITS)));
    return BOLTER_OK;
}

/* A gram, and where there are digits in it the same with zeros in their places. */
static bolter_status count_word(void *to, const char *gram, size_t n)
{
    char zeros[MAX_WORD];
    bool digits = false;
    for (size_t i = 0; i < n && n <= sizeof zeros; i++) {
        bool digit = gram[i] >= '0' && gram[i] <= '9';
        zeros[i] = digit ? '0' : gram[i];
        digits = digits || digit;
    }
    count_gram(to, gram, n);
    return digits ? count_gram(to, zeros, n) : BOLTER_OK;
}

static void begin_group(bt_features *f, enum group g)
{
    static const char names[] = "wcstu";
    memset(f->slot, 0, sizeof f->slot);
    f->begin = f->n;
    f->seed = bt_hash(names + g, 1);
}

/* Counts become values, and the group gets the length that each has. */
static void end_group(bt_features *f, enum group g)
{
    double squares = 0;
    for (size_t i = f->begin; i < f->n; i++) {
        double v = 1 + log((double)f->value[i]);
        f->value[i] = (float)v;
        squares += v * v;
    }
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    scale *= length_of[g];
    for (size_t i = f->begin; i < f->n; i++)
        f->value[i] = (float)((double)f->value[i] * scale);
}

/* ---- All groups ---- */

static const bolter_grams words = {.kind = BOLTER_GRAM_TOKENS, .min_n = 1, .max_n = 2};
static const bolter_grams chars = {.kind = BOLTER_GRAM_CHARS, .min_n = 3, .max_n = 5};

static bolter_status count_grams(bt_features *f, const bolter_grams *g, bt_feature_text t, size_t max,
                                 bolter_error *err)
{
    bolter_status rc = bt_pieces_cut(&f->pieces, g->kind, t.s, t.n < max ? t.n : max, err);
    bt_gram_fn each = g->kind == BOLTER_GRAM_CHARS ? count_gram : count_word;
    return rc == BOLTER_OK ? bt_pieces_grams(&f->pieces, g, each, f) : rc;
}

static void count_lines(bt_features *f, bt_feature_text t)
{
    for (size_t i = 0, n; i < t.n; i += n + 1) {
        const char *end = memchr(t.s + i, '\n', t.n - i);
        n = end ? (size_t)(end - t.s) - i : t.n - i;
        count_gram(f, t.s + i, n);
    }
}

bolter_status bt_features_of(bt_features *f, const bt_feature_texts *t, bolter_features *out,
                             bolter_error *err)
{
    f->n = 0;
    begin_group(f, BODY_WORDS);
    bolter_status rc = count_grams(f, &words, t->body, MAX_BODY, err);
    end_group(f, BODY_WORDS);
    begin_group(f, BODY_CHARS);
    if (rc == BOLTER_OK)
        rc = count_grams(f, &chars, t->body, MAX_BODY, err);
    end_group(f, BODY_CHARS);
    begin_group(f, SUBJECT);
    if (rc == BOLTER_OK)
        rc = count_grams(f, &words, t->subject, MAX_SUBJECT, err);
    if (rc == BOLTER_OK)
        rc = count_grams(f, &chars, t->subject, MAX_SUBJECT, err);
    end_group(f, SUBJECT);
    begin_group(f, TRAITS);
    count_lines(f, t->traits);
    end_group(f, TRAITS);
    begin_group(f, TRAIT_CHARS);
    if (rc == BOLTER_OK)
        rc = count_grams(f, &chars, t->traits, MAX_TRAIT_CHARS, err);
    end_group(f, TRAIT_CHARS);
    *out = (bolter_features){f->bucket, f->value, f->n};
    return rc;
}
