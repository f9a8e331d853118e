/* cover.c - sets of words, by hash. */
#include "text/cover.h"

#include <stdint.h>

#include "base/mem.h"

enum { WORD_BITS = 1 << 16 }; /* size of the set of words of a text */

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c & 0x80);
}

/* The next word of three bytes or more as a number below WORD_BITS, -1 at the end. */
static int32_t next_word(const char **at, const char *end)
{
    while (*at < end) {
        uint32_t hash = 2166136261u; /* FNV-1a */
        const char *from = *at;
        for (; *at < end && is_word_byte(**at); ++*at)
            hash = (hash ^ ((unsigned char)**at | 32u)) * 16777619u;
        if (*at - from >= 3)
            return (int32_t)((hash ^ hash >> 16) % WORD_BITS);
        if (*at == from)
            ++*at;
    }
    return -1;
}

bolter_status bt_text_covers(bool *covers, const bt_buf *whole, const bt_buf *part)
{
    unsigned char *seen = bt_alloc(WORD_BITS);
    if (!seen)
        return BOLTER_E_NOMEM;
    const char *at = whole->data;
    size_t words = 0, known = 0;
    for (int32_t w; (w = next_word(&at, whole->data + whole->len)) >= 0;)
        seen[w] = 1;
    at = part->data;
    for (int32_t w; (w = next_word(&at, part->data + part->len)) >= 0; seen[w] |= 2) {
        words += !(seen[w] & 2);
        known += seen[w] == 1;
    }
    bt_release(seen);
    *covers = 2 * known >= words;
    return BOLTER_OK;
}
