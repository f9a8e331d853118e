/* babble.c - texts without meaning from a seed. */
#include "tests/unit/babble.h"

#include "base/rng.h"

#define N_WORD 600

static const char *const syllables[] = {
    "ba",  "ke", "ri", "to",  "mu", "san", "del", "or",  "in",  "the", "aa", "oo", "lle",
    "st",  "pre", "x",  "é",   "ü", "ño", "да",  "ми",  "こ",  "字",  "ß",  "qu", "ing",
};

static const char *const marks[] = {
    ".", ", ", "!", "!!!", " - ", "...", "?", "\n", "\n\n", "\n\n\n", "  ", "    ", "\t", " \n ",
    "'s", "'t ", "'ll", "'S", " '", "\"", " $", "%", "-----", "==========", " 👍", "👍👍🏽", "\u00a0",
    "\u3000", " #1", "<|", "|>", "/", "://", "@",
};

static const char *pick(bt_rng *r, const char *const *of, size_t n)
{
    return of[bt_rng_below(r, n)];
}

/* Word number w: always the same syllables. */
static void word(bt_buf *b, uint64_t seed, uint64_t w)
{
    bt_rng r = {.seed = seed, .stream = 1 + w};
    uint64_t n = 1 + bt_rng_below(&r, 4);
    for (uint64_t i = 0; i < n; i++)
        bt_buf_append_str(b, pick(&r, syllables, sizeof syllables / sizeof *syllables));
}

void babble(bt_buf *b, uint64_t seed, uint64_t i)
{
    bt_rng r = {.seed = seed, .stream = UINT64_C(1000000) + i};
    for (uint64_t left = 20 + bt_rng_below(&r, 80); left > 0; left--) {
        uint64_t kind = bt_rng_below(&r, 16), below = 1 + bt_rng_below(&r, N_WORD);
        if (kind == 0)
            bt_buf_appendf(b, " %u", (unsigned)bt_rng_below(&r, 3000));
        else if (kind < 4)
            bt_buf_append_str(b, pick(&r, marks, sizeof marks / sizeof *marks));
        else
            bt_buf_append_str(b, " ");
        if (kind > 2) /* the first words are the most frequent */
            word(b, seed, bt_rng_below(&r, below));
    }
}
