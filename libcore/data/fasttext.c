/*
 * fasttext.c - lines of "__label__NAME text", as the program fastText reads them.
 *
 * A line has one label, in front; with two it belongs to two classes, which a classifier that
 * chooses one of them cannot learn, so that is a fault. Blanks around the text are not part of it.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "data/corpus.h"

#define PREFIX "__label__"
enum { PREFIX_BYTES = sizeof PREFIX - 1 };

bool bt_is_fasttext(const char *bytes, size_t n)
{
    return n > PREFIX_BYTES && memcmp(bytes, PREFIX, PREFIX_BYTES) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bolter_status fault(const bolter_corpus *c, uint64_t line, bolter_error *err,
                           const char *what)
{
    return bt_fail(err, BOLTER_E_FORMAT, "%s:%" PRIu64 ": %s, expected %sNAME text", c->path, line,
                   what, PREFIX);
}

/* Cut the line in c->body into label and text. */
static bolter_status split(bolter_corpus *c, uint64_t line, bolter_example *ex, bolter_error *err)
{
    char *s = c->body.data, *end = s + c->body.len;
    if (!bt_is_fasttext(s, c->body.len))
        return fault(c, line, err, "no label");
    char *label = s + PREFIX_BYTES, *p = label;
    while (p < end && !is_blank(*p))
        p++;
    if (p == label || memchr(label, 0, (size_t)(p - label)))
        return fault(c, line, err, "empty label or NUL byte in it");
    ex->label = label;
    *p = 0; /* on a blank, or on the NUL behind the line */
    p += p < end;
    while (p < end && is_blank(*p))
        p++;
    while (end > p && is_blank(end[-1]))
        end--;
    if (bt_is_fasttext(p, (size_t)(end - p)))
        return fault(c, line, err, "a second label");
    ex->bytes = p;
    ex->n = (size_t)(end - p);
    return BOLTER_OK;
}

/* Empty lines are no examples. */
static bolter_status next_line(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    bolter_status rc;
    uint64_t line;
    if (c->index == 0)
        bt_source_skip_bom(c->source);
    do {
        bt_buf_reset(&c->body);
        line = bt_source_line_no(c->source);
        rc = bt_source_line(c->source, &c->body, err);
        if (rc != BOLTER_OK)
            return rc;
        bt_cut_line_end(&c->body);
    } while (c->body.len == 0);
    return split(c, line, ex, err);
}

const bt_reader bt_fasttext_reader = {.kind = "fasttext", .labelled = true, .next = next_line};
