/*
 * markup.c - traits of HTML and of links, found by a scan that any bytes can stand.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "text/traits.h"

enum {
    MAX_TAGS = 2000,  /* of a part that are read */
    MAX_LINKS = 100,  /* of a text */
    MAX_HOST = 120,   /* bytes of a host's name */
    MAX_PATH = 24,    /* and of what follows it */
    MAX_ATTRIBUTE = 20 /* bytes of an attribute's value; what is longer is left out */
};

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_host(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || (c & 0x80);
}

/* ---- Links ---- */

static bool put_word(bt_buf *out, const char *name, const char *value)
{
    return bt_traits_put(out, name, value, strlen(value));
}

/* The last two labels of a host's name, in which its owner shows. */
static size_t owner_at(const char *host, size_t n)
{
    size_t dots = 0, i = n;
    while (i > 0 && (host[i - 1] != '.' || ++dots < 2))
        i--;
    return i;
}

/* The link whose scheme ends before s. */
static bool put_link(bt_buf *out, const char *s, size_t n)
{
    char host[MAX_HOST];
    size_t len = 0;
    bool letters = false, user = false;
    for (size_t i = 0; i < n && len < sizeof host && (is_host(s[i]) || s[i] == '@'); i++) {
        if (s[i] == '@') { /* what stands before it is no host */
            user = true;
            len = 0;
            continue;
        }
        host[len++] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] | 0x20) : s[i];
        letters = letters || is_letter(s[i]);
    }
    const char *form = user ? "user" : !letters ? "number" : len < n && s[len] == ':' ? "port" : "name";
    size_t owner = owner_at(host, len);
    size_t path = len;
    while (path < n && path - len < MAX_PATH && (unsigned char)s[path] > ' ' &&
           !strchr("?\"'<>)", s[path]))
        path++;
    return len == 0 || (put_word(out, "link", form) && bt_traits_put(out, "host", host, len) &&
                        bt_traits_put(out, "owner", host + owner, len - owner) &&
                        bt_traits_shape(out, "path", s + len, path - len));
}

bool bt_traits_links(bt_buf *out, const char *text, size_t n)
{
    int links = 0;
    for (size_t i = 1; i + 3 < n && links < MAX_LINKS; i++) {
        if (text[i] != ':' || text[i + 1] != '/' || text[i + 2] != '/' || !is_letter(text[i - 1]))
            continue;
        links++;
        if (!put_link(out, text + i + 3, n - i - 3))
            return false;
    }
    char count[2] = {(char)('0' + (links < 9 ? links : 9)), 0};
    return put_word(out, "links", count);
}

/* ---- Tags ---- */

/* Small letters of s up to the first byte of another kind, at most size - 1 of them. */
static size_t take_name(char *to, size_t size, const char *s, size_t n)
{
    size_t i = 0;
    for (; i < n && i < size - 1 && (is_letter(s[i]) || (i > 0 && is_host(s[i]))); i++)
        to[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] | 0x20) : s[i];
    to[i] = 0;
    return i;
}

/* The attribute at s within its tag; its length with the value. */
static size_t put_attribute(bt_buf *out, const char *s, size_t n, bool *ok)
{
    char pair[2 * MAX_ATTRIBUTE + 2];
    size_t len = take_name(pair, MAX_ATTRIBUTE, s, n), i = len;
    if (len == 0)
        return 1;
    *ok = bt_traits_put(out, "attribute", pair, len);
    if (i >= n || s[i] != '=')
        return i;
    char quote = ++i < n && (s[i] == '"' || s[i] == '\'') ? s[i++] : 0;
    size_t from = i;
    while (i < n && (quote ? s[i] != quote : (unsigned char)s[i] > ' '))
        i++;
    size_t value = i - from;
    if (value == 0 || value > MAX_ATTRIBUTE)
        return i + (quote != 0);
    pair[len++] = '=';
    for (size_t k = 0; k < value; k++)
        pair[len++] = s[from + k] >= 'A' && s[from + k] <= 'Z' ? (char)(s[from + k] | 0x20) : s[from + k];
    *ok = *ok && bt_traits_put(out, "attribute", pair, len);
    return i + (quote != 0);
}

bool bt_traits_html(bt_buf *out, const char *html, size_t n)
{
    bool ok = true;
    int tags = 0;
    for (size_t i = 0; i + 1 < n && ok && tags < MAX_TAGS; i++) {
        if (html[i] != '<')
            continue;
        char name[MAX_ATTRIBUTE];
        if (html[i + 1] == '!') {
            ok = put_word(out, "tag", i + 2 < n && html[i + 2] == '-' ? "comment" : "declaration");
            continue;
        }
        size_t len = take_name(name, sizeof name, html + i + 1, n - i - 1);
        if (len == 0)
            continue;
        tags++;
        ok = put_word(out, "tag", name);
        const char *close = memchr(html + i, '>', n - i);
        size_t end = close ? (size_t)(close - html) : n;
        for (i += 1 + len; i < end && ok;)
            i += put_attribute(out, html + i, end - i, &ok);
        i = end - (end > 0 && end == n);
    }
    return ok && bt_traits_links(out, html, n);
}
