/*
 * tsv.c - lines of "label TAB text", or "label TAB id TAB text" with escapes.
 *
 * There is no quoting: a line is an example, whatever marks it holds. The text of a line with two
 * fields is taken as it is; in the third field \\ \t \r \n stand for one byte each, and a backslash
 * before anything else for itself.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "data/corpus.h"

/* A line with its number, for messages. */
struct line {
    char *data;
    size_t n;
    uint64_t number;
};

static bolter_status fault(const bolter_corpus *c, const struct line *l, bolter_error *err,
                           const char *what)
{
    return bt_fail(err, BOLTER_E_FORMAT, "%s:%" PRIu64 ": %s, expected label TAB text", c->path,
                   l->number, what);
}

/* Undo the escapes in place; the new length. */
static size_t unescape(char *s, size_t n)
{
    static const char written[] = "\\trn", meant[] = "\\\t\r\n";
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        const char *at = s[i] == '\\' && i + 1 < n && s[i + 1] ? strchr(written, s[i + 1]) : NULL;
        s[out++] = at ? meant[at - written] : s[i];
        i += at != NULL;
    }
    s[out] = 0;
    return out;
}

/*
 * Cut the first field off l as a C string, or leave *field NULL where no TAB ends it. An empty
 * field and one with a NUL byte are faults.
 */
static bolter_status cut_field(const bolter_corpus *c, struct line *l, const char **field,
                               bolter_error *err)
{
    char *tab = memchr(l->data, '\t', l->n);
    *field = NULL;
    if (!tab)
        return BOLTER_OK;
    size_t n = (size_t)(tab - l->data);
    if (n == 0)
        return fault(c, l, err, "empty label or id");
    if (memchr(l->data, 0, n))
        return fault(c, l, err, "NUL byte in label or id");
    *tab = 0;
    *field = l->data;
    l->data += n + 1;
    l->n -= n + 1;
    return BOLTER_OK;
}

static bolter_status split(const bolter_corpus *c, struct line *l, bolter_example *ex,
                           bolter_error *err)
{
    bolter_status rc = cut_field(c, l, &ex->label, err);
    if (rc == BOLTER_OK && !ex->label)
        rc = fault(c, l, err, "no TAB");
    if (rc == BOLTER_OK)
        rc = cut_field(c, l, &ex->id, err);
    ex->bytes = l->data;
    ex->n = ex->id ? unescape(l->data, l->n) : l->n;
    return rc;
}

/* Read the next line without its line end. */
static bolter_status read_line(bolter_corpus *c, struct line *l, bolter_error *err)
{
    bt_buf_reset(&c->body);
    l->number = bt_source_line_no(c->source);
    bolter_status rc = bt_source_line(c->source, &c->body, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_cut_line_end(&c->body);
    l->data = c->body.data;
    l->n = c->body.len;
    return BOLTER_OK;
}

/* Empty lines are let pass at the end of the file only. */
static bolter_status next_row(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    struct line l, empty = {0};
    if (c->index == 0)
        bt_source_skip_bom(c->source);
    bolter_status rc;
    while ((rc = read_line(c, &l, err)) == BOLTER_OK && l.n == 0)
        if (empty.number == 0)
            empty = l;
    if (rc != BOLTER_OK)
        return rc;
    return empty.number ? fault(c, &empty, err, "empty line") : split(c, &l, ex, err);
}

const bt_reader bt_tsv_reader = {.kind = "tsv", .labelled = true, .next = next_row};
