/*
 * csv.c - rows of an RFC 4180 file whose header names Label and Text, and perhaps Id.
 *
 * Columns come in any order, other columns are skipped. Fields may be quoted, with "" for a quote
 * and line ends inside; lines end in LF or CRLF. A row with more or fewer fields than the header, a
 * quote inside a bare field and text behind a closing quote are faults.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "data/corpus.h"

#define COLUMNS_MAX 1024

enum role { SKIPPED, LABEL, TEXT, ID };
enum stop { AT_COMMA, AT_ROW_END, AT_FILE_END };

struct csv {
    unsigned char role[COLUMNS_MAX]; /* enum role of each column */
    size_t n_columns;
    bt_buf label, scratch;
};

/* A row as it is being read. */
struct row {
    uint64_t line; /* where it began */
    size_t n_fields;
    bool blank; /* nothing but a line end */
};

static bolter_status fault(const bolter_corpus *c, uint64_t line, bolter_error *err,
                           const char *what)
{
    return bt_fail(err, BOLTER_E_FORMAT, "%s:%" PRIu64 ": %s", c->path, line, what);
}

/* The next byte; CRLF counts as one '\n'. */
static int next_byte(bt_source *s)
{
    const char *p;
    int ch = bt_source_byte(s);
    if (ch == '\r' && bt_source_peek(s, 1, &p) == 1 && *p == '\n')
        ch = bt_source_byte(s);
    return ch;
}

static bolter_status put(bolter_corpus *c, bt_buf *b, int ch, bolter_error *err)
{
    char byte = (char)ch;
    return bt_source_put(c->source, b, &byte, 1, err);
}

/* The rest of a field after its opening quote, and the byte after its closing one. */
static bolter_status read_quoted(bolter_corpus *c, bt_buf *b, int *after, bolter_error *err)
{
    uint64_t line = bt_source_line_no(c->source);
    for (;;) {
        int ch = bt_source_byte(c->source);
        if (ch < 0) {
            bolter_status rc = bt_source_end(c->source, err);
            return rc == BOLTER_END ? fault(c, line, err, "quote is never closed") : rc;
        }
        if (ch == '"') {
            const char *p;
            if (bt_source_peek(c->source, 1, &p) == 0 || *p != '"')
                break;
            bt_source_skip(c->source, 1);
        }
        bolter_status rc = put(c, b, ch, err);
        if (rc != BOLTER_OK)
            return rc;
    }
    line = bt_source_line_no(c->source);
    *after = next_byte(c->source);
    if (*after != ',' && *after != '\n' && *after >= 0)
        return fault(c, line, err, "text after a closing quote, expected a comma or a line end");
    return BOLTER_OK;
}

static bolter_status read_bare(bolter_corpus *c, bt_buf *b, int ch, int *after, bolter_error *err)
{
    for (; ch != ',' && ch != '\n' && ch >= 0; ch = next_byte(c->source)) {
        if (ch == '"')
            return fault(c, bt_source_line_no(c->source), err, "quote inside a bare field");
        bolter_status rc = put(c, b, ch, err);
        if (rc != BOLTER_OK)
            return rc;
    }
    *after = ch;
    return BOLTER_OK;
}

/* Append one field to b. */
static bolter_status read_field(bolter_corpus *c, bt_buf *b, struct row *row, enum stop *stop,
                                bolter_error *err)
{
    int first = next_byte(c->source), after = first;
    bolter_status rc =
        first == '"' ? read_quoted(c, b, &after, err) : read_bare(c, b, first, &after, err);
    if (rc != BOLTER_OK)
        return rc;
    *stop = after == ',' ? AT_COMMA : after == '\n' ? AT_ROW_END : AT_FILE_END;
    if (after < 0 && (rc = bt_source_end(c->source, err)) != BOLTER_END)
        return rc;
    row->blank = row->n_fields == 0 && (first == '\n' || first < 0);
    row->n_fields++;
    return row->blank && first < 0 ? BOLTER_END : BOLTER_OK;
}

static bt_buf *buffer_of(bolter_corpus *c, struct csv *csv, size_t column)
{
    switch (column < csv->n_columns ? (enum role)csv->role[column] : SKIPPED) {
    case LABEL:
        return &csv->label;
    case TEXT:
        return &c->body;
    case ID:
        return &c->id;
    case SKIPPED:
        break;
    }
    bt_buf_reset(&csv->scratch);
    return &csv->scratch;
}

static bolter_status read_row(bolter_corpus *c, struct csv *csv, struct row *row, bolter_error *err)
{
    enum stop stop = AT_COMMA;
    *row = (struct row){.line = bt_source_line_no(c->source)};
    bt_buf_reset(&csv->label);
    bt_buf_reset(&c->body);
    bt_buf_reset(&c->id);
    while (stop == AT_COMMA) {
        bt_buf *b = buffer_of(c, csv, row->n_fields);
        bolter_status rc = read_field(c, b, row, &stop, err);
        if (rc != BOLTER_OK)
            return rc;
    }
    return BOLTER_OK;
}

static enum role role_of(const char *name)
{
    while (*name == ' ')
        name++;
    size_t n = strlen(name);
    while (n > 0 && name[n - 1] == ' ')
        n--;
    static const struct {
        const char *name;
        enum role role;
    } roles[] = {{"label", LABEL}, {"text", TEXT}, {"id", ID}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (strlen(roles[i].name) == n && strncasecmp(roles[i].name, name, n) == 0)
            return roles[i].role;
    return SKIPPED;
}

/* Read the header into role[] and n_columns; seen[r] counts the columns of role r. */
static bolter_status read_header(bolter_corpus *c, struct csv *csv, size_t seen[4],
                                 bolter_error *err)
{
    struct row row = {.line = 1};
    enum stop stop = AT_COMMA;
    size_t n = 0;
    while (stop == AT_COMMA) {
        bt_buf_reset(&csv->scratch);
        bolter_status rc = read_field(c, &csv->scratch, &row, &stop, err);
        if (rc == BOLTER_END)
            return fault(c, 1, err, "empty file, expected a header that names Label and Text");
        if (rc != BOLTER_OK)
            return rc;
        if (n == COLUMNS_MAX)
            return bt_fail(err, BOLTER_E_LIMIT, "%s:1: more than %d columns", c->path, COLUMNS_MAX);
        enum role role = role_of(csv->scratch.data ? csv->scratch.data : "");
        csv->role[n++] = (unsigned char)role;
        seen[role]++;
    }
    csv->n_columns = n;
    return BOLTER_OK;
}

static bolter_status open_csv(bolter_corpus *c, bolter_error *err)
{
    struct csv *csv = bt_alloc(sizeof *csv);
    if (!csv)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", c->path);
    c->state = csv;
    bt_buf_init(&csv->label, BT_NAME_MAX);
    bt_buf_init(&csv->scratch, BT_EXAMPLE_MAX);
    bt_source_skip_bom(c->source);
    size_t seen[4] = {0};
    bolter_status rc = read_header(c, csv, seen, err);
    if (rc != BOLTER_OK)
        return rc;
    if (seen[LABEL] != 1 || seen[TEXT] != 1 || seen[ID] > 1)
        return fault(c, 1, err,
                     "expected a header with one column Label, one Text, at most one Id");
    return BOLTER_OK;
}

static bolter_status check_row(const bolter_corpus *c, const struct csv *csv, const struct row *row,
                               bolter_error *err)
{
    if (row->n_fields != csv->n_columns)
        return bt_fail(err, BOLTER_E_FORMAT, "%s:%" PRIu64 ": fields: found %zu, expected %zu",
                       c->path, row->line, row->n_fields, csv->n_columns);
    if (csv->label.len == 0)
        return fault(c, row->line, err, "empty label");
    if (strlen(csv->label.data) != csv->label.len)
        return fault(c, row->line, err, "NUL byte in the label");
    if (c->id.len > 0 && strlen(c->id.data) != c->id.len)
        return fault(c, row->line, err, "NUL byte in the id");
    return BOLTER_OK;
}

/* Blank lines are let pass at the end of the file only. An empty id gives way to the index. */
static bolter_status next_row(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    struct csv *csv = c->state;
    struct row row;
    uint64_t blank_line = 0;
    bolter_status rc;
    while ((rc = read_row(c, csv, &row, err)) == BOLTER_OK && row.blank)
        if (blank_line == 0)
            blank_line = row.line;
    if (rc == BOLTER_OK && blank_line)
        rc = fault(c, blank_line, err, "empty line");
    if (rc == BOLTER_OK)
        rc = check_row(c, csv, &row, err);
    if (rc == BOLTER_OK)
        ex->label = csv->label.data;
    return rc;
}

static void close_csv(bolter_corpus *c)
{
    struct csv *csv = c->state;
    if (csv) {
        bt_buf_free(&csv->label);
        bt_buf_free(&csv->scratch);
    }
    bt_release(csv);
}

const bt_reader bt_csv_reader = {
    .kind = "csv", .labelled = true, .open = open_csv, .next = next_row, .close = close_csv};
