/*
 * message.c - a raw message taken apart: header.c has its header, this the tree of its parts.
 *
 * GMime finds the structure and decodes fields and transfer encodings; charset.c and html.c make
 * text of what a part holds. The parts are read in order:
 *
 *   text/plain, text/html     into the body; when they are attachments, after it
 *   multipart/alternative     see choose(): what the reader sees, the rest only where it differs
 *   multipart/encrypted       nothing
 *   message/rfc822            its subject and body, as deep as the limit allows
 *   other parts               their names, as lines "[attachment: NAME]" at the end
 */
#include "text/message.h"

#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>

#include "base/mem.h"
#include "text/charset.h"
#include "text/cover.h"
#include "text/guard.h"
#include "text/header.h"
#include "text/html.h"
#include "text/normal.h"
#include "text/traits.h"

enum {
    MAX_BOUNDARIES =
        256,            /* mentions of the word in a message: GMime tests each open one per line */
    MAX_NAMES = 16,     /* attachments that are listed */
    MAX_NAME = 120,     /* bytes of a name */
    STUB = 24,          /* a plain alternative of fewer bytes says nothing */
};

struct reader {
    const bt_message_limits *lim;
    int parts;
    bt_buf late;  /* text of attachments */
    bt_buf names; /* lines for attachments */
    bt_buf *traits;
    int n_names;
    bt_message_notes *notes;
    bolter_status status; /* OK or E_NOMEM */
};

/* Take note of a status; false when reading must end. */
static bool go_on(struct reader *r, bolter_status status)
{
    if (status == BOLTER_E_LIMIT)
        r->notes->truncated = true;
    else if (status != BOLTER_OK)
        r->status = status;
    return r->status == BOLTER_OK;
}

/* ---- Text of one part ---- */

/* Append text in normal form as a paragraph of its own. */
static void put_paragraph(struct reader *r, bt_buf *out, const char *s, size_t n)
{
    size_t start = out->len;
    size_t gap = start > 0 ? 2 : 0;
    if (gap > bt_buf_room(out))
        go_on(r, BOLTER_E_LIMIT);
    else if (!bt_buf_append(out, "\n\n", gap))
        go_on(r, BOLTER_E_NOMEM);
    else
        go_on(r, bt_normal_append(out, s, n, BT_NORMAL_MAIL));
    if (out->len == start + gap && gap > 0) {
        out->len = start;
        out->data[start] = 0;
    }
}

static void put_html(struct reader *r, bt_buf *out, const char *html, size_t n)
{
    bt_buf text;
    bt_buf_init(&text, 4 * out->max + 4096);
    if (go_on(r, bt_html_text(&text, html, n, &r->notes->n_hidden)) && text.len > 0)
        put_paragraph(r, out, text.data, text.len);
    bt_buf_free(&text);
}

/* The encoding named by a meta element near the beginning of an HTML part, or NULL. */
static const char *html_charset(char name[32], const char *html, size_t n)
{
    static const char key[] = "charset=";
    n = n < 2048 ? n : 2048;
    for (size_t i = 0; i + sizeof key < n; i++) {
        if (strncasecmp(html + i, key, sizeof key - 1) != 0)
            continue;
        size_t at = i + sizeof key - 1, len = 0;
        at += html[at] == '"' || html[at] == '\'';
        while (at + len < n && len < 31 && !strchr("\"' \t\r\n;/>", html[at + len]))
            len++;
        memcpy(name, html + at, len);
        name[len] = 0;
        return name;
    }
    return NULL;
}

static void put_bytes(struct reader *r, bt_buf *out, const char *s, size_t n, const char *charset,
                      bool html)
{
    char name[32];
    if (html && (!charset || !*charset))
        charset = html_charset(name, s, n);
    bt_buf utf8;
    bt_buf_init(&utf8, 4 * n + 16);
    if (!(html ? bt_traits_html : bt_traits_links)(r->traits, s, n))
        go_on(r, BOLTER_E_NOMEM);
    const char *from = bt_charset_of(charset, s, n);
    if (from && go_on(r, bt_charset_convert(&utf8, from, s, n))) {
        s = utf8.data;
        n = utf8.len;
    }
    if (r->status == BOLTER_OK && n > 0) {
        if (html)
            put_html(r, out, s, n);
        else
            put_paragraph(r, out, s, n);
    }
    bt_buf_free(&utf8);
}

static void put_part(struct reader *r, bt_buf *out, GMimePart *part, bool html)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (!content)
        return;
    GMimeStream *mem = g_mime_stream_mem_new();
    g_mime_data_wrapper_write_to_stream(content, mem);
    const GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    if (bytes->len > 0)
        put_bytes(r, out, (const char *)bytes->data, bytes->len,
                  g_mime_content_type_get_parameter(type, "charset"), html);
    g_object_unref(mem);
}

/* ---- Attachments ---- */

static void put_name(struct reader *r, const char *name)
{
    bt_buf line;
    bt_buf_init(&line, MAX_NAME);
    bolter_status status = bt_normal_append(&line, name, strlen(name), BT_NORMAL_LINE);
    if (status == BOLTER_E_NOMEM) {
        go_on(r, status);
    } else if (line.len > 0 && r->n_names < MAX_NAMES) {
        r->n_names++;
        if (!bt_buf_appendf(&r->names, "[attachment: %s]\n", line.data))
            go_on(r, BOLTER_E_NOMEM);
    } else if (line.len > 0) {
        r->notes->truncated = true;
    }
    bt_buf_free(&line);
}

/* How the body of a part is read. */
enum body { NO_TEXT, PLAIN, HTML };

static enum body body_of(GMimeObject *o, bool top)
{
    GMimeContentType *type = g_mime_object_get_content_type(o);
    const char *field = g_mime_object_get_header(o, "Content-Type");
    if (field && !strchr(field, '/')) /* no type at all, such as "text" */
        return strcasestr(field, "html") ? HTML : PLAIN;
    if (g_mime_content_type_is_type(type, "text", "html") ||
        g_mime_content_type_is_type(type, "text", "enriched") ||
        g_mime_content_type_is_type(type, "application", "xhtml+xml"))
        return HTML;
    bool plain = g_mime_content_type_is_type(type, "text", top ? "*" : "plain");
    return plain ? PLAIN : NO_TEXT;
}

static void put_trait(struct reader *r, const char *name, const char *value)
{
    if (value && !bt_traits_words(r->traits, name, value, strlen(value)))
        go_on(r, BOLTER_E_NOMEM);
}

/* What a part is and how it is written. */
static void put_traits(struct reader *r, GMimeObject *o)
{
    GMimeContentType *type = g_mime_object_get_content_type(o);
    char *name = g_mime_content_type_get_mime_type(type);
    put_trait(r, "part", name);
    g_free(name);
    put_trait(r, "charset", g_mime_content_type_get_parameter(type, "charset"));
    put_trait(r, "encoding", g_mime_object_get_header(o, "Content-Transfer-Encoding"));
    put_trait(r, "disposition", g_mime_object_get_disposition(o));
}

static void read_leaf(struct reader *r, GMimePart *part, bool top, bt_buf *out)
{
    const char *disposition = g_mime_object_get_disposition(GMIME_OBJECT(part));
    const char *name = g_mime_part_get_filename(part);
    bool attached = disposition && strcasecmp(disposition, "attachment") == 0;
    enum body body = body_of(GMIME_OBJECT(part), top);
    put_traits(r, GMIME_OBJECT(part));
    put_trait(r, "file", name ? strrchr(name, '.') : NULL);
    if (body != NO_TEXT)
        put_part(r, attached ? &r->late : out, part, body == HTML);
    if (name && (attached || body == NO_TEXT))
        put_name(r, name);
}

/* ---- Alternatives ---- */

static bool is_covered(struct reader *r, const bt_buf *a, const bt_buf *b)
{
    bool covered = false;
    go_on(r, bt_text_covers(&covered, b, a));
    return covered;
}

/*
 * Of the first and the last alternative that gave text, plain as a rule and HTML, take one where
 * both say the same: the plain one, which is free of layout. A plain one that is a stub is dropped.
 * Where they differ, readers see the last one, so it comes first; the other follows, since some see
 * that.
 */
static void choose(struct reader *r, bt_buf *out, const bt_buf *plain, const bt_buf *rich)
{
    bool differ = rich->len > 0 && (plain->len < STUB || !is_covered(r, rich, plain));
    if (r->status != BOLTER_OK)
        return;
    if (differ)
        put_paragraph(r, out, rich->data, rich->len);
    if (plain->len > 0 && !(differ && plain->len < STUB))
        put_paragraph(r, out, plain->data, plain->len);
}

static void read_object(struct reader *r, GMimeObject *o, int depth, bt_buf *out);

static void read_alternative(struct reader *r, GMimeMultipart *m, int depth, bt_buf *out)
{
    bt_buf plain, rich;
    bt_buf_init(&plain, out->max);
    bt_buf_init(&rich, out->max);
    int n = g_mime_multipart_get_count(m);
    for (int i = 0; i < n && r->status == BOLTER_OK; i++) {
        bt_buf *to = plain.len == 0 ? &plain : &rich;
        bt_buf next;
        bt_buf_init(&next, out->max);
        read_object(r, g_mime_multipart_get_part(m, i), depth, &next);
        if (next.len > 0) {
            bt_buf_free(to);
            *to = next;
        } else {
            bt_buf_free(&next);
        }
    }
    if (r->status == BOLTER_OK)
        choose(r, out, &plain, &rich);
    bt_buf_free(&plain);
    bt_buf_free(&rich);
}

/* ---- Structure ---- */

static void read_parts(struct reader *r, GMimeMultipart *m, int from, int to, int depth, bt_buf *out)
{
    for (int i = from; i < to && r->status == BOLTER_OK; i++)
        read_object(r, g_mime_multipart_get_part(m, i), depth, out);
}

/*
 * Readers of mail see every part. So of too many the first and the last are read, and whatever is
 * nested in the first, some of what the limit allows is kept for the last.
 */
static void read_multipart(struct reader *r, GMimeMultipart *m, int depth, bt_buf *out)
{
    int n = g_mime_multipart_get_count(m);
    const char *prologue = g_mime_multipart_get_prologue(m);
    if (n == 0 && prologue) /* no boundary was found */
        put_bytes(r, out, prologue, strlen(prologue), NULL, false);
    int room = r->lim->max_parts - r->parts, fits = n < room ? n : room;
    int last = fits < n ? fits - fits / 2 : n > 0, first = fits - last;
    int reserve = room - first < room / 2 ? room - first : room / 2;
    r->notes->truncated = r->notes->truncated || fits < n;
    r->parts += reserve;
    read_parts(r, m, 0, first, depth, out);
    r->parts -= reserve;
    read_parts(r, m, n - last, n, depth, out);
}

static void read_message_part(struct reader *r, GMimeMessagePart *part, int depth, bt_buf *out)
{
    GMimeMessage *message = g_mime_message_part_get_message(part);
    const char *subject = message ? g_mime_message_get_subject(message) : NULL;
    if (subject)
        put_paragraph(r, out, subject, strlen(subject));
    if (message && r->status == BOLTER_OK)
        read_object(r, g_mime_message_get_mime_part(message), depth, out);
}

static bool has_type(GMimeObject *o, const char *type, const char *subtype)
{
    return o && g_mime_content_type_is_type(g_mime_object_get_content_type(o), type, subtype);
}

/*
 * By its form, and not by its name alone: a multipart/encrypted of other parts is shown as an ordinary
 * multipart by readers that cannot decrypt it, and so it is read.
 */
static bool is_encrypted(GMimeObject *o)
{
    if (GMIME_IS_MULTIPART_ENCRYPTED(o)) {
        GMimeMultipart *m = GMIME_MULTIPART(o);
        return g_mime_multipart_get_count(m) == 2 &&
               has_type(g_mime_multipart_get_part(m, 0), "application", "pgp-encrypted") &&
               has_type(g_mime_multipart_get_part(m, 1), "application", "octet-stream");
    }
    if (!has_type(o, "application", "pkcs7-mime") && !has_type(o, "application", "x-pkcs7-mime"))
        return false;
    const char *kind = g_mime_object_get_content_type_parameter(o, "smime-type");
    return !kind || strcasecmp(kind, "enveloped-data") == 0 ||
           strcasecmp(kind, "authEnveloped-data") == 0;
}

static void read_object(struct reader *r, GMimeObject *o, int depth, bt_buf *out)
{
    if (!o)
        return;
    bool encrypted = is_encrypted(o);
    if (depth == 0)
        r->notes->encrypted = encrypted;
    if (encrypted && GMIME_IS_MULTIPART(o))
        return;
    if (depth >= r->lim->max_depth || r->parts >= r->lim->max_parts) {
        r->notes->truncated = true;
        return;
    }
    r->parts++;
    if (GMIME_IS_MULTIPART(o)) {
        GMimeContentType *type = g_mime_object_get_content_type(o);
        if (g_mime_content_type_is_type(type, "multipart", "alternative"))
            read_alternative(r, GMIME_MULTIPART(o), depth + 1, out);
        else
            read_multipart(r, GMIME_MULTIPART(o), depth + 1, out);
    } else if (GMIME_IS_MESSAGE_PART(o)) {
        read_message_part(r, GMIME_MESSAGE_PART(o), depth + 1, out);
    } else if (GMIME_IS_PART(o)) {
        read_leaf(r, GMIME_PART(o), depth == 0, out);
    }
}

/* ---- All of it ---- */

static void read_raw(struct reader *r, bt_fields *f, const char *raw, size_t n)
{
    GMimeMessage *message = bt_header_parse(raw, n);
    if (!message) {
        put_bytes(r, &f->body, raw, n, NULL, false);
        return;
    }
    bool traits = bt_traits_header(r->traits, raw, n, r->lim->arriving);
    if (go_on(r, traits ? BOLTER_OK : BOLTER_E_NOMEM) &&
        go_on(r, bt_header_subject(&f->subject, message)) &&
        go_on(r, bt_header_from(&f->from_name, &f->from_domain, message)))
        read_object(r, g_mime_message_get_mime_part(message), 0, &f->body);
    g_object_unref(message);
}

bolter_status bt_message_read(bt_fields *f, const char *raw, size_t n, const bt_message_limits *lim,
                              bt_message_notes *notes)
{
    struct reader r = {.lim = lim, .notes = notes, .traits = &f->traits};
    bt_buf_init(&r.late, f->body.max);
    bt_buf_init(&r.names, MAX_NAMES * (MAX_NAME + 32));
    bt_buf copy;
    bt_buf_init(&copy, n);
    if (go_on(&r, bt_guard(&copy, &raw, &n)) && n > 0)
        read_raw(&r, f, raw, n);
    bt_buf_free(&copy);
    if (r.status == BOLTER_OK && r.late.len > 0)
        put_paragraph(&r, &f->body, r.late.data, r.late.len);
    if (r.status == BOLTER_OK && r.names.len > 0)
        put_paragraph(&r, &f->body, r.names.data, r.names.len);
    bt_buf_free(&r.late);
    bt_buf_free(&r.names);
    return r.status;
}

