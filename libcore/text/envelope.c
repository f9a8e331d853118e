/* envelope.c - whose a message is, when it came, and which it answers. */
#include "text/envelope.h"

#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>

#include "text/guard.h"
#include "text/header.h"

enum { MAX_HEADER = 1 << 18 }; /* bytes that are read */

/* Bytes of the header, with the empty line that ends it. */
static size_t header_length(const char *raw, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        if (raw[i] == '\n' && (raw[i + 1] == '\n' || raw[i + 1] == '\r'))
            return i + 2;
    return n;
}

static bool read_date(const char *field, int64_t *time)
{
    GDateTime *date = field ? g_mime_utils_header_decode_date(field) : NULL;
    if (!date)
        return false;
    *time = g_date_time_to_unix(date);
    g_date_time_unref(date);
    return true;
}

/* Received is the work of a server near the reader and more to be trusted than Date. False: no date. */
static bool read_time(int64_t *time, GMimeMessage *message)
{
    GMimeHeaderList *fields = g_mime_object_get_header_list(GMIME_OBJECT(message));
    int n = g_mime_header_list_get_count(fields);
    for (int i = 0; i < n; i++) {
        GMimeHeader *h = g_mime_header_list_get_header_at(fields, i);
        if (strcasecmp(g_mime_header_get_name(h), "Received") != 0)
            continue;
        const char *value = g_mime_header_get_raw_value(h);
        const char *date = value ? strrchr(value, ';') : NULL;
        if (date && read_date(date + 1, time))
            return true;
    }
    return read_date(g_mime_object_get_header(GMIME_OBJECT(message), "Date"), time);
}

/* Append the ids of a field, as many as fit. */
static bolter_status read_ids(bt_buf *ids, GMimeMessage *message, const char *name)
{
    const char *field = g_mime_object_get_header(GMIME_OBJECT(message), name);
    GMimeReferences *list = field ? g_mime_references_parse(NULL, field) : NULL;
    int n = list ? g_mime_references_length(list) : 0;
    bolter_status rc = BOLTER_OK;
    for (int i = 0; i < n && rc == BOLTER_OK; i++) {
        const char *id = g_mime_references_get_message_id(list, i);
        size_t len = id ? strlen(id) : 0;
        if (len == 0 || len + 1 > bt_buf_room(ids))
            continue;
        if (!bt_buf_append(ids, id, len) || !bt_buf_append_char(ids, '\n'))
            rc = BOLTER_E_NOMEM;
    }
    if (list)
        g_mime_references_free(list);
    return rc;
}

/* What does not fit is left out. */
static bool fits(bolter_status rc)
{
    return rc != BOLTER_E_NOMEM;
}

static bool read_fields(bt_envelope *e, GMimeMessage *message)
{
    bt_buf name;
    bt_buf_init(&name, e->subject.max);
    e->dated = read_time(&e->time, message);
    bool ok = fits(bt_header_subject(&e->subject, message)) &&
              fits(bt_header_from(&name, &e->from_domain, message)) &&
              fits(read_ids(&e->ids, message, "Message-ID")) &&
              fits(read_ids(&e->ids, message, "References")) &&
              fits(read_ids(&e->ids, message, "In-Reply-To"));
    bt_buf_free(&name);
    return ok;
}

/* The header at the beginning of raw, through copy where it has to be mended; NULL where there is none. *ok:
 * there was memory. */
static GMimeMessage *parse(bt_buf *copy, const char *raw, size_t n, bool *ok)
{
    n = header_length(raw, n < MAX_HEADER ? n : MAX_HEADER);
    bt_buf_init(copy, n);
    *ok = fits(bt_guard(copy, &raw, &n));
    return *ok ? bt_header_parse(raw, n) : NULL;
}

bolter_status bt_envelope_read(bt_envelope *e, const char *raw, size_t n)
{
    bt_buf copy;
    bt_buf_reset(&e->subject);
    bt_buf_reset(&e->from_domain);
    bt_buf_reset(&e->ids);
    e->dated = false;
    bool ok;
    GMimeMessage *message = parse(&copy, raw, n, &ok);
    if (message) {
        ok = read_fields(e, message);
        g_object_unref(message);
    }
    bt_buf_free(&copy);
    return ok ? BOLTER_OK : BOLTER_E_NOMEM;
}

bolter_status bt_envelope_time(const char *raw, size_t n, int64_t *time, bool *dated)
{
    bt_buf copy;
    bool ok;
    GMimeMessage *message = parse(&copy, raw, n, &ok);
    *time = 0;
    *dated = message && read_time(time, message);
    if (message)
        g_object_unref(message);
    bt_buf_free(&copy);
    return ok ? BOLTER_OK : BOLTER_E_NOMEM;
}
