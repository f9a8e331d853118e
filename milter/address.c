/* address.c - addresses of mail as they are compared. */
#include "milter/address.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Copy n bytes without blanks and line ends. False, with "", when they are too many. */
static bool copy(char out[ADDRESS_MAX + 1], const char *text, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n && len <= ADDRESS_MAX; i++)
        if (!strchr(" \t\r\n", text[i]))
            out[len++] = lower(text[i]);
    if (len > ADDRESS_MAX)
        len = 0;
    out[len] = 0;
    return len > 0;
}

void address_of_envelope(char out[ADDRESS_MAX + 1], const char *text)
{
    size_t n = strlen(text);
    bool brackets = n > 1 && text[0] == '<' && text[n - 1] == '>';
    n -= brackets ? 2 : 0;
    if (!copy(out, text + brackets, n) && n > 0)
        memcpy(out, "?", 2); /* nobody's, and not the empty sender either */
}

static const char *skip_quoted(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && p[1])
            p++;
    return *p ? p + 1 : p;
}

static const char *skip_comment(const char *p)
{
    int depth = 0;
    do {
        if (*p == '\\' && p[1])
            p++;
        else
            depth += (*p == '(') - (*p == ')');
        p++;
    } while (*p && depth > 0);
    return p;
}

/* What stands in angle brackets, or else all that is neither quoted nor a comment, in one walk. */
bool address_of_from(char out[ADDRESS_MAX + 1], const char *value)
{
    char bare[ADDRESS_MAX + 1];
    const char *angle = NULL, *angle_end = NULL;
    size_t n = 0;
    bool one = true;
    for (const char *p = value; *p;) {
        if (*p == '"' || *p == '(') {
            p = *p == '"' ? skip_quoted(p) : skip_comment(p);
            continue;
        }
        one = one && *p != ',' && *p != ';' && *p != ':' && !(*p == '<' && angle);
        if (*p == '<')
            angle = p + 1;
        if (*p == '>' && angle && !angle_end)
            angle_end = p;
        if (n < sizeof bare)
            bare[n++] = *p;
        p++;
    }
    out[0] = 0;
    if (!one || (angle && !angle_end) || (!angle && n == sizeof bare))
        return false;
    bool found = angle ? copy(out, angle, (size_t)(angle_end - angle)) : copy(out, bare, n);
    if (found && strchr(out, '@'))
        return true;
    out[0] = 0;
    return false;
}
