/*
 * opaque.c - one pass over the words of a text, in place. A word ends where a blank or a letter beyond ASCII
 * stands: in a language without blanks a sentence may go on right behind a link.
 */
#include "text/opaque.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define LONG_TAIL    32 /* bytes behind a host */
#define KEPT_TAIL    24
#define LONG_WORD    32
#define KEPT_WORD    8
#define N_REMAINDERS 2 /* the rest of data in lines, and its check sum */

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
    return end;
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

static bool is_opaque(const char *word, size_t n)
{
    return n >= LONG_WORD && takes_turns(word, n) && !address_in(word, n);
}

/* A word that can end data in lines. */
static bool is_remainder(const char *word, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any = any || kind_of(word[i]) == DIGIT || word[i] == '=' || word[i] == '+';
    return any && !memmem(word, n, "--", 2);
}

/* ---- The text ---- */

struct pass {
    char *to;         /* where the next byte goes */
    int n_remainders; /* lines that may still belong to the data of the line before */
};

enum run { BLANKS, WORD, OTHER };

static enum run run_of(char c)
{
    return (unsigned char)c >= 0x80 ? OTHER : c == ' ' || c == '\t' ? BLANKS : WORD;
}

static size_t run_length(const char *s, size_t n)
{
    size_t len = 0;
    while (len < n && run_of(s[len]) == run_of(*s))
        len++;
    return len;
}

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
        len = run_length(line + i, n - i);
        (run_of(line[i]) == WORD ? put_word : put)(p, line + i, len);
    }
}

/* A line goes where another of the same data stands before it. */
static bool is_dropped(struct pass *p, const char *line, size_t n)
{
    bool follows = p->n_remainders > 0, alone = n > 0 && run_of(*line) == WORD && run_length(line, n) == n;
    bool data = alone && is_opaque(line, n), rest = follows && alone && is_remainder(line, n);
    p->n_remainders = data ? N_REMAINDERS : rest ? p->n_remainders - 1 : 0;
    return follows && (data || rest);
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
        if (!is_dropped(&p, at, n)) {
            put_line(&p, at, n);
            if (lf)
                put(&p, "\n", 1);
        }
        at += n + 1;
    }
    text->len = (size_t)(p.to - text->data);
    text->data[text->len] = 0;
}
