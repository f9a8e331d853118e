/*
 * selector.c - the selectors before a rule, as far as they are understood.
 */
#include "text/selector.h"

#include <string.h>

bool bt_selector_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || (unsigned char)c >= 0x80;
}

static bool begins_name(char c)
{
    return bt_selector_char(c) && !(c >= '0' && c <= '9') && c != '-';
}

static size_t name_length(const char *s, const char *end)
{
    size_t n = 0;
    while (s + n < end && bt_selector_char(s[n]))
        n++;
    return n > 0 && begins_name(*s) ? n : 0;
}

void bt_selector_trim(const char **s, const char **end)
{
    while (*s < *end && strchr(" \t\r\n\f", **s))
        ++*s;
    while (*s < *end && strchr(" \t\r\n\f", (*end)[-1]))
        --*end;
}

bool bt_selector_step(bt_step *name, const char *s, const char *end)
{
    size_t tag = name_length(s, end), rest = 0;
    const char *mark = s + tag;
    if (mark < end && (*mark == '.' || *mark == '#'))
        rest = name_length(mark + 1, end);
    if (tag > BT_MAX_NAME || rest > BT_MAX_NAME || tag + rest == 0 || memchr(s, '\\', (size_t)(end - s))) {
        *name = (bt_step){.text = "*", .n = 1};
        return false;
    }
    name->n = tag + (rest > 0) + rest;
    memcpy(name->text, s, name->n);
    for (size_t i = 0; i < tag; i++)
        if (s[i] >= 'A' && s[i] <= 'Z')
            name->text[i] = (char)(s[i] - 'A' + 'a');
    name->weight = (tag > 0 ? BT_WEIGHT_TAG : 0U) + (rest == 0      ? 0U
                                                     : *mark == '.' ? BT_WEIGHT_CLASS
                                                                    : BT_WEIGHT_ID);
    return s + name->n == end;
}

const char *bt_selector_last_step(const char *s, const char *end)
{
    const char *step = s;
    size_t depth = 0;
    for (; s < end; s++) {
        depth += *s == '(' || *s == '[';
        depth -= (*s == ')' || *s == ']') && depth > 0;
        if (depth == 0 && strchr(" \t\r\n\f>+~", *s))
            step = s + 1;
    }
    return step;
}

const char *bt_selector_end(const char *s, const char *end)
{
    for (size_t depth = 0; s < end && (depth > 0 || *s != ','); s++) {
        depth += *s == '(' || *s == '[';
        depth -= (*s == ')' || *s == ']') && depth > 0;
    }
    return s;
}

bool bt_selectors_are_simple(const char *s, const char *end)
{
    bt_step name;
    for (bool more = true; more;) {
        const char *from = s, *to = bt_selector_end(s, end);
        more = to < end;
        s = to + more;
        bt_selector_trim(&from, &to);
        if (!bt_selector_step(&name, from, to))
            return false;
    }
    return true;
}

size_t bt_selector_need(const char **s, const char *end)
{
    if (memchr(*s, '(', (size_t)(end - *s)) || memchr(*s, '\\', (size_t)(end - *s)))
        return 0;
    for (const char *p = *s; p < end; p++) {
        size_t n = *p == '.' || *p == '#' || *p == '[' ? name_length(p + 1, end) : 0;
        if (n > 0 && n <= BT_MAX_NAME) {
            *s = p;
            return n + 1;
        }
    }
    return 0;
}
