/*
 * learn.h - learn the merges of byte-pair encoding from counted pieces: the pair of neighbouring
 * tokens that occurs most often becomes a token, again and again.
 *
 * Equal counts go to the pair of the lowest left id, then of the lowest right id, as in Hugging Face's
 * tokenizers: so the result is a function of the counts. Source: Sennrich, Haddow, Birch 2016, "Neural
 * Machine Translation of Rare Words with Subword Units", section 3.2.
 */
#ifndef BT_LEARN_H
#define BT_LEARN_H

#include "bolter.h"
#include "tok/alphabet.h"
#include "tok/tally.h"

typedef struct bt_rule {
    int32_t left, right;
} bt_rule;

/* Tokens 0 .. 255 are the bytes in the order of their characters in the alphabet; rule i makes token
 * 256 + i. */
typedef struct bt_learned {
    bt_rule *rule;
    size_t n;
} bt_learned;

/*
 * Learn up to n_rules, as long as a pair occurs min_count times (at least 1). Pieces longer than
 * BT_LEARN_MAX are not in t. E_LIMIT (2^32 places), E_NOMEM.
 */
bolter_status bt_learn(bt_learned *out, const bt_tally *t, const bt_alphabet *a, size_t n_rules,
                       uint64_t min_count, bolter_progress_fn progress, void *ud,
                       bolter_error *err);
void bt_learned_free(bt_learned *l);

/* What takes long to walk through says little: a merge walks through every word it is in. */
#define BT_LEARN_MAX ((size_t)1024)

/*
 * Write vocab.json and merges.txt into a directory: special tokens by their names first, then bytes,
 * then what was learned. E_IO, E_NOMEM.
 */
bolter_status bt_learned_write(const bt_learned *l, const bt_alphabet *a,
                               const char *const *special, size_t n_special, const char *dir,
                               bolter_error *err);

#endif
