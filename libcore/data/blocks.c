/*
 * blocks.c - a long text in blocks, so that a file of any size is read in little memory.
 *
 * A block ends between a printable character and a blank, both of ASCII: there the tokenizer's
 * splitting ends a piece, whatever comes before and after, so that the pieces of the blocks are those
 * of the text. Where a text has no such place it is cut between two characters.
 */
#include "data/corpus.h"

#define BLOCK_BYTES ((size_t)1 << 20)

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The last place where n bytes can be cut, or n. */
static size_t find_end(const char *s, size_t n)
{
    for (size_t i = n - 1; i > 0; i--)
        if (is_blank(s[i]) && s[i - 1] > ' ' && s[i - 1] < 0x7f)
            return i;
    for (size_t i = n - 1; i > 0 && i + 4 > n; i--)
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return i;
    return n;
}

static bolter_status next_block(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    const char *s;
    (void)ex;
    if (c->index == 0)
        bt_source_skip_bom(c->source);
    size_t n = bt_source_peek(c->source, BLOCK_BYTES, &s);
    if (n == 0)
        return bt_source_end(c->source, err);
    if (n == BLOCK_BYTES)
        n = find_end(s, n);
    bolter_status rc = bt_source_put(c->source, &c->body, s, n, err);
    bt_source_skip(c->source, n);
    return rc;
}

const bt_reader bt_blocks_reader = {.kind = "blocks", .next = next_block};
