/*
 * jsonl.c - a JSON object a line with the members label, text and perhaps id; read and written. The
 * only file of this folder that knows jansson.
 *
 * Names of members count in any case. A label or an id may be a whole number, which is read as its
 * digits. Other members are let pass.
 */
#include "data/jsonl.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "data/corpus.h"

struct jsonl {
    bt_buf line, label;
};

static bolter_status fault(const bolter_corpus *c, uint64_t line, bolter_error *err,
                           const char *what)
{
    return bt_fail(err, BOLTER_E_FORMAT, "%s:%" PRIu64 ": %s", c->path, line, what);
}

/* Append a string or a whole number; a label or an id also must fit a C string, and is not empty.
 */
static bolter_status take(const bolter_corpus *c, bt_buf *b, const json_t *value, uint64_t line,
                          bolter_error *err)
{
    bool name = b != &c->body;
    if (name && json_is_integer(value)) {
        char digits[32];
        int n = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return bt_source_put(c->source, b, digits, (size_t)n, err);
    }
    if (!json_is_string(value))
        return fault(c, line, err, "a label, text or id that is no string");
    const char *s = json_string_value(value);
    size_t n = json_string_length(value);
    if (name && (n == 0 || memchr(s, 0, n)))
        return fault(c, line, err, "an empty label or id, or a NUL byte in it");
    return bt_source_put(c->source, b, s, n, err);
}

static bolter_status take_members(bolter_corpus *c, json_t *object, uint64_t line,
                                  bolter_error *err)
{
    struct jsonl *j = c->state;
    struct {
        const char *name;
        bt_buf *to;
        unsigned seen;
    } members[] = {{"label", &j->label, 0}, {"text", &c->body, 0}, {"id", &c->id, 0}};
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
            if (strcasecmp(key, members[i].name) != 0)
                continue;
            bolter_status rc = members[i].seen++ ? fault(c, line, err, "a member twice")
                                                 : take(c, members[i].to, value, line, err);
            if (rc != BOLTER_OK)
                return rc;
        }
    }
    return members[0].seen && members[1].seen
               ? BOLTER_OK
               : fault(c, line, err, "expected an object with the members label and text");
}

static bolter_status parse(bolter_corpus *c, uint64_t line, bolter_error *err)
{
    struct jsonl *j = c->state;
    json_error_t at;
    json_t *object =
        json_loadb(j->line.data, j->line.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &at);
    if (!object && json_error_code(&at) == json_error_out_of_memory)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", c->path);
    if (!object)
        return fault(c, line, err, at.text);
    bolter_status rc = json_is_object(object) ? take_members(c, object, line, err)
                                              : fault(c, line, err, "expected an object");
    json_decref(object);
    return rc;
}

static bolter_status open_jsonl(bolter_corpus *c, bolter_error *err)
{
    struct jsonl *j = bt_alloc(sizeof *j);
    if (!j)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", c->path);
    c->state = j;
    bt_buf_init(&j->line, BT_EXAMPLE_MAX);
    bt_buf_init(&j->label, BT_NAME_MAX);
    bt_source_skip_bom(c->source);
    return BOLTER_OK;
}

/* Lines of nothing but blanks are no examples. */
static bolter_status next_object(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    struct jsonl *j = c->state;
    uint64_t line;
    bolter_status rc;
    do {
        bt_buf_reset(&j->line);
        line = bt_source_line_no(c->source);
        if ((rc = bt_source_line(c->source, &j->line, err)) != BOLTER_OK)
            return rc;
    } while (strspn(j->line.data, " \t\r\n") == j->line.len);
    bt_buf_reset(&j->label);
    rc = parse(c, line, err);
    ex->label = j->label.data;
    return rc;
}

static void close_jsonl(bolter_corpus *c)
{
    struct jsonl *j = c->state;
    if (j) {
        bt_buf_free(&j->line);
        bt_buf_free(&j->label);
    }
    bt_release(j);
}

const bt_reader bt_jsonl_reader = {.kind = "jsonl",
                                   .labelled = true,
                                   .open = open_jsonl,
                                   .next = next_object,
                                   .close = close_jsonl};

bolter_status bt_jsonl_write(FILE *f, const char *id, const char *label, const char *text, size_t n,
                             bolter_error *err)
{
    json_t *object = json_object();
    json_t *body = json_stringn(text, n);
    if (body && id)
        json_object_set_new(object, "id", json_string(id));
    json_object_set_new(object, "label", json_string(label));
    json_object_set_new(object, "text", body);
    bool whole = body && json_object_size(object) == (id ? 3 : 2);
    bool written = whole && json_dumpf(object, f, JSON_COMPACT) == 0 && fputc('\n', f) != EOF;
    json_decref(object);
    if (!whole)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: id, label or text is not UTF-8",
                       id ? id : "text");
    return written ? BOLTER_OK : bt_fail(err, BOLTER_E_IO, "%s: write failed", id ? id : "text");
}
