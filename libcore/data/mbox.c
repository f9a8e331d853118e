/*
 * mbox.c - the messages of an mbox file, in the dialects mboxrd, mboxo, mboxcl and mboxcl2.
 *
 * A message begins after a line "From ..." at the start of the file or after a blank line, and ends
 * with a blank line that is not part of it. Lines end in LF or CRLF and are kept as they are. In
 * between, lines of ">From " lose their ">": in mboxrd also ">>From " and so on, one each; in
 * mboxcl2 none does. The two latter have a field Content-Length, bytes of the body as it lies in
 * the file. It may lie, so it counts only where it leads to a From line or to the end of the file.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "data/corpus.h"

#define FROM   "From "
#define LENGTH "Content-Length:"
enum { FROM_BYTES = sizeof FROM - 1, LENGTH_BYTES = sizeof LENGTH - 1 };

/* Where a message is being read. */
struct scan {
    bool header;    /* inside it, and its Content-Length may matter */
    size_t length;  /* what it says, 0: nothing */
    size_t covered; /* bytes of the body that are still to come by Content-Length */
    bool landed;    /* all of these have come, and nothing after them */
    bool blank;     /* the last line is empty and not covered */
    size_t at;      /* where it begins */
};

static bool is_blank(const char *line, size_t n)
{
    return (n == 1 && line[0] == '\n') || (n == 2 && line[0] == '\r' && line[1] == '\n');
}

static bool is_from(const char *line, size_t n)
{
    return n >= FROM_BYTES && memcmp(line, FROM, FROM_BYTES) == 0;
}

static bool from_comes_next(bt_source *s)
{
    const char *p;
    size_t n = bt_source_peek(s, FROM_BYTES, &p);
    return is_from(p, n);
}

static bool has_lengths(const bolter_corpus *c)
{
    return c->reader == &bt_mboxcl_reader || c->reader == &bt_mboxcl2_reader;
}

/* Take one ">" off the line that begins at byte at, if it is a From line quoted in c's dialect. */
static void unquote(const bolter_corpus *c, bt_buf *b, size_t at)
{
    size_t i = at, max = c->reader == &bt_mbox_reader ? SIZE_MAX : 1;
    while (i < b->len && i - at < max && b->data[i] == '>')
        i++;
    if (i == at || c->reader == &bt_mboxcl2_reader || !is_from(b->data + i, b->len - i))
        return;
    memmove(b->data + at, b->data + at + 1, b->len - at); /* the NUL comes along */
    b->len--;
}

/* ---- Content-Length ---- */

/* Take note of the field in a line of the header; the first one counts. */
static void note_length(struct scan *scan, const char *line, size_t n)
{
    if (scan->length > 0 || n < LENGTH_BYTES || strncasecmp(line, LENGTH, LENGTH_BYTES) != 0)
        return;
    size_t i = LENGTH_BYTES, length = 0;
    while (i < n && (line[i] == ' ' || line[i] == '\t'))
        i++;
    for (; i < n && line[i] >= '0' && line[i] <= '9' && length <= BT_EXAMPLE_MAX; i++)
        length = 10 * length + (size_t)(line[i] - '0');
    scan->length = length <= BT_EXAMPLE_MAX ? length : 0;
}

/* True where a body of length bytes, next in the source, ends before a From line or the file's end.
 */
static bool leads_to_end(bt_source *s, size_t length)
{
    enum { MORE = 4 + FROM_BYTES }; /* a missing line end, a blank line, and what then begins */
    const char *p;
    size_t n = bt_source_peek(s, length + MORE, &p);
    if (n < length)
        return false;
    for (int line = p[length - 1] == '\n'; line < 2 && length < n; line++) {
        if (line > 0 && is_from(p + length, n - length))
            return true;
        length += p[length] == '\r';
        if (length == n || p[length] != '\n')
            return false;
        length++;
    }
    return length == n || is_from(p + length, n - length);
}

/* ---- Messages ---- */

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

/* The last line of c->body has come: where are we now? */
static void advance(bolter_corpus *c, struct scan *scan)
{
    const char *line = c->body.data + scan->at;
    size_t n = c->body.len - scan->at;
    bool blank = is_blank(line, n), covered = scan->covered > 0;
    if (covered)
        scan->covered -= n < scan->covered ? n : scan->covered;
    scan->landed = covered && scan->covered == 0;
    scan->blank = blank && !covered;
    if (!scan->header)
        return;
    note_length(scan, line, n);
    scan->header = !blank;
    if (blank && scan->length > 0 && leads_to_end(c->source, scan->length))
        scan->covered = scan->length;
}

static bool is_over(const bolter_corpus *c, const struct scan *scan)
{
    return scan->covered == 0 && (scan->blank || scan->landed) && from_comes_next(c->source);
}

/* The lines up to the next message, less the blank one before it. */
static bolter_status read_message(bolter_corpus *c, bolter_error *err)
{
    struct scan scan = {.header = has_lengths(c)};
    while (!is_over(c, &scan)) {
        size_t from = c->body.len;
        bolter_status rc = bt_source_line(c->source, &c->body, err);
        if (rc == BOLTER_END)
            break;
        if (rc != BOLTER_OK)
            return rc;
        scan.at = from;
        advance(c, &scan);
        unquote(c, &c->body, from);
    }
    if (scan.blank && c->body.len > 0) {
        c->body.len = scan.at;
        c->body.data[scan.at] = 0;
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
    const char *name = c->name ? c->name : bt_base_name(c->path);
    size_t n = c->name ? strlen(name) : bt_stem_length(name, ".mbox");
    if (!bt_buf_append(&c->id, name, n) || !bt_buf_appendf(&c->id, "/%" PRIu64, c->index))
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", c->path);
    return BOLTER_OK;
}

const bt_reader bt_mbox_reader = {.kind = "mbox", .is_mail = true, .next = next_message};
const bt_reader bt_mboxo_reader = {.kind = "mboxo", .is_mail = true, .next = next_message};
const bt_reader bt_mboxcl_reader = {.kind = "mboxcl", .is_mail = true, .next = next_message};
const bt_reader bt_mboxcl2_reader = {.kind = "mboxcl2", .is_mail = true, .next = next_message};
