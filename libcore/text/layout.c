/* layout.c - the template that turns the parts of a mail into the text a model reads. */
#include "text/layout.h"

#include <string.h>

#include "base/error.h"
#include "text/normal.h"

/* A piece of a layout: text, or a placeholder. */
struct piece {
    const char *start;
    size_t len;
    int field; /* index of a placeholder, or a value below */
};
enum { TEXT = -1, UNKNOWN = -2 };

static const char *const names[] = {"{subject}", "{from_name}", "{from_domain}", "{body}"};
enum { BODY = 3, N_FIELDS = 4 };

const char *bolter_text_default_layout(void)
{
    return "Subject: {subject}\nFrom: {from_name} {from_domain}\n\n{body}";
}

static const bt_buf *field_of(const bt_fields *f, int i)
{
    const bt_buf *all[N_FIELDS] = {&f->subject, &f->from_name, &f->from_domain, &f->body};
    return all[i];
}

/* The piece at s, which is not at the end of its line of n bytes. */
static struct piece next_piece(const char *s, size_t n)
{
    struct piece p = {.start = s, .field = TEXT};
    if (*s != '{') {
        const char *brace = memchr(s, '{', n);
        p.len = brace ? (size_t)(brace - s) : n;
        return p;
    }
    const char *end = memchr(s, '}', n);
    p.len = end ? (size_t)(end - s) + 1 : n;
    p.field = UNKNOWN;
    for (int i = 0; i < N_FIELDS; i++)
        if (p.len == strlen(names[i]) && memcmp(s, names[i], p.len) == 0)
            p.field = i;
    return p;
}

bolter_status bt_layout_check(const char *layout, bolter_error *err)
{
    bool body = false;
    for (size_t len; *layout; layout += len + (layout[len] == '\n')) {
        len = strcspn(layout, "\n");
        for (size_t i = 0; i < len;) {
            struct piece p = next_piece(layout + i, len - i);
            if (p.field == UNKNOWN)
                return bt_fail(err, BOLTER_E_ARG, "text layout: unknown placeholder %.*s",
                               p.len < 40 ? (int)p.len : 40, p.start);
            body = body || p.field == BODY;
            i += p.len;
        }
    }
    return body ? BOLTER_OK : bt_fail(err, BOLTER_E_ARG, "text layout: {body} is missing");
}

static bolter_status put(bt_buf *out, const char *s, size_t n)
{
    size_t room = bt_buf_room(out);
    size_t fits = n <= room ? n : bt_utf8_cut(s, room);
    if (fits > 0 && !bt_buf_append(out, s, fits))
        return BOLTER_E_NOMEM;
    return fits == n ? BOLTER_OK : BOLTER_E_LIMIT;
}

/* The beginning of a body that is too long, then its end, a quarter of the room, from a line on. */
static bolter_status put_ends(bt_buf *out, const char *s, size_t n)
{
    size_t room = bt_buf_room(out), tail = room / 4;
    if (n <= room || tail == 0)
        return put(out, s, n);
    const char *end = s + n - tail;
    const char *line = memchr(end, '\n', tail / 2);
    end = line ? line : s + bt_utf8_cut(s, n - tail);
    size_t head = bt_utf8_cut(s, room - (size_t)(s + n - end));
    bolter_status status = put(out, s, head);
    if (status == BOLTER_OK)
        status = put(out, end, (size_t)(s + n - end));
    return status == BOLTER_OK ? BOLTER_E_LIMIT : status;
}

static bool is_left_out(const char *line, size_t n, const bt_fields *f)
{
    bool any = false;
    for (size_t i = 0; i < n;) {
        struct piece p = next_piece(line + i, n - i);
        if (p.field >= 0 && field_of(f, p.field)->len > 0)
            return false;
        any = any || p.field >= 0;
        i += p.len;
    }
    return any;
}

/* A blank after a placeholder that gave nothing is left out if there is one before it. */
static size_t needless_blank(const bt_buf *out, const char *s, size_t n)
{
    bool open = out->len == 0 || strchr(" \n", out->data[out->len - 1]);
    return open && n > 0 && *s == ' ';
}

static bolter_status fill_line(bt_buf *out, const char *line, size_t n, const bt_fields *f)
{
    bolter_status status = BOLTER_OK;
    size_t start = out->len;
    for (size_t i = 0; i < n && status == BOLTER_OK;) {
        struct piece p = next_piece(line + i, n - i);
        i += p.len;
        if (p.field < 0) {
            status = put(out, p.start, p.len);
            continue;
        }
        const bt_buf *value = field_of(f, p.field);
        if (value->len > 0)
            status = (p.field == BODY ? put_ends : put)(out, value->data, value->len);
        else
            i += needless_blank(out, line + i, n - i);
    }
    while (out->len > start && out->data[out->len - 1] == ' ')
        out->data[--out->len] = 0;
    return status;
}

bolter_status bt_layout_fill(bt_buf *out, const char *layout, const bt_fields *f)
{
    bolter_status status = BOLTER_OK;
    size_t start = out->len;
    for (size_t len; *layout && status == BOLTER_OK; layout += len + (layout[len] == '\n')) {
        len = strcspn(layout, "\n");
        if (is_left_out(layout, len, f))
            continue;
        status = fill_line(out, layout, len, f);
        if (status == BOLTER_OK && layout[len] == '\n' && out->len > start)
            status = put(out, "\n", 1);
    }
    while (out->len > start && strchr(" \n", out->data[out->len - 1]))
        out->data[--out->len] = 0;
    return status;
}
