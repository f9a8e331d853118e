/*
 * book.c - the split of Raschka 2024, "Build a Large Language Model (From Scratch)", chapter 6.
 *
 * In pandas' terms: ham.sample(n_spam, random_state=seed), spam below it, all of it
 * .sample(frac=1, random_state=seed), cut at int(0.7 n) and int(0.1 n) rows after that. A sample is
 * the first rows of a permutation by NumPy's RandomState(seed).
 */
#include "base/error.h"
#include "base/mem.h"
#include "data/collect.h"
#include "data/mt19937.h"

/* Append the items with a label, in the order in which they were read; the new length of list. */
static size_t list(const bolter_collection *c, int32_t label, size_t *list, size_t n)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->item[i].pub.label == label && c->item[i].part != BOLTER_LEFT_OUT)
            list[n++] = i;
    return n;
}

/* from[k] = old from[order[k]] for the first n of all; scratch has room for them. */
static void reorder(size_t *from, const size_t *order, size_t n, size_t *scratch)
{
    for (size_t k = 0; k < n; k++)
        scratch[k] = from[order[k]];
    for (size_t k = 0; k < n; k++)
        from[k] = scratch[k];
}

/* Fill row with the balanced, shuffled items; their number. */
static size_t draw(const bolter_collection *c, int32_t ham, int32_t spam, uint32_t seed,
                   size_t *row, size_t *order, size_t *scratch)
{
    size_t n_ham = list(c, ham, row, 0);
    size_t n_spam = list(c, spam, row, n_ham) - n_ham;
    bt_mt_permutation(seed, order, n_ham);
    reorder(row, order, n_spam, scratch);
    list(c, spam, row, n_spam);
    bt_mt_permutation(seed, order, 2 * n_spam);
    reorder(row, order, 2 * n_spam, scratch);
    return 2 * n_spam;
}

/* Give the n drawn rows their parts; every other item is left out and stands behind them. */
static void assign(bolter_collection *c, size_t *row, size_t n)
{
    size_t n_train = (size_t)((double)n * 0.7), n_valid = (size_t)((double)n * 0.1);
    for (size_t i = 0; i < c->n; i++)
        c->item[i].part = BOLTER_LEFT_OUT;
    for (size_t k = 0; k < n; k++)
        c->item[row[k]].part = k < n_train             ? BOLTER_TRAIN
                               : k < n_train + n_valid ? BOLTER_VALID
                                                       : BOLTER_TEST;
    for (size_t i = 0; i < c->n; i++)
        if (c->item[i].part == BOLTER_LEFT_OUT)
            row[n++] = i;
}

bolter_status bolter_collection_split_book(bolter_collection *c, uint32_t seed, bolter_error *err)
{
    int32_t ham = bt_label_index(c, "ham"), spam = bt_label_index(c, "spam");
    if (c->n_label != 2 || ham < 0 || spam < 0 || c->n > UINT32_MAX)
        return bt_fail(err, BOLTER_E_MISMATCH,
                       "the book's split: found %zu labels, expected ham and spam", c->n_label);
    size_t *row = bt_alloc_array(c->n + 1, 3 * sizeof *row);
    if (!row)
        return bt_collection_no_memory(err);
    size_t n_ham = list(c, ham, row, 0), n_spam = list(c, spam, row, 0);
    bolter_status rc = BOLTER_OK;
    if (n_ham < n_spam)
        rc = bt_fail(err, BOLTER_E_MISMATCH,
                     "the book's split: found %zu ham, expected at least the %zu of spam", n_ham,
                     n_spam);
    if (rc == BOLTER_OK) {
        assign(c, row, draw(c, ham, spam, seed, row, row + c->n, row + 2 * c->n));
        rc = bt_collection_arrange(c, row, err);
    }
    bt_release(row);
    return rc;
}
