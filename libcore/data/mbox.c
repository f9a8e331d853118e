/*
 * mbox.c - the messages of an mbox file, in the dialect mboxrd.
 *
 * A message begins after a line "From ..." at the start of the file or after a blank line, and ends
 * with a blank line that is not part of it. In between, lines of ">From ", ">>From " and so on lose
 * one ">". Lines end in LF or CRLF and are kept as they are.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "data/corpus.h"

static bool is_blank(const char *line, size_t n)
{
    return (n == 1 && line[0] == '\n') || (n == 2 && line[0] == '\r' && line[1] == '\n');
}

static bool is_from(const char *line, size_t n)
{
    return n >= 5 && memcmp(line, "From ", 5) == 0;
}

static bool from_comes_next(bt_source *s)
{
    const char *p;
    size_t n = bt_source_peek(s, 5, &p);
    return is_from(p, n);
}

/* Take one ">" off the line that begins at byte at, if it is a quoted From line. */
static void unquote(bt_buf *b, size_t at)
{
    size_t i = at;
    while (i < b->len && b->data[i] == '>')
        i++;
    if (i == at || !is_from(b->data + i, b->len - i))
        return;
    memmove(b->data + at, b->data + at + 1, b->len - at); /* the NUL comes along */
    b->len--;
}

/* Take the From line; BOLTER_END where no message is left. */
static bolter_status skip_from(bolter_corpus *c, bolter_error *err)
{
    uint64_t line = bt_source_line_no(c->source);
    bool found = from_comes_next(c->source);
    bolter_status rc = bt_source_line(c->source, &c->body, err);
    bt_buf_reset(&c->body);
    if (rc == BOLTER_OK && !found)
        return bt_fail(err, BOLTER_E_FORMAT,
                       "%s:%" PRIu64 ": no mbox: expected a line that begins \"From \"", c->path,
                       line);
    return rc;
}

/* The lines up to the next message, less the blank one before it. */
static bolter_status read_message(bolter_corpus *c, bolter_error *err)
{
    bool blank = false;
    size_t at = 0;
    while (!(blank && from_comes_next(c->source))) {
        size_t from = c->body.len;
        bolter_status rc = bt_source_line(c->source, &c->body, err);
        if (rc == BOLTER_END)
            break;
        if (rc != BOLTER_OK)
            return rc;
        at = from;
        blank = is_blank(c->body.data + at, c->body.len - at);
        unquote(&c->body, at);
    }
    if (blank && c->body.len > 0) {
        c->body.len = at;
        c->body.data[at] = 0;
    }
    return BOLTER_OK;
}

static bolter_status next_message(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    (void)ex;
    bolter_status rc = skip_from(c, err);
    if (rc == BOLTER_OK)
        rc = read_message(c, err);
    if (rc != BOLTER_OK)
        return rc;
    const char *name = bt_base_name(c->path);
    size_t n = bt_stem_length(name, ".mbox");
    if (!bt_buf_append(&c->id, name, n) || !bt_buf_appendf(&c->id, "/%" PRIu64, c->index))
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", c->path);
    return BOLTER_OK;
}

const bt_reader bt_mbox_reader = {.kind = "mbox", .is_mail = true, .next = next_message};
