/*
 * text.c - bolter_text_*: collects a message, has it taken apart, and lays it out.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "text/armor.h"
#include "text/layout.h"
#include "text/message.h"
#include "text/normal.h"
#include "text/opaque.h"
#include "text/raw.h"
#include "words/features.h"

enum {
    DEFAULT_MESSAGE = 1 << 20,
    DEFAULT_TAIL = 256 << 10,
    DEFAULT_OUTPUT = 256 << 10,
    MAX_KEPT = 1 << 30,
    DEFAULT_DEPTH = 32,
    DEFAULT_PARTS = 256,
    MAX_DEPTH = 256,    /* what the stack of a thread of 256 KiB can take */
    BYTES_OF_BYTE = 3,  /* of UTF-8, which a byte of another charset can become */
    MAX_SUBJECT = 2048, /* bytes of header fields that are laid out */
    MAX_FROM_NAME = 512,
    MAX_FROM_DOMAIN = 256,
    MAX_TRAITS = 64 << 10
};

struct bolter_text {
    bt_message_limits lim;
    char *layout;
    bt_raw raw;
    bt_fields fields;
    bt_buf out;
    bt_message_notes notes; /* of the last message */
    bt_features *features;  /* made at the first use */
};

static bolter_status set_options(bolter_text *t, const bolter_text_options *o, bolter_error *err)
{
    size_t max_output = o->max_output ? o->max_output : DEFAULT_OUTPUT;
    size_t max_message = o->max_message ? o->max_message : DEFAULT_MESSAGE;
    size_t max_tail = o->head_only ? 0 : o->max_tail ? o->max_tail : DEFAULT_TAIL;
    const char *layout = o->layout ? o->layout : bolter_text_default_layout();
    if (o->max_depth < 0 || o->max_depth > MAX_DEPTH || o->max_parts < 0)
        return bt_fail(err, BOLTER_E_ARG,
                       "text: max_depth %d, max_parts %d, expected 0 to %d, 0 up", o->max_depth,
                       o->max_parts, MAX_DEPTH);
    if (max_message > MAX_KEPT || max_tail > MAX_KEPT)
        return bt_fail(err, BOLTER_E_ARG,
                       "text: max_message %zu, max_tail %zu, expected at most %d", max_message,
                       max_tail, MAX_KEPT);
    bolter_status status = bt_layout_check(layout, err);
    if (status != BOLTER_OK)
        return status;
    t->lim.max_depth = o->max_depth ? o->max_depth : DEFAULT_DEPTH;
    t->lim.max_parts = o->max_parts ? o->max_parts : DEFAULT_PARTS;
    t->lim.arriving = o->arriving;
    bt_raw_init(&t->raw, max_message, max_tail);
    bt_buf_init(&t->fields.subject, MAX_SUBJECT);
    bt_buf_init(&t->fields.from_name, MAX_FROM_NAME);
    bt_buf_init(&t->fields.from_domain, MAX_FROM_DOMAIN);
    bt_buf_init(&t->fields.traits, MAX_TRAITS);
    /* All of a body is taken, so that its end is known; the layout cuts it. */
    size_t max_body = BYTES_OF_BYTE * (max_message + max_tail);
    bt_buf_init(&t->fields.body, max_body > max_output ? max_body : max_output);
    bt_buf_init(&t->out, max_output);
    t->layout = bt_strdup(layout);
    return t->layout ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "text: no memory for the layout");
}

bolter_status bolter_text_open(bolter_text **out, const bolter_text_options *o, bolter_error *err)
{
    static const bolter_text_options defaults = {0};
    *out = NULL;
    bolter_text *t = bt_alloc(sizeof *t);
    if (!t)
        return bt_fail(err, BOLTER_E_NOMEM, "text: no memory");
    bolter_status status = set_options(t, o ? o : &defaults, err);
    if (status != BOLTER_OK)
        bolter_text_free(t);
    else
        *out = t;
    return status;
}

bolter_status bolter_text_chunk(bolter_text *t, const void *bytes, size_t n, bolter_error *err)
{
    bolter_status status = bt_raw_append(&t->raw, bytes, n);
    return status == BOLTER_OK
               ? status
               : bt_fail(err, status, "text: no memory for %zu bytes of a message", n);
}

bool bolter_text_full(const bolter_text *t)
{
    return bt_raw_full(&t->raw);
}

/* Whether the body is ciphertext shows before it is shortened. */
static void shorten_body(bolter_text *t)
{
    bt_buf *body = &t->fields.body;
    t->notes.encrypted = t->notes.encrypted || bt_armor_is_all(body->data, body->len);
    bt_opaque_shorten(body);
}

static void begin(bolter_text *t)
{
    bt_buf_reset(&t->fields.subject);
    bt_buf_reset(&t->fields.from_name);
    bt_buf_reset(&t->fields.from_domain);
    bt_buf_reset(&t->fields.body);
    bt_buf_reset(&t->fields.traits);
    bt_buf_reset(&t->out);
    t->notes = (bt_message_notes){0};
}

/* End a reading that came to status: a limit is no failure, but remembered. */
static bolter_status deliver(bolter_text *t, bolter_status status, const char **utf8, size_t *n,
                             bolter_error *err)
{
    if (status != BOLTER_OK && status != BOLTER_E_LIMIT)
        return bt_fail(err, status, "text: no memory to lay a message out");
    t->notes.truncated = t->notes.truncated || status == BOLTER_E_LIMIT;
    bolter_text_last(t, utf8, n);
    return BOLTER_OK;
}

bolter_status bolter_text_finish(bolter_text *t, const char **utf8, size_t *n, bolter_error *err)
{
    const char *raw;
    size_t n_raw;
    begin(t);
    bolter_status status = bt_raw_join(&t->raw, &raw, &n_raw, &t->notes.truncated);
    if (status == BOLTER_OK && n_raw > 0)
        status = bt_message_read(&t->fields, raw, n_raw, &t->lim, &t->notes);
    shorten_body(t);
    if (status == BOLTER_OK)
        status = bt_layout_fill(&t->out, t->layout, &t->fields);
    return deliver(t, status, utf8, n, err);
}

static size_t line_length(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && s[i] != '\n' && s[i] != '\r')
        i++;
    return i;
}

/*
 * The line "From: NAME DOMAIN" that the default layout puts between subject and body, at s: into the
 * fields, and its length with the line end before it into *used. Both words or one may be there.
 */
static bolter_status take_from(bolter_text *t, const char *s, size_t n, size_t *used)
{
    static const char key[] = "\nFrom: ";
    enum { KEY = sizeof key - 1 };
    *used = 0;
    if (n < KEY || memcmp(s, key, KEY) != 0)
        return BOLTER_OK;
    size_t end = KEY + line_length(s + KEY, n - KEY), domain = end;
    if (end < n && (n - end < 2 || memcmp(s + end, "\n\n", 2) != 0))
        return BOLTER_OK;
    while (domain > KEY && s[domain - 1] != ' ')
        domain--;
    if (!memchr(s + domain, '.', end - domain))
        domain = end;
    *used = end;
    bolter_status rc = bt_normal_append(&t->fields.from_name, s + KEY, domain - KEY, BT_NORMAL_LINE);
    if (rc != BOLTER_OK)
        return rc;
    return bt_normal_append(&t->fields.from_domain, s + domain, end - domain, BT_NORMAL_LINE);
}

/* Text that begins with a subject line, as a mail of subject, perhaps sender, and body. */
static bolter_status lay_out_plain(bolter_text *t, const char *s, size_t n)
{
    size_t line = line_length(s, n), from;
    bolter_status head = bt_normal_append(&t->fields.subject, s, line, BT_NORMAL_LINE);
    if (head != BOLTER_E_NOMEM && take_from(t, s + line, n - line, &from) == BOLTER_E_NOMEM)
        head = BOLTER_E_NOMEM;
    if (head == BOLTER_E_NOMEM)
        return head;
    line += from;
    bolter_status body = bt_normal_append(&t->fields.body, s + line, n - line, BT_NORMAL_MAIL);
    if (body == BOLTER_E_NOMEM)
        return body;
    shorten_body(t);
    bolter_status all = bt_layout_fill(&t->out, t->layout, &t->fields);
    return all != BOLTER_OK ? all : head != BOLTER_OK ? head : body;
}

bolter_status bolter_text_plain(bolter_text *t, const void *bytes, size_t len, const char **utf8,
                                size_t *n, bolter_error *err)
{
    static const char key[] = "Subject: ";
    enum { KEY = sizeof key - 1 };
    begin(t);
    bolter_status status = BOLTER_OK;
    if (len >= KEY && memcmp(bytes, key, KEY) == 0)
        status = lay_out_plain(t, (const char *)bytes + KEY, len - KEY);
    else if (len > 0)
        status = bt_normal_append(&t->out, bytes, len, BT_NORMAL_PLAIN);
    return deliver(t, status, utf8, n, err);
}

void bolter_text_last(const bolter_text *t, const char **utf8, size_t *n)
{
    *utf8 = t->out.data ? t->out.data : "";
    *n = t->out.len;
}

bool bolter_text_truncated(const bolter_text *t)
{
    return t->notes.truncated;
}

const char *bolter_text_unscorable(const bolter_text *t)
{
    const bt_fields *f = &t->fields;
    if (t->notes.encrypted)
        return "encrypted";
    return f->subject.len == 0 && f->body.len == 0 ? "empty" : NULL;
}

/* A text that is no mail is laid out as it is, and is all body then. */
bolter_status bolter_text_features(bolter_text *t, bolter_features *out, bolter_error *err)
{
    const bt_fields *f = &t->fields;
    const bt_buf *body = f->subject.len + f->body.len + f->traits.len > 0 ? &f->body : &t->out;
    const bt_feature_texts texts = {.subject = {f->subject.data, f->subject.len},
                                    .body = {body->data, body->len},
                                    .traits = {f->traits.data, f->traits.len}};
    bolter_status status = t->features ? BOLTER_OK : bt_features_open(&t->features, err);
    return status == BOLTER_OK ? bt_features_of(t->features, &texts, out, err) : status;
}

const char *bolter_text_traits(const bolter_text *t)
{
    return t->fields.traits.data ? t->fields.traits.data : "";
}

void bolter_text_reset(bolter_text *t)
{
    begin(t);
    bt_raw_reset(&t->raw);
}

void bolter_text_free(bolter_text *t)
{
    if (!t)
        return;
    bt_release(t->layout);
    bt_raw_free(&t->raw);
    bt_buf_free(&t->fields.subject);
    bt_buf_free(&t->fields.from_name);
    bt_buf_free(&t->fields.from_domain);
    bt_buf_free(&t->fields.body);
    bt_buf_free(&t->fields.traits);
    bt_features_free(t->features);
    bt_buf_free(&t->out);
    bt_release(t);
}
