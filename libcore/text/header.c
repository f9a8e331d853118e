/* header.c - GMime's parser, and the sender and subject of what it makes. */
#include "text/header.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "text/normal.h"

/* ---- Parsing ---- */

static GMimeParserOptions *options;

static void begin(void)
{
    const char *charsets[] = {"utf-8", "windows-1252", NULL};
    g_mime_init();
    options = g_mime_parser_options_new();
    g_mime_parser_options_set_fallback_charsets(options, charsets);
}

/* The message begins with a header field. */
static bool has_header(const char *raw, size_t n)
{
    size_t i = 0;
    while (i < n && raw[i] > ' ' && raw[i] != 0x7f && raw[i] != ':')
        i++;
    size_t name = i;
    while (i < n && (raw[i] == ' ' || raw[i] == '\t'))
        i++;
    return name > 0 && i < n && raw[i] == ':';
}

GMimeMessage *bt_header_parse(const char *raw, size_t n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, begin);
    if (!has_header(raw, n))
        return NULL;
    GMimeStream *mem = g_mime_stream_mem_new_with_buffer(raw, n);
    GMimeParser *parser = g_mime_parser_new_with_stream(mem);
    g_mime_parser_set_persist_stream(parser, FALSE);
    GMimeMessage *message = g_mime_parser_construct_message(parser, options);
    g_object_unref(parser);
    g_object_unref(mem);
    return message;
}

/* ---- Fields ---- */

static bolter_status put_line(bt_buf *out, const char *s)
{
    return s ? bt_normal_append(out, s, strlen(s), BT_NORMAL_LINE) : BOLTER_OK;
}

bolter_status bt_header_subject(bt_buf *out, GMimeMessage *m)
{
    return put_line(out, g_mime_message_get_subject(m));
}

static InternetAddressMailbox *first_mailbox(InternetAddressList *list)
{
    for (int depth = 0; list && depth < 4 && internet_address_list_length(list) > 0; depth++) {
        InternetAddress *a = internet_address_list_get_address(list, 0);
        if (INTERNET_ADDRESS_IS_MAILBOX(a))
            return INTERNET_ADDRESS_MAILBOX(a);
        list = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(a));
    }
    return NULL;
}

/* What follows the last "@", in lower case. */
static bolter_status put_domain(bt_buf *out, const char *address)
{
    char domain[256];
    const char *at = strrchr(address, '@');
    size_t n = at ? strcspn(++at, " \t\r\n\"<>(),;") : 0;
    if (n >= sizeof domain)
        n = bt_utf8_cut(at, sizeof domain - 1);
    for (size_t i = 0; i < n; i++)
        domain[i] = at[i] >= 'A' && at[i] <= 'Z' ? (char)(at[i] - 'A' + 'a') : at[i];
    domain[n] = 0;
    return put_line(out, domain);
}

/* Both, unless there is no memory: what one has no room for does not stop the other. */
static bolter_status put_both(bt_buf *name, const char *words, bt_buf *domain, const char *address)
{
    bolter_status first = put_line(name, words);
    bolter_status second = first == BOLTER_E_NOMEM ? first : put_domain(domain, address);
    return second == BOLTER_OK ? first : second;
}

bolter_status bt_header_from(bt_buf *name, bt_buf *domain, GMimeMessage *m)
{
    InternetAddressMailbox *box = first_mailbox(g_mime_message_get_from(m));
    const char *field = g_mime_object_get_header(GMIME_OBJECT(m), "From");
    bolter_status rc = BOLTER_OK;
    if (box) {
        const char *address = internet_address_mailbox_get_addr(box);
        rc = put_both(name, internet_address_get_name(INTERNET_ADDRESS(box)), domain, address ? address : "");
    }
    if (name->len > 0 || domain->len > 0 || !field || rc != BOLTER_OK)
        return rc;
    /* No address by any standard: show what is there. */
    return put_both(name, field, domain, field);
}
