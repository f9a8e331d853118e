/* pretok.c - GPT-2's splitting pattern as a state machine over code points. */
#include "tok/pretok.h"

#include <stdbool.h>

static enum bt_class look(const bt_charclass *t, const unsigned char *s, size_t n, size_t pos,
                          size_t *len)
{
    if (s[pos] < 0x80) {
        *len = 1;
        return (enum bt_class)t->ascii[s[pos]];
    }
    return bt_class_of(t, bt_codepoint(s + pos, n - pos, len));
}

/* Bytes of the contraction's tail at the apostrophe s[0], or 0. */
static size_t contraction(const unsigned char *s, size_t n)
{
    if (n < 2)
        return 0;
    if (s[1] == 's' || s[1] == 't' || s[1] == 'm' || s[1] == 'd')
        return 2;
    if (n < 3)
        return 0;
    bool two = (s[1] == 'r' && s[2] == 'e') || (s[1] == 'v' && s[2] == 'e') ||
               (s[1] == 'l' && s[2] == 'l');
    return two ? 3 : 0;
}

static size_t run_end(const bt_charclass *t, const unsigned char *s, size_t n, size_t pos,
                      enum bt_class class)
{
    size_t len;
    while (pos < n && look(t, s, n, pos, &len) == class)
        pos += len;
    return pos;
}

static size_t space_end(const bt_charclass *t, const unsigned char *s, size_t n, size_t start)
{
    size_t pos = start, last = start, len;
    while (pos < n && look(t, s, n, pos, &len) == BT_SPACE) {
        last = pos;
        pos += len;
    }
    return pos == n || last == start ? pos : last;
}

size_t bt_pretok_end(const bt_charclass *t, const unsigned char *s, size_t n, size_t pos)
{
    size_t len, after;
    if (s[pos] == '\'' && (len = contraction(s + pos, n - pos)) > 0)
        return pos + len;
    enum bt_class class = look(t, s, n, pos, &len);
    if (class != BT_SPACE)
        return run_end(t, s, n, pos + len, class);
    if (s[pos] == ' ' && pos + 1 < n) {
        class = look(t, s, n, pos + 1, &after);
        if (class != BT_SPACE)
            return run_end(t, s, n, pos + 1 + after, class);
    }
    return space_end(t, s, n, pos);
}
