/*
 * strip.c - text of HTML that is not fit for a parser: too many tags, or made to exhaust one.
 *
 * One pass that knows tags, comments, and the few elements whose content is no text. It does not
 * know what is hidden.
 */
#include "text/strip.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct strip {
    bt_buf *out;
    const char *at, *end;
    bolter_status status;
};

static void put(struct strip *p, const char *s, size_t n)
{
    if (p->status != BOLTER_OK)
        return;
    if (bt_buf_room(p->out) < n)
        p->status = BOLTER_E_LIMIT;
    else if (!bt_buf_append(p->out, s, n))
        p->status = BOLTER_E_NOMEM;
}

static bool begins(const struct strip *p, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(p->end - p->at) >= n && strncasecmp(p->at, word, n) == 0;
}

/* Go past the next word; without one, the rest is skipped, so that no byte is searched twice. */
static void skip_past(struct strip *p, const char *word)
{
    while (p->at < p->end && !begins(p, word))
        p->at++;
    p->at = p->at < p->end ? p->at + strlen(word) : p->end;
}

static void put_tag_space(struct strip *p, const char *name, size_t n)
{
    static const char *const lines[] = {"br", "p",  "div", "tr",  "li",        "table",
                                        "ul", "ol", "h1",  "h2",  "h3",        "h4",
                                        "hr", "dt", "dd",  "pre", "blockquote"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strlen(lines[i]) == n && strncasecmp(name, lines[i], n) == 0)
            put(p, "\n", 1);
    if (n == 2 && (strncasecmp(name, "td", 2) == 0 || strncasecmp(name, "th", 2) == 0))
        put(p, " ", 1);
}

static void read_tag(struct strip *p)
{
    static const char *const textless[][2] = {
        {"script", "</script"}, {"style", "</style"}, {"head", "</head"}, {"title", "</title"}};
    bool closing = p->at[1] == '/';
    const char *name = p->at + 1 + closing;
    size_t n = 0;
    while (name + n < p->end && strchr(" \t\r\n/>", name[n]) == NULL)
        n++;
    put_tag_space(p, name, n);
    for (size_t i = 0; !closing && i < sizeof textless / sizeof *textless; i++)
        if (strlen(textless[i][0]) == n && strncasecmp(name, textless[i][0], n) == 0)
            skip_past(p, textless[i][1]);
    skip_past(p, ">");
}

/* Write a character by its number. */
static void put_number(struct strip *p, unsigned long c)
{
    unsigned char s[4];
    size_t n = 0;
    if (c < 0x80)
        s[n++] = (unsigned char)c;
    else if (c < 0x800)
        s[n++] = (unsigned char)(0xc0 | c >> 6);
    else if (c < 0x10000)
        s[n++] = (unsigned char)(0xe0 | c >> 12);
    else if (c < 0x110000)
        s[n++] = (unsigned char)(0xf0 | c >> 18);
    if (c >= 0x10000 && c < 0x110000)
        s[n++] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
    if (c >= 0x800 && c < 0x110000)
        s[n++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
    if (c >= 0x80 && c < 0x110000)
        s[n++] = (unsigned char)(0x80 | (c & 0x3f));
    put(p, (const char *)s, n);
}

static void read_entity(struct strip *p)
{
    static const char *const named[][2] = {{"&amp;", "&"},   {"&lt;", "<"},   {"&gt;", ">"},
                                           {"&quot;", "\""}, {"&nbsp;", " "}, {"&apos;", "'"}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (begins(p, named[i][0])) {
            put(p, named[i][1], 1);
            p->at += strlen(named[i][0]);
            return;
        }
    char digits[12] = "";
    if (begins(p, "&#")) {
        size_t n = (size_t)(p->end - p->at) - 2;
        memcpy(digits, p->at + 2, n < sizeof digits - 1 ? n : sizeof digits - 1);
    }
    bool hex = digits[0] == 'x' || digits[0] == 'X';
    char *stop = digits;
    unsigned long c =
        strchr("+- \t\r\n", digits[hex]) ? 0 : strtoul(digits + hex, &stop, hex ? 16 : 10);
    if (c == 0) {
        put(p, p->at++, 1);
        return;
    }
    put_number(p, c);
    p->at += 2 + (stop - digits) + (*stop == ';');
}

static bool at_tag(const struct strip *p)
{
    if (p->end - p->at < 2 || *p->at != '<')
        return false;
    char c = p->at[1];
    return c == '/' || c == '!' || c == '?' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bolter_status bt_strip_tags(bt_buf *out, const char *html, size_t n)
{
    struct strip p = {.out = out, .at = html, .end = html + n};
    while (p.at < p.end && p.status == BOLTER_OK) {
        if (begins(&p, "<!--")) {
            skip_past(&p, "-->");
        } else if (at_tag(&p)) {
            read_tag(&p);
        } else if (*p.at == '&') {
            read_entity(&p);
        } else {
            const char *from = p.at++;
            while (p.at < p.end && *p.at != '<' && *p.at != '&')
                p.at++;
            put(&p, from, (size_t)(p.at - from));
        }
    }
    return p.status;
}
