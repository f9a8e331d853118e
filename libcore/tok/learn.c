/* learn.c - the loop that learns merges. */
#include "tok/learn.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "tok/pairs.h"

/* A piece as tokens: n of them in learner.symbol. */
struct word {
    uint64_t count;
    size_t at;
    uint32_t n;
};

struct learner {
    struct word *word;
    size_t n_word;
    int32_t *symbol;
    bt_pairs pairs;
};

/* ---- Words -------------------------------------------------------------------------------- */

static bool read_words(struct learner *l, const bt_tally *t, const bt_alphabet *a)
{
    l->word = bt_alloc_array(t->n, sizeof *l->word);
    l->symbol = bt_alloc_array(t->bytes.len, sizeof *l->symbol);
    if (!l->word || !l->symbol || t->n >= UINT32_MAX)
        return false;
    for (size_t i = 0; i < t->bytes.len; i++)
        l->symbol[i] = a->rank[(unsigned char)t->bytes.data[i]];
    for (size_t i = 0; t->slot && i <= t->mask; i++) {
        const bt_tally_slot *s = &t->slot[i];
        if (s->count)
            l->word[l->n_word++] = (struct word){s->count, s->at, (uint32_t)s->len};
    }
    return true;
}

static bool count_pairs(struct learner *l)
{
    bool ok = true;
    for (size_t w = 0; ok && w < l->n_word; w++) {
        const struct word *word = &l->word[w];
        const int32_t *s = l->symbol + word->at;
        for (uint32_t i = 0; ok && i + 1 < word->n; i++)
            ok = bt_pairs_add(&l->pairs, s[i], s[i + 1], (uint32_t)w, word->count);
    }
    return ok;
}

/* ---- Merging ------------------------------------------------------------------------------ */

/* Merge a pair wherever a word has it, from the left, and keep account of the neighbours. */
static bool merge_word(struct learner *l, uint32_t index, bt_rule rule, int32_t id)
{
    struct word *w = &l->word[index];
    int32_t *s = l->symbol + w->at;
    uint32_t n = 0;
    bool ok = true;
    for (uint32_t i = 0; i < w->n; i++) {
        if (i + 1 == w->n || s[i] != rule.left || s[i + 1] != rule.right) {
            s[n++] = s[i];
            continue;
        }
        if (n > 0) {
            bt_pairs_remove(&l->pairs, s[n - 1], rule.left, w->count);
            ok = ok && bt_pairs_add(&l->pairs, s[n - 1], id, index, w->count);
        }
        if (i + 2 < w->n) {
            bt_pairs_remove(&l->pairs, rule.right, s[i + 2], w->count);
            ok = ok && bt_pairs_add(&l->pairs, id, s[i + 2], index, w->count);
        }
        s[n++] = id;
        i++;
    }
    w->n = n;
    return ok;
}

/* False without memory. */
static bool apply(struct learner *l, size_t pair, bt_rule rule, int32_t id, uint64_t min_count)
{
    size_t before = l->pairs.n;
    bool ok = true;
    for (uint32_t word; ok && bt_pairs_next(&l->pairs, pair, &word);)
        ok = merge_word(l, word, rule, id);
    return ok && bt_pairs_offer(&l->pairs, before, min_count);
}

bolter_status bt_learn(bt_learned *out, const bt_tally *t, const bt_alphabet *a, size_t n_rules,
                       uint64_t min_count, bolter_progress_fn progress, void *ud,
                       bolter_error *err)
{
    struct learner l = {0};
    *out = (bt_learned){.rule = bt_alloc_array(n_rules, sizeof *out->rule)};
    bool ok = out->rule && read_words(&l, t, a) && count_pairs(&l) &&
              bt_pairs_offer(&l.pairs, 0, min_count);
    for (size_t pair; ok && out->n < n_rules && bt_pairs_top(&l.pairs, min_count, &pair);) {
        uint64_t key = l.pairs.pair[pair].key;
        bt_rule rule = {(int32_t)(key >> 32), (int32_t)(key & UINT32_MAX)};
        ok = apply(&l, pair, rule, (int32_t)(256 + out->n), min_count);
        out->rule[out->n++] = rule;
        if (progress)
            progress(ud, "merges", out->n, n_rules);
    }
    bt_release(l.word);
    bt_release(l.symbol);
    bt_pairs_free(&l.pairs);
    if (ok)
        return BOLTER_OK;
    bt_learned_free(out);
    return bt_fail(err, BOLTER_E_NOMEM, "tokenizer: no memory to learn from %zu pieces", t->n);
}

void bt_learned_free(bt_learned *l)
{
    bt_release(l->rule);
    *l = (bt_learned){0};
}
