/* test_charset.c - bytes of a declared encoding, to UTF-8. */
#include <string.h>

#include "base/buf.h"
#include "tests/check.h"
#include "text/charset.h"

static void want_n(struct check *c, const char *declared, const char *bytes, size_t n,
                   const char *text)
{
    const char *from = bt_charset_of(declared, bytes, n);
    CHECK(c, from != NULL, "%s is read as UTF-8", declared);
    if (!from)
        return;
    bt_buf out;
    bt_buf_init(&out, 1000);
    bolter_status s = bt_charset_convert(&out, from, bytes, n);
    CHECK(c, s == BOLTER_OK && out.len == strlen(text) && memcmp(out.data, text, out.len) == 0,
          "%s: status %d, got <%.*s>, want <%s>", declared, (int)s, (int)out.len,
          out.data ? out.data : "", text);
    bt_buf_free(&out);
}

static void want(struct check *c, const char *declared, const char *bytes, const char *text)
{
    want_n(c, declared, bytes, strlen(bytes), text);
}

static void the_last_letter_stays_where_an_accent_could_follow(struct check *c)
{
    want(c, "windows-1255", "\xf9\xec\xe5\xed", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d");
    want(c, "windows-1255", "\xe0", "\xd7\x90");
    want(c, "windows-1258", "m\xe0", "m\xc3\xa0");
    want(c, "windows-1258", "kh\xf4ng ba", "kh\xc3\xb4ng ba");
    want(c, "windows-1258", "", "");
}

static void the_last_letter_too_needs_room(struct check *c)
{
    bt_buf out;
    bt_buf_init(&out, 1);
    CHECK(c, bt_charset_convert(&out, "CP1258", "ma", 2) == BOLTER_E_LIMIT, "accepted");
    CHECK(c, out.len == 1, "%zu bytes in a buffer of 1", out.len);
    bt_buf_free(&out);
}

static void simplified_chinese_has_many_names(struct check *c)
{
    static const char *const names[] = {"GB2312", "gb_2312-80", "csGB2312", "iso-ir-58",
                                        "csISO58GB231280", "chinese", "x-gbk"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        want(c, names[i], "\xc4\xe3\xba\xc3", "\xe4\xbd\xa0\xe5\xa5\xbd");
}

/* The first is RFC 1843's example: "The next sentence is in GB." */
static void hz_is_read_line_by_line(struct check *c)
{
    want(c, "HZ-GB-2312",
         "This sentence is in ASCII.\n"
         "The next sentence is in GB.~{<:Ky2;S{#,NpJ)l6HK!#~}Bye.",
         "This sentence is in ASCII.\n"
         "The next sentence is in GB."
         "\xe5\xb7\xb1\xe6\x89\x80\xe4\xb8\x8d\xe6\xac\xb2\xef\xbc\x8c"
         "\xe5\x8b\xbf\xe6\x96\xbd\xe6\x96\xbc\xe4\xba\xba\xe3\x80\x82" "Bye.");
    want(c, "hz", "a ~~ tilde", "a ~ tilde");
    want(c, "hz-gb-2312", "one ~\nline", "one line");
    want(c, "hz-gb-2312", "~{Dc:C\nhello", "\xe4\xbd\xa0\xe5\xa5\xbd\nhello");
    want(c, "hz-gb-2312", "~{Dc~} and ~{:C", "\xe4\xbd\xa0 and \xe5\xa5\xbd");
    want(c, "hz-gb-2312", "~x ~", "~x ~");
    want(c, "hz-gb-2312", "~{D", "D");
    want(c, "hz-gb-2312", "~{", "");
}

static void utf32_is_read_in_either_order(struct check *c)
{
    want_n(c, "utf-32", "\xff\xfe\0\0`O\0\0}Y\0", 12, "\xe4\xbd\xa0\xe5\xa5\xbd");
    want_n(c, "UTF-32", "\0\0\xfe\xff\0\0O`\0\0Y}", 12, "\xe4\xbd\xa0\xe5\xa5\xbd");
    want_n(c, "utf-32le", "`O\0\0}Y\0", 8, "\xe4\xbd\xa0\xe5\xa5\xbd");
    want_n(c, "utf-32be", "\0\0O`\0\0Y}", 8, "\xe4\xbd\xa0\xe5\xa5\xbd");
}

static void what_no_encoding_has_is_replaced(struct check *c)
{
    want(c, "euc-jp", "a\xff" "b", "a\xef\xbf\xbd" "b");
}

static void a_wrong_unit_does_not_shift_the_rest(struct check *c)
{
    want_n(c, "utf-16le", "a\0\0\xd8" "b\0", 6, "a\xef\xbf\xbd" "b");
    want_n(c, "utf-16", "\xfe\xff\xdc\0\0b", 6, "\xef\xbf\xbd" "b");
    want_n(c, "utf-32le", "\0\0\xff\x7f" "a\0\0\0", 8, "\xef\xbf\xbd" "a");
    want_n(c, "utf-32be", "\0\0\0a\0\0", 6, "a\xef\xbf\xbd");
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(the_last_letter_stays_where_an_accent_could_follow),
        CASE(the_last_letter_too_needs_room),
        CASE(simplified_chinese_has_many_names),
        CASE(hz_is_read_line_by_line),
        CASE(utf32_is_read_in_either_order),
        CASE(what_no_encoding_has_is_replaced),
        CASE(a_wrong_unit_does_not_shift_the_rest),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
