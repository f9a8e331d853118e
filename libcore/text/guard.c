/*
 * guard.c - what a raw message must not have when a MIME parser gets it.
 *
 * GMime 3.2 parses groups of addresses recursively without a limit, so that one long field of
 * "a:a:a:" overflows the stack, and compares every line that begins with "--" with the boundaries
 * of all open multiparts, up to a thousand.
 */
#include "text/guard.h"

#include <string.h>
#include <strings.h>

enum {
    MAX_BOUNDARIES = 256, /* mentions of the word in a message */
    MAX_COLONS = 32       /* in a field of addresses */
};

/* A byte order mark, the separator line of an mbox. */
static size_t preamble(const char *raw, size_t n)
{
    size_t skip = n >= 3 && memcmp(raw, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (n - skip < 5 || memcmp(raw + skip, "From ", 5) != 0)
        return skip;
    const char *newline = memchr(raw + skip, '\n', n - skip);
    return newline ? (size_t)(newline - raw) + 1 : n;
}

/* Change a byte, in a copy of all. */
static bool blank(bt_buf *copy, const char *raw, size_t n, size_t at)
{
    if (!copy->data && !bt_buf_append(copy, raw, n))
        return false;
    copy->data[at] = ' ';
    return true;
}

/* Past the limit the word is broken: what follows is read, but opens no multipart. */
static bolter_status blank_boundaries(bt_buf *copy, const char *raw, size_t n)
{
    static const char word[] = "boundary";
    size_t len = sizeof word - 1, mentions = 0;
    for (size_t i = 0; i + len <= n; i++)
        if ((raw[i] | 32) == 'b' && strncasecmp(raw + i, word, len) == 0 &&
            ++mentions > MAX_BOUNDARIES && !blank(copy, raw, n, i + len - 1))
            return BOLTER_E_NOMEM;
    return BOLTER_OK;
}

/* The line begins a field of addresses, or looks so in a body. */
static bool is_address_field(const char *line, size_t n)
{
    static const char *const names[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if (n <= len || strncasecmp(line, names[i], len) != 0)
            continue;
        while (len < n && (line[len] == ' ' || line[len] == '\t'))
            len++;
        return len < n && line[len] == ':';
    }
    return false;
}

/* The bytes of a field with its folded lines. */
static size_t field_len(const char *field, size_t n)
{
    size_t len = 0;
    do {
        const char *newline = memchr(field + len, '\n', n - len);
        len = newline ? (size_t)(newline - field) + 1 : n;
    } while (len < n && (field[len] == ' ' || field[len] == '\t'));
    return len;
}

/* Blank the colons of a field past the limit, in a copy of all. */
static bolter_status flatten(bt_buf *copy, const char *raw, size_t n, size_t at, size_t len)
{
    int colons = 0;
    for (size_t i = at; i < at + len; i++) {
        if (raw[i] != ':' || ++colons <= MAX_COLONS)
            continue;
        if (!blank(copy, raw, n, i))
            return BOLTER_E_NOMEM;
    }
    return BOLTER_OK;
}

bolter_status bt_guard(bt_buf *copy, const char **raw, size_t *n)
{
    size_t skip = preamble(*raw, *n);
    *raw += skip;
    *n -= skip;
    bolter_status status = blank_boundaries(copy, *raw, *n);
    for (size_t i = 0, len; i < *n && status == BOLTER_OK; i += len) {
        const char *newline = memchr(*raw + i, '\n', *n - i);
        len = newline ? (size_t)(newline - *raw) + 1 - i : *n - i;
        if (is_address_field(*raw + i, *n - i)) {
            len = field_len(*raw + i, *n - i);
            status = flatten(copy, *raw, *n, i, len);
        }
    }
    if (copy->len > 0)
        *raw = copy->data;
    return status;
}
