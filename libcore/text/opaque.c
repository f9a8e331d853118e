/* opaque.c - one pass over the words of a text, in place. */
#include "text/opaque.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "text/normal.h"

#define LONG_TAIL 32 /* bytes behind a host */
#define KEPT_TAIL 24
#define LONG_WORD 32
#define KEPT_WORD 8

static const char mark[] = "...";
enum { N_MARK = sizeof mark - 1 };

/* ---- Web addresses ---- */

/* Where the address of a word begins behind its scheme, or NULL. */
static const char *address_in(const char *word, size_t n)
{
    const char *at = memmem(word, n, "://", 3);
    if (!at)
        return NULL;
    size_t before = (size_t)(at - word);
    bool web = (before >= 4 && strncasecmp(at - 4, "http", 4) == 0) ||
               (before >= 5 && strncasecmp(at - 5, "https", 5) == 0);
    return web ? at + 3 : NULL;
}

/* Bytes of a word with an address that are kept; n: all. */
static size_t kept_of_address(const char *word, size_t n, const char *host)
{
    size_t at = (size_t)(host - word);
    while (at < n && !strchr("/?#", word[at]))
        at++;
    if (n - at <= LONG_TAIL)
        return n;
    size_t end = at + 1;
    while (end < at + KEPT_TAIL && !strchr("?#", word[end]))
        end++;
    return bt_utf8_cut(word, end);
}

/* ---- Words that are no words ---- */

enum kind { SEPARATOR, LOWER, UPPER, DIGIT, SIGN };

static enum kind kind_of(char c)
{
    if (c >= 'a' && c <= 'z')
        return LOWER;
    if (c >= 'A' && c <= 'Z')
        return UPPER;
    if (c >= '0' && c <= '9')
        return DIGIT;
    return strchr("/.-_:,@", c) ? SEPARATOR : SIGN;
}

/* In names, paths and prose a kind of character goes on for a while, or a separator stands between. */
static bool takes_turns(const char *word, size_t n)
{
    size_t turns = 0;
    for (size_t i = 1; i < n; i++) {
        enum kind a = kind_of(word[i - 1]), b = kind_of(word[i]);
        turns += a != b && a != SEPARATOR && b != SEPARATOR;
    }
    return 3 * turns >= n;
}

static bool is_ascii(const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)word[i] >= 0x80)
            return false;
    return true;
}

static bool is_opaque(const char *word, size_t n)
{
    return n >= LONG_WORD && is_ascii(word, n) && takes_turns(word, n);
}

/* The end of data in lines: what is left for the last one, or a check sum. */
static bool is_remainder(const char *line, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        enum kind k = kind_of(line[i]);
        if ((unsigned char)line[i] >= 0x80 || line[i] == ' ' || line[i] == '\t')
            return false;
        any = any || k == DIGIT || line[i] == '=' || line[i] == '+';
    }
    return any && n > 0 && !memmem(line, n, "--", 2);
}

/* ---- The text ---- */

struct pass {
    char *to;     /* where the next byte goes */
    bool in_data; /* the line before was an opaque word and nothing else */
};

static void put(struct pass *p, const char *s, size_t n)
{
    memmove(p->to, s, n);
    p->to += n;
}

static void put_word(struct pass *p, const char *word, size_t n)
{
    const char *host = address_in(word, n);
    size_t kept = host ? kept_of_address(word, n, host) : is_opaque(word, n) ? KEPT_WORD : n;
    if (kept + N_MARK + 1 >= n) {
        put(p, word, n);
        return;
    }
    char last = word[n - 1];
    put(p, word, kept);
    put(p, mark, N_MARK);
    if (strchr(">)]", last))
        put(p, &last, 1);
}

/* A line of n bytes without its end. */
static void put_line(struct pass *p, const char *line, size_t n)
{
    for (size_t i = 0, len; i < n; i += len) {
        bool blank = line[i] == ' ' || line[i] == '\t';
        for (len = 1; i + len < n && (line[i + len] == ' ' || line[i + len] == '\t') == blank;)
            len++;
        if (blank)
            put(p, line + i, len);
        else
            put_word(p, line + i, len);
    }
}

void bt_opaque_shorten(bt_buf *text)
{
    if (text->len == 0)
        return;
    const char *at = text->data, *end = text->data + text->len;
    struct pass p = {.to = text->data};
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((lf ? lf : end) - at);
        bool data = is_opaque(at, n) && !memchr(at, ' ', n) && !address_in(at, n);
        bool dropped = p.in_data && (data || is_remainder(at, n));
        if (!dropped) {
            put_line(&p, at, n);
            if (lf)
                put(&p, "\n", 1);
        }
        p.in_data = data || dropped;
        at += n + 1;
    }
    text->len = (size_t)(p.to - text->data);
    text->data[text->len] = 0;
}
