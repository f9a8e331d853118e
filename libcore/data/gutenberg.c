/* gutenberg.c - where the book begins and ends in a file of Project Gutenberg. */
#include "data/gutenberg.h"

#include <stdbool.h>
#include <string.h>

/* Is this line, "*** START OF THE PROJECT GUTENBERG EBOOK ...", of the given word? Old files have a
 * blank less, or THIS. */
static bool is_mark(const char *line, size_t n, const char *word)
{
    static const char of[] = " OF TH", project[] = "PROJECT GUTENBERG";
    size_t at = 0, w = strlen(word);
    while (at < n && line[at] == '*')
        at++;
    if (at < 3)
        return false;
    at += at < n && line[at] == ' ';
    if (n - at < w + sizeof of - 1 || memcmp(line + at, word, w) != 0 ||
        memcmp(line + at + w, of, sizeof of - 1) != 0)
        return false;
    return memmem(line + at, n - at, project, sizeof project - 1) != NULL;
}

/* The first such line from *at on; *at and *end are its bounds, with its newline. */
static bool find_mark(const char *s, size_t n, const char *word, size_t *at, size_t *end)
{
    for (size_t line = *at; line < n; line = *end) {
        const char *newline = memchr(s + line, '\n', n - line);
        *end = newline ? (size_t)(newline - s) + 1 : n;
        if (is_mark(s + line, *end - line, word)) {
            *at = line;
            return true;
        }
    }
    return false;
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

void bt_gutenberg_book(const char **text, size_t *n)
{
    const char *s = *text;
    size_t first = 0, last = *n, at = 0, end = 0;
    if (find_mark(s, *n, "START", &at, &end))
        first = end;
    at = first;
    if (find_mark(s, *n, "END", &at, &end))
        last = at;
    while (first < last && is_line_end(s[first]))
        first++;
    while (last > first && is_line_end(s[last - 1]))
        last--;
    *text = s + first;
    *n = last - first;
}
