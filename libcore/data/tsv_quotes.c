/*
 * tsv_quotes.c - rows of "label TAB text" with quotes, cut as pandas.read_csv(sep="\t",
 * header=None) cuts them by default.
 *
 * A field that begins with a quote goes on to the next lone one, over tabs and line ends; "" in it
 * is a quote, and what follows the closing quote is plain again. Elsewhere a quote is a byte like
 * any other. LF, CRLF and CR end a row; rows of nothing but blanks are no rows. Words that pandas
 * takes for missing values, such as NA, stay words.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "data/corpus.h"

enum { LABEL, TEXT, N_FIELDS };
enum stop { AT_TAB, AT_ROW_END, AT_FILE_END };

static bolter_status fault(const bolter_corpus *c, uint64_t line, bolter_error *err,
                           const char *what)
{
    return bt_fail(err, BOLTER_E_FORMAT, "%s:%" PRIu64 ": %s", c->path, line, what);
}

static bolter_status put(const bolter_corpus *c, bt_buf *b, int ch, bolter_error *err)
{
    char byte = (char)ch;
    return bt_source_put(c->source, b, &byte, 1, err);
}

/* The next byte; CRLF and CR count as one '\n', where ends says that they end a row. */
static int next_byte(bt_source *s, bool ends)
{
    const char *p;
    int ch = bt_source_byte(s);
    if (ch != '\r' || !ends)
        return ch;
    if (bt_source_peek(s, 1, &p) == 1 && *p == '\n')
        bt_source_skip(s, 1);
    return '\n';
}

/* The quoted start of a field, after its opening quote; *after is the byte behind the closing one.
 */
static bolter_status read_quoted(bolter_corpus *c, bt_buf *b, int *after, bolter_error *err)
{
    uint64_t line = bt_source_line_no(c->source);
    for (;;) {
        int ch = next_byte(c->source, false);
        if (ch < 0) {
            bolter_status rc = bt_source_end(c->source, err);
            return rc == BOLTER_END ? fault(c, line, err, "quote is never closed") : rc;
        }
        if (ch == '"' && (*after = next_byte(c->source, true)) != '"')
            return BOLTER_OK;
        bolter_status rc = put(c, b, ch, err);
        if (rc != BOLTER_OK)
            return rc;
    }
}

/* Append one field to b. */
static bolter_status read_field(bolter_corpus *c, bt_buf *b, enum stop *stop, bool *quoted,
                                bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    int ch = next_byte(c->source, true);
    *quoted = ch == '"';
    if (*quoted)
        rc = read_quoted(c, b, &ch, err);
    for (; rc == BOLTER_OK && ch != '\t' && ch != '\n' && ch >= 0; ch = next_byte(c->source, true))
        rc = put(c, b, ch, err);
    if (rc != BOLTER_OK)
        return rc;
    *stop = ch == '\t' ? AT_TAB : ch == '\n' ? AT_ROW_END : AT_FILE_END;
    rc = ch < 0 ? bt_source_end(c->source, err) : BOLTER_OK;
    return rc == BOLTER_END ? BOLTER_OK : rc;
}

/* Read a row into label and c->body; *n_fields is 0 for one of nothing but blanks. */
static bolter_status read_row(bolter_corpus *c, bt_buf *label, size_t *n_fields, enum stop *stop,
                              bolter_error *err)
{
    bt_buf *field[N_FIELDS] = {label, &c->body};
    bolter_status rc;
    bool quoted, blank;
    *n_fields = 0;
    bt_buf_reset(label);
    bt_buf_reset(&c->body);
    do {
        bt_buf *b = field[*n_fields < N_FIELDS ? *n_fields : TEXT];
        if ((rc = read_field(c, b, stop, &quoted, err)) != BOLTER_OK)
            return rc;
        blank = *n_fields == 0 && !quoted && (b->len == 0 || strspn(b->data, " ") == b->len);
        ++*n_fields;
    } while (*stop == AT_TAB);
    if (*n_fields == 1 && blank)
        *n_fields = 0;
    return BOLTER_OK;
}

static bolter_status next_row(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    bt_buf *label = c->state;
    enum stop stop = AT_ROW_END;
    size_t n_fields = 0;
    uint64_t line = 0;
    if (c->index == 0)
        bt_source_skip_bom(c->source);
    while (n_fields == 0) {
        line = bt_source_line_no(c->source);
        bolter_status rc = read_row(c, label, &n_fields, &stop, err);
        if (rc != BOLTER_OK)
            return rc;
        if (n_fields == 0 && stop == AT_FILE_END)
            return BOLTER_END;
    }
    if (n_fields != N_FIELDS)
        return bt_fail(err, BOLTER_E_FORMAT, "%s:%" PRIu64 ": fields: found %zu, expected 2",
                       c->path, line, n_fields);
    if (label->len == 0 || memchr(label->data, 0, label->len))
        return fault(c, line, err, "empty label or NUL byte in it");
    ex->label = label->data;
    return BOLTER_OK;
}

static bolter_status open_tsv(bolter_corpus *c, bolter_error *err)
{
    bt_buf *label = bt_alloc(sizeof *label);
    if (!label)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", c->path);
    bt_buf_init(label, BT_NAME_MAX);
    c->state = label;
    return BOLTER_OK;
}

static void close_tsv(bolter_corpus *c)
{
    bt_buf *label = c->state;
    if (label)
        bt_buf_free(label);
    bt_release(label);
}

const bt_reader bt_tsv_quotes_reader = {
    .kind = "tsv-quotes", .labelled = true, .open = open_tsv, .next = next_row, .close = close_tsv};
