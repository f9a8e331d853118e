/*
 * lexicon.h - strings numbered from 0, with how often and in how many texts each occurs.
 *
 * Strings are kept whole, so that no two of them ever count as one.
 */
#ifndef BT_LEXICON_H
#define BT_LEXICON_H

#include <stddef.h>
#include <stdint.h>

#include "bolter.h"

#define BT_TERMS_MAX ((size_t)1 << 28) /* terms of a lexicon */
#define BT_TERM_NONE UINT32_MAX

typedef struct bt_term {
    const char *text; /* n bytes, owned by the lexicon */
    uint32_t n, hash;
    uint64_t count;
    uint32_t n_texts;
    uint32_t last_text; /* the text that counted it last, from 1 */
} bt_term;

/* Begins zeroed. */
typedef struct bt_lexicon {
    bt_term *term;
    size_t n, cap;
    uint32_t *slot; /* open addressing: number of a term + 1, or 0; n_slot a power of two */
    size_t n_slot;
    struct bt_lexicon_block *block; /* where the strings lie */
} bt_lexicon;

/* The number of a string, or BT_TERM_NONE. */
uint32_t bt_lexicon_find(const bt_lexicon *l, const char *s, size_t n);
/* Count a string that occurs in text number text (from 1 on, never falling). E_NOMEM, E_LIMIT. */
bolter_status bt_lexicon_count(bt_lexicon *l, const char *s, size_t n, uint32_t text,
                               bolter_error *err);
/*
 * Keep the terms of at least min_texts texts, and of these the max_terms that occur most often (0:
 * all), the first by their bytes where as many occur. They are then numbered by their bytes.
 * E_NOMEM leaves the lexicon as it was.
 */
bolter_status bt_lexicon_keep(bt_lexicon *l, uint32_t min_texts, size_t max_terms,
                              bolter_error *err);
void bt_lexicon_free(bt_lexicon *l);

#endif
