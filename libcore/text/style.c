/*
 * style.c - declarations of an element, as far as they bear on whether its text is seen.
 *
 * A declaration is copied into a line of its own, in lower case and without comments, before property.c reads
 * it.
 *
 * Source: CSS Syntax Module Level 3, sections 4 and 5; CSS 2.2, section 6.
 */
#include "text/style.h"

#include <string.h>
#include <strings.h>

#include "text/property.h"

/* ---- Pieces ---- */

/* Behind the string that the quote at s opens; a line end closes it, too. */
static const char *past_string(const char *s, const char *end)
{
    char quote = *s++;
    for (; s < end && *s != quote && *s != '\n'; s++)
        s += *s == '\\' && s + 1 < end;
    return s < end ? s + 1 : end;
}

static const char *past_comment(const char *s, const char *end)
{
    const char *close = end - s >= 4 ? memmem(s + 2, (size_t)(end - s) - 2, "*/", 2) : NULL;
    return close ? close + 2 : end;
}

/* Behind url(, and behind its address where that has no quotes. */
static const char *past_url(const char *s, const char *end)
{
    const char *p = s + 4;
    while (p < end && strchr(" \t\r\n\f", *p))
        p++;
    if (p == end || *p == '"' || *p == '\'')
        return NULL;
    const char *close = memchr(p, ')', (size_t)(end - p));
    return close ? close + 1 : end;
}

static const char *past_token(const char *s, const char *end)
{
    if (*s == '\\')
        return s + 1 < end ? s + 2 : end;
    if (*s == '"' || *s == '\'')
        return past_string(s, end);
    if (*s == '/' && s + 1 < end && s[1] == '*')
        return past_comment(s, end);
    if ((*s == 'u' || *s == 'U') && end - s >= 4 && strncasecmp(s, "url(", 4) == 0) {
        const char *past = past_url(s, end);
        if (past)
            return past;
    }
    return s + 1;
}

size_t bt_style_piece(const char **at, const char *end, bool sheet, char *stop)
{
    const char *begin = *at, *s = begin;
    size_t depth = 0;
    while (s < end) {
        char c = *s;
        if (depth == 0 && (c == ';' || (sheet && (c == '{' || c == '}'))))
            break;
        if (c == '(' || c == '[' || c == '{')
            depth++;
        else if ((c == ')' || c == ']' || c == '}') && depth > 0)
            depth--;
        s = past_token(s, end);
    }
    *stop = s < end ? *s : 0;
    *at = s < end ? s + 1 : end;
    return (size_t)(s - begin);
}

/* ---- Declarations ---- */

static bool would_hide(bt_property p, bt_value v)
{
    bool tiny = p == BT_FONT_SIZE && ((v.says == BT_SAYS_NUMBER && v.number <= BT_TINY) ||
                                      (v.says == BT_SAYS_FACTOR && v.number * 16 <= BT_TINY));
    bool no_image = p == BT_GROUND_IMAGE && v.says == BT_SAYS_AUTO;
    return tiny || no_image || v.says == BT_SAYS_HIDDEN;
}

void bt_style_set(bt_style *s, bt_property p, bt_value v, unsigned rank, bool doubt)
{
    if (v.says == BT_SAYS_NOTHING || (doubt && would_hide(p, v)))
        return;
    if (p < BT_ROOM_Y && rank < s->rank[p])
        return;
    s->rank[p] = rank;
    s->value[p] = doubt ? (bt_value){.says = BT_SAYS_SHOWN} : v;
}

/* Lower case, one blank for many and for comments, none at the ends. False: it did not fit. */
static bool squeeze(char line[BT_MAX_DECLARATION + 1], const char *s, size_t n)
{
    const char *end = s + n;
    size_t len = 0;
    bool blank = false;
    while (s < end && len < BT_MAX_DECLARATION) {
        if (s + 1 < end && s[0] == '/' && s[1] == '*') {
            s = past_comment(s, end);
            blank = true;
        } else if (strchr(" \t\r\n\f", *s)) { /* and a NUL */
            blank = true;
            s++;
        } else if (blank && len > 0) {
            line[len++] = ' ';
            blank = false;
        } else {
            line[len++] = *s >= 'A' && *s <= 'Z' ? (char)(*s - 'A' + 'a') : *s;
            blank = false;
            s++;
        }
    }
    line[len] = 0;
    return s == end;
}

static void trim_end(char *s)
{
    size_t n = strlen(s);
    if (n > 0 && s[n - 1] == ' ')
        s[n - 1] = 0;
}

void bt_style_declare(bt_style *s, const char *text, size_t n, unsigned rank, bool doubt)
{
    char line[BT_MAX_DECLARATION + 1];
    bool fits = squeeze(line, text, n);
    char *value = strchr(line, ':');
    if (!value)
        return;
    *value++ = 0;
    value += *value == ' ';
    trim_end(line);
    char *mark = fits ? strchr(value, '!') : NULL;
    if (mark) {
        const char *word = mark + 1 + (mark[1] == ' ');
        if (strcmp(word, "important") != 0)
            return; /* browsers do not read it */
        *mark = 0;
        trim_end(value);
    }
    if (*value)
        bt_property_declare(s, line, fits ? value : "\\", mark || !fits ? rank | BT_RANK_IMPORTANT : rank,
                            doubt);
}

void bt_style_inline(bt_style *s, const char *text)
{
    char stop;
    for (const char *at = text, *end = text + strlen(text); at < end;) {
        const char *piece = at;
        size_t n = bt_style_piece(&at, end, false, &stop);
        bt_style_declare(s, piece, n, BT_RANK_INLINE, false);
    }
}
