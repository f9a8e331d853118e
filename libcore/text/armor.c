/* armor.c - look at a text line by line: BEGIN, header lines, base64, END. */
#include "text/armor.h"

#include <string.h>

static const char begin_line[] = "-----BEGIN PGP MESSAGE-----";
static const char end_line[] = "-----END PGP MESSAGE-----";

/* Base64 is written in lines of at most 76 characters; a header line has no business being longer. */
#define LINE_MAX_BYTES 76

static bool is_base64(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = line[i], l = (char)(c | 32);
        if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '='))
            return false;
    }
    return n <= LINE_MAX_BYTES;
}

/* "Comment:" is not among them: a sender can write there what he likes. */
static bool is_header(const char *line, size_t n)
{
    static const char *const names[] = {"Version:", "Charset:"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if (n >= len && n <= LINE_MAX_BYTES && memcmp(line, names[i], len) == 0)
            return true;
    }
    return false;
}

static bool equals(const char *line, size_t n, const char *want)
{
    return n == strlen(want) && memcmp(line, want, n) == 0;
}

bool bt_armor_is_all(const char *text, size_t n)
{
    enum { BEFORE, HEADER, INSIDE, AFTER } state = BEFORE;
    for (size_t at = 0, len; at < n; at += len + 1) {
        const char *line = text + at, *lf = memchr(line, '\n', n - at);
        len = lf ? (size_t)(lf - line) : n - at;
        if (state == BEFORE && equals(line, len, begin_line))
            state = HEADER;
        else if (state == HEADER && is_header(line, len))
            continue;
        else if ((state == HEADER || state == INSIDE) && is_base64(line, len))
            state = INSIDE;
        else if (state == INSIDE && equals(line, len, end_line))
            state = AFTER;
        else if (len > 0)
            return false;
    }
    return state == AFTER;
}
