/* mtamail.c - a message as an MTA holds it while a milter looks at it. */
#include "tests/mta/mtamail.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define FIELD_MAX_BYTES ((size_t)1 << 24)

/* Stands for the Received that an MTA puts on top; never sent and never printed. */
static const char own_field[] = "Received: by the MTA\n";

/* Bytes of the line at s, its line feed included. */
static size_t line_len(const char *s, const char *end)
{
    const char *lf = memchr(s, '\n', (size_t)(end - s));
    return (size_t)((lf ? lf + 1 : end) - s);
}

/* Bytes before the colon when s begins a header field, else 0 (RFC 5322 section 2.2). */
static size_t name_len(const char *s, const char *end)
{
    const char *p = s;
    while (p<end && * p> ' ' && *p < 127 && *p != ':')
        p++;
    return p < end && *p == ':' ? (size_t)(p - s) : 0;
}

/* Bytes of the field at s with its continuation lines. */
static size_t field_len(const char *s, const char *end)
{
    const char *p = s + line_len(s, end);
    while (p < end && (*p == ' ' || *p == '\t'))
        p += line_len(p, end);
    return (size_t)(p - s);
}

/* Room for one field more. The list doubles at each power of two: a message may have 100,000. */
static bool grow(struct mta_mail *mail)
{
    size_t n = mail->n_fields;
    if (n & (n - 1))
        return true;
    struct mta_field *grown = bt_realloc_array(mail->field, n ? 2 * n : 1, sizeof *grown);
    if (grown)
        mail->field = grown;
    return grown != NULL;
}

/* Copy the len bytes of a field into the list at place at. */
static bool put_field(struct mta_mail *mail, size_t at, const char *text, size_t len)
{
    if (!grow(mail))
        return false;
    struct mta_field *list = mail->field;
    char *copy = bt_alloc(len + 1);
    if (!copy)
        return false;
    memcpy(copy, text, len);
    memmove(list + at + 1, list + at, (mail->n_fields - at) * sizeof *list);
    list[at] =
        (struct mta_field){.text = copy, .len = len, .name_len = name_len(text, text + len)};
    mail->n_fields++;
    return true;
}

bool mta_mail_parse(struct mta_mail *mail, const char *bytes, size_t n)
{
    const char *p = bytes, *end = bytes + n;
    size_t first = line_len(p, end);
    *mail = (struct mta_mail){.eol = first > 1 && p[first - 2] == '\r' ? "\r\n" : "\n"};
    bool ok = put_field(mail, 0, own_field, strlen(own_field));
    if (ok)
        mail->field[0].trace = true;
    for (size_t n_field; ok && name_len(p, end) > 0; p += n_field) {
        n_field = field_len(p, end);
        ok = put_field(mail, mail->n_fields, p, n_field);
    }
    if (!ok) {
        mta_mail_free(mail);
        return false;
    }
    size_t rest = (size_t)(end - p);
    size_t blank = rest > 0 && p[0] == '\n' ? 1 : rest > 1 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
    mail->separated = blank > 0;
    mail->body = p + blank;
    mail->body_len = rest - blank;
    return true;
}

bool mta_field_wire(const struct mta_field *f, bt_buf *out)
{
    const char *value = f->text + f->name_len + 1;
    size_t n = strlen(value);
    n -= n > 0 && value[n - 1] == '\n';
    bool ok = bt_buf_append(out, f->text, f->name_len) && bt_buf_append_char(out, '\0');
    for (size_t i = *value == ' '; ok && i < n; i++)
        ok = value[i] == '\r' || bt_buf_append_char(out, value[i]);
    return ok && bt_buf_append_char(out, '\0');
}

bool mta_mail_wire_body(const struct mta_mail *mail, bt_buf *out)
{
    const char *p = mail->body, *end = p + mail->body_len;
    while (p < end) {
        size_t n = line_len(p, end);
        bool bare = p[n - 1] == '\n' && (n < 2 || p[n - 2] != '\r');
        if (!bt_buf_append(out, p, n - bare) || (bare && !bt_buf_append_str(out, "\r\n")))
            return false;
        p += n;
    }
    return true;
}

bool mta_mail_insert(struct mta_mail *mail, size_t index, const char *name, const char *value)
{
    bt_buf b;
    bt_buf_init(&b, FIELD_MAX_BYTES);
    bool ok = bt_buf_appendf(&b, "%s: ", name);
    for (; ok && *value; value++)
        ok = *value == '\n' ? bt_buf_append_str(&b, mail->eol) : bt_buf_append_char(&b, *value);
    ok = ok && bt_buf_append_str(&b, mail->eol) &&
         put_field(mail, index < mail->n_fields ? index : mail->n_fields, b.data, b.len);
    bt_buf_free(&b);
    return ok;
}

/* Place in the list of the index-th field of this name, or n_fields. */
static size_t find_field(const struct mta_mail *mail, size_t index, const char *name)
{
    size_t len = strlen(name), seen = 0;
    for (size_t i = 0; i < mail->n_fields; i++) {
        const struct mta_field *f = mail->field + i;
        if (f->trace || f->name_len != len || strncasecmp(f->text, name, len) != 0)
            continue;
        if (++seen == index)
            return i;
    }
    return mail->n_fields;
}

bool mta_mail_change(struct mta_mail *mail, size_t index, const char *name, const char *value)
{
    size_t at = find_field(mail, index, name);
    if (at < mail->n_fields) {
        bt_release(mail->field[at].text);
        mail->n_fields--;
        memmove(mail->field + at, mail->field + at + 1,
                (mail->n_fields - at) * sizeof *mail->field);
    }
    return *value == '\0' || mta_mail_insert(mail, at, name, value);
}

bool mta_mail_print(const struct mta_mail *mail, bt_buf *out)
{
    for (size_t i = 0; i < mail->n_fields; i++)
        if (!mail->field[i].trace && !bt_buf_append(out, mail->field[i].text, mail->field[i].len))
            return false;
    /* A body without an empty line before it (an mbox "From " line, say) gets one, as by any MTA.
     */
    bool blank = mail->separated || (mail->n_fields > 1 && mail->body_len > 0);
    return (!blank || bt_buf_append_str(out, mail->eol)) &&
           bt_buf_append(out, mail->body, mail->body_len);
}

void mta_mail_free(struct mta_mail *mail)
{
    for (size_t i = 0; i < mail->n_fields; i++)
        bt_release(mail->field[i].text);
    bt_release(mail->field);
    *mail = (struct mta_mail){0};
}
