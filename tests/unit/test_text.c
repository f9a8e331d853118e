/*
 * test_text.c - what a model gets to read of a message.
 *
 * With BOLTER_DUMP set, the texts of the shared messages are printed as comments, to be read.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "bolter.h"
#include "tests/check.h"
#include "text/html.h"
#include "text/normal.h"
#include "text/strip.h"

enum { BIG = 16 << 20 };

/* The text of a message of n bytes; the caller resets t. */
static const char *text_of(struct check *c, bolter_text *t, const void *raw, size_t n)
{
    bolter_error err = {0};
    const char *utf8 = "";
    size_t len = 0;
    bolter_text_reset(t);
    CHECK(c, bolter_text_chunk(t, raw, n, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_text_finish(t, &utf8, &len, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, strlen(utf8) == len, "%zu bytes, a NUL after %zu", len, strlen(utf8));
    return utf8;
}

static bolter_text *open_text(struct check *c, const bolter_text_options *o)
{
    bolter_text *t = NULL;
    bolter_error err = {0};
    CHECK(c, bolter_text_open(&t, o, &err) == BOLTER_OK, "%s", err.text);
    return t;
}

static void want_n(struct check *c, const void *raw, size_t n, const char *want)
{
    bolter_text *t = open_text(c, NULL);
    const char *got = text_of(c, t, raw, n);
    CHECK(c, strcmp(got, want) == 0, "got <%s>, want <%s>", got, want);
    CHECK(c, !bolter_text_truncated(t), "truncated");
    bolter_text_free(t);
}

static void want(struct check *c, const char *raw, const char *text)
{
    want_n(c, raw, strlen(raw), text);
}

static void want_plain(struct check *c, const char *bytes, size_t n, const char *text)
{
    bolter_text *t = open_text(c, NULL);
    const char *got = "";
    size_t len = 0;
    CHECK(c, bolter_text_plain(t, bytes, n, &got, &len, NULL) == BOLTER_OK, "failed");
    CHECK(c, strcmp(got, text) == 0 && len == strlen(text), "got <%s>, want <%s>", got, text);
    bolter_text_free(t);
}

/* The visible text of HTML as it comes out of a message. */
static void want_html(struct check *c, const char *html, const char *text)
{
    char raw[4096];
    snprintf(raw, sizeof raw, "Content-Type: text/html; charset=utf-8\n\n%s", html);
    want(c, raw, text);
}

static void read_data(struct check *c, bt_buf *b, const char *name)
{
    char path[128];
    bolter_error err = {0};
    snprintf(path, sizeof path, "tests/data/%s", name);
    bt_buf_init(b, BIG);
    CHECK(c, bt_read_all(b, check_srcdir(path), &err) == BOLTER_OK, "%s", err.text);
}

static void want_file(struct check *c, const char *name, const char *text)
{
    bt_buf b;
    read_data(c, &b, name);
    want_n(c, b.data, b.len, text);
    bt_buf_free(&b);
}

/* ---- Layout ---- */

static void fields_are_laid_out_by_the_default_template(struct check *c)
{
    CHECK(c,
          strcmp(bolter_text_default_layout(),
                 "Subject: {subject}\nFrom: {from_name} {from_domain}\n\n{body}") == 0,
          "got %s", bolter_text_default_layout());
    want(c, "Subject: Hi\nFrom: Ann Lee <ann@Example.COM>\n\nHello\n",
         "Subject: Hi\nFrom: Ann Lee example.com\n\nHello");
    want(c, "Subject: Hi\r\nFrom: ann@example.com\r\n\r\nHello\r\nyou\r\n",
         "Subject: Hi\nFrom: example.com\n\nHello\nyou");
}

static void empty_placeholders_leave_no_trace(struct check *c)
{
    want(c, "Subject: Hi\n\nHello\n", "Subject: Hi\n\nHello");
    want(c, "From: ann@example.com\n\nHello\n", "From: example.com\n\nHello");
    want(c, "X: y\n\nHello\n", "Hello");
    want(c, "Subject: Hi\n\n", "Subject: Hi");
    want(c, "From: Ann\n\nHello\n", "From: Ann\n\nHello");
}

static void layout_may_be_another(struct check *c)
{
    static const struct {
        const char *layout, *text;
    } rows[] = {
        {"{body}", "B"},
        {"S={subject};\n{from_name}{from_domain}\n--\n{body}", "S=A;\nc.d\n--\nB"},
        {"mail {from_name} of {from_domain}: {subject} {body}", "mail of c.d: A B"},
        {"{from_name}\n\n{body}\n\n", "B"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bolter_text *t = open_text(c, &(bolter_text_options){.layout = rows[i].layout});
        static const char raw[] = "Subject: A\nFrom: x@c.d\n\nB\n";
        const char *got = text_of(c, t, raw, strlen(raw));
        CHECK(c, strcmp(got, rows[i].text) == 0, "got <%s>, want <%s>", got, rows[i].text);
        bolter_text_free(t);
    }
}

static void bad_options_are_named(struct check *c)
{
    static const struct {
        bolter_text_options o;
        const char *part;
    } rows[] = {
        {{.layout = "{body} {sender}"}, "{sender}"},
        {{.layout = "{subject}"}, "{body}"},
        {{.layout = "{body"}, "{body"},
        {{.max_depth = -1}, "max_depth -1"},
        {{.max_depth = 1000}, "max_depth 1000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bolter_text *t = NULL;
        bolter_error err = {0};
        CHECK(c, bolter_text_open(&t, &rows[i].o, &err) == BOLTER_E_ARG && !t, "row %zu opened", i);
        CHECK(c, strstr(err.text, rows[i].part), "got %s", err.text);
        bolter_text_free(t);
    }
}

/* ---- Normal form ---- */

static void mail_text_is_tidied(struct check *c)
{
    want(c, "X: y\n\n\n  a \t b  \r\n\r\n\r\n\r\nc\rd\xc2\xa0 e \n\n", "a b\n\nc\nd e");
    want(c,
         "X: y\n\nz\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x81\xa0\xef\xbb\xbf\xc2\xadw\x01\x7f!",
         "zw!");
}

static void plain_text_keeps_its_spacing(struct check *c)
{
    static const char sms[] = " \n a  b\t\tc \r\n\r\n\r\n\rd\0\x07 e\xe2\x80\x8b \xff\xc2\xad\n ";
    want_plain(c, sms, sizeof sms - 1, "a  b\t\tc \n\n\n\nd e \xef\xbf\xbd");
    want_plain(c, "subject: x\ny", 12, "subject: x\ny");
    want_plain(c, "", 0, "");
    want_plain(c, NULL, 0, "");
}

static void plain_text_with_a_subject_is_laid_out_as_mail(struct check *c)
{
    static const char raw[] = "Subject: re :  meter\r\nplease  look\n\n\n\nthanks ";
    want_plain(c, raw, sizeof raw - 1, "Subject: re : meter\n\nplease look\n\nthanks");
    want_plain(c, "Subject: ", 9, "");
    want_plain(c, "Subject: a", 10, "Subject: a");
}

static void invalid_utf8_becomes_replacement_characters(struct check *c)
{
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        {"a\x80z", "a\xef\xbf\xbdz"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe2\x82\xac", "\xe2\x82\xac"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe0\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        want_plain(c, rows[i].bytes, strlen(rows[i].bytes), rows[i].text);
}

/* ---- Header fields ---- */

static void encoded_words_are_decoded(struct check *c)
{
    want(c, "Subject: =?utf-8?B?R3LDvMOfZQ==?= =?utf-8?q?_aus_K=C3=B6ln?=\n\nx\n",
         "Subject: Gr\xc3\xbc\xc3\x9f"
         "e aus K\xc3\xb6ln\n\nx");
    /* A character split between two words. */
    want(c, "Subject: =?utf-8?B?eHnD?=\n =?utf-8?B?vHo=?=\n\nx\n",
         "Subject: xy\xc3\xbc"
         "z\n\nx");
    want(c, "Subject: =?utf-8?Q?=E2=82?= =?utf-8?Q?=AC_5?=\n\nx\n", "Subject: \xe2\x82\xac 5\n\nx");
    want(c, "Subject: =?koi8-r?B?8NLJ18XU?=\n\nx\n",
         "Subject: \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\n\nx");
    want(c, "Subject: =?utf-8?q?a=0Ab?=\n c\n\nx\n", "Subject: a b c\n\nx");
}

static void eight_bit_subject_is_utf8_or_windows_1252(struct check *c)
{
    want(c, "Subject: caf\xc3\xa9\n\nx\n", "Subject: caf\xc3\xa9\n\nx");
    want(c, "Subject: 5 \x80\n\nx\n", "Subject: 5 \xe2\x82\xac\n\nx");
}

static void any_from_field_gives_name_and_domain(struct check *c)
{
    want(c, "From: \"Lee, Ann\" <a@b.c>\n\nx\n", "From: Lee, Ann b.c\n\nx");
    want(c, "From: =?utf-8?q?Zo=C3=AB?= <a@b.c>, other@d.e\n\nx\n", "From: Zo\xc3\xab b.c\n\nx");
    want(c, "From: group: Ann <a@b.c>;\n\nx\n", "From: Ann b.c\n\nx");
    want(c, "From: service@bank.example <x@evil.example>\n\nx\n",
         "From: service@bank.example evil.example\n\nx");
    want(c, "From: <>\n\nx\n", "From: <>\n\nx");
    want(c, "From:\n\nx\n", "x");
}

static void what_stands_before_the_header_is_skipped(struct check *c)
{
    want(c, "From ann Mon Jan  6 09:00:00 2025\nSubject: a\n\nb\n", "Subject: a\n\nb");
    want(c, "\xef\xbb\xbfSubject: a\n\nb\n", "Subject: a\n\nb");
    want(c, "From ann Mon Jan  6 09:00:00 2025", "");
}

/* ---- Charsets and encodings ---- */

static void declared_charsets_are_converted(struct check *c)
{
    want(c, "Content-Type: text/plain; charset=koi8-r\n\n\xf0\xd2\xc9\xd7\xc5\xd4\n",
         "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82");
    want(c, "Content-Type: text/plain; charset=\"GB2312\"\n\n\xc4\xe3\xba\xc3\n",
         "\xe4\xbd\xa0\xe5\xa5\xbd");
    want(c, "Content-Type: text/plain; charset=Windows-1251\n\n\xcf\xf0\xe8\n",
         "\xd0\x9f\xd1\x80\xd0\xb8");
    want(c, "Content-Type: text/plain; charset=ISO-8859-1\n\n\x93hi\x94\n",
         "\xe2\x80\x9chi\xe2\x80\x9d");
    want_file(
        c, "japanese.eml",
        "Subject: \xe4\xbc\x9a\xe8\xad\xb0\n\n\xe6\x98\x8e\xe6\x97\xa5\xe3\x81\xae\xe4\xbc\x9a"
        "\xe8\xad\xb0\xe3\x81\xaf\xe4\xb8\x89\xe6\x99\x82\xe3\x81\xa7\xe3\x81\x99\xe3\x80\x82");
}

static void undeclared_and_unknown_charsets_are_guessed(struct check *c)
{
    want(c, "X: y\n\n\x93na\xefve\x94 5 \x80\n",
         "\xe2\x80\x9cna\xc3\xafve\xe2\x80\x9d 5 \xe2\x82\xac");
    want(c, "X: y\n\ncaf\xc3\xa9\n", "caf\xc3\xa9");
    want(c, "Content-Type: text/plain; charset=x-none\n\ncaf\xc3\xa9\n", "caf\xc3\xa9");
    want(c, "Content-Type: text/plain; charset=x-none\n\ncaf\xe9\n", "caf\xc3\xa9");
    want(c, "Content-Type: text/plain; charset=us-ascii\n\ncaf\xe9\n", "caf\xc3\xa9");
    want(c, "Content-Type: text/plain; charset=utf-8\n\ncaf\xe9\n", "caf\xc3\xa9");
}

static void utf8_under_another_name_is_still_utf8(struct check *c)
{
    want(c, "Content-Type: text/plain; charset=iso-8859-1\n\n\xc3\xa9\xc3\xa8\xc3\xa0\xc3\xbc\n",
         "\xc3\xa9\xc3\xa8\xc3\xa0\xc3\xbc");
}

static void unconvertible_bytes_become_replacement_characters(struct check *c)
{
    want(c,
         "Content-Type: text/plain; charset=euc-jp\n\na\xff"
         "b\n",
         "a\xef\xbf\xbd"
         "b");
}

static void html_may_declare_its_charset_itself(struct check *c)
{
    want(c, "Content-Type: text/html\n\n<meta charset=\"windows-1251\"><p>\xcf\xf0\xe8</p>\n",
         "\xd0\x9f\xd1\x80\xd0\xb8");
}

static void transfer_encodings_are_decoded(struct check *c)
{
    want(c, "Content-Transfer-Encoding: quoted-printable\n\na=3Db=\nc=C3=A9 =XX\n",
         "a=bc\xc3\xa9 =XX");
    want(c, "Content-Transfer-Encoding: BASE64\n\nSGVs\nbG8gIHRo*ZXJl\n", "Hello there");
}

/* ---- Structure ---- */

#define ALTERNATIVE(plain, html)                                                                   \
    "Content-Type: multipart/alternative; boundary=x\n\n--x\n\n" plain                             \
    "\n--x\nContent-Type: text/html\n\n" html "\n--x--\n"

static void alternatives_that_agree_give_the_plain_text(struct check *c)
{
    want(c,
         ALTERNATIVE("Meet me at noon in the garden.",
                     "<p>Meet <b>me</b> at noon in the garden.</p>"),
         "Meet me at noon in the garden.");
    want_file(
        c, "alternative.eml",
        "Subject: Lunch on d\xc3\xa9"
        "cembre 3rd\nFrom: Zo\xc3\xab M\xc3\xbcller example.org\n\n"
        "Shall we meet at the caf\xc3\xa9 on the corner at noon? I will bring the drawings.\n\n"
        "[attachment: plan.pdf]");
}

static void stub_of_an_alternative_does_not_hide_the_html(struct check *c)
{
    want(c, ALTERNATIVE("", "<p>Buy pills now</p>"), "Buy pills now");
    want(c, ALTERNATIVE("see HTML", "<p>Buy pills now</p>"), "Buy pills now");
    want(c, ALTERNATIVE("A short text, as it is.", ""), "A short text, as it is.");
}

static void alternatives_that_differ_give_both_the_html_first(struct check *c)
{
    want(c,
         ALTERNATIVE("Minutes of the committee follow in due course.",
                     "<p>Cheap pills, order today, discreet shipping!</p>"),
         "Cheap pills, order today, discreet shipping!\n\n"
         "Minutes of the committee follow in due course.");
}

static void attached_messages_are_followed(struct check *c)
{
    want_file(c, "forwarded.eml",
              "Subject: Fwd: please look\nFrom: Help, desk example.com\n\nSee below.\n\n"
              "You were chosen\n\nClaim your prize <prize.example> today");
}

static void text_attachments_are_read_after_the_body_and_named(struct check *c)
{
    want(c,
         "Content-Type: multipart/mixed; boundary=x\n\n"
         "--x\nContent-Type: text/html; name=\"bill.html\"\nContent-Disposition: attachment\n\n"
         "<b>Log in</b>\n"
         "--x\nContent-Type: application/zip; name*=utf-8''r%C3%A9sum%C3%A9.zip\n\nPK\n"
         "--x\nContent-Type: image/png\nContent-Disposition: inline; filename=\"a\tb.png\"\n\n\n"
         "--x\nContent-Type: text/calendar\n\nBEGIN\n"
         "--x\n\nbody\n--x--\n",
         "body\n\nLog in\n\n[attachment: bill.html]\n[attachment: r\xc3\xa9sum\xc3\xa9.zip]\n"
         "[attachment: a b.png]");
}

static void encrypted_parts_give_nothing(struct check *c)
{
    want(c,
         "Subject: s\nContent-Type: multipart/encrypted; boundary=x\n\n"
         "--x\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
         "--x\nContent-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n--x--\n",
         "Subject: s");
}

static void broken_structure_still_gives_text(struct check *c)
{
    want(c, "", "");
    want(c, "\n\n", "");
    want(c, "Just a line\nand another\n", "Just a line\nand another");
    want(c, "\nno header at all\n", "no header at all");
    want(c, "Subject: only", "Subject: only");
    want(c, "Content-Type: multipart/mixed\n\nno boundary here\n", "no boundary here");
    want(c, "Content-Type: multipart/mixed; boundary=x\n\nnever used\n", "never used");
    want(c, "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nnever closed", "never closed");
    want(c, "Content-Type: text\n\nno subtype\n", "no subtype");
    want(c, "Content-Type: <html>\n\n<b>odd</b>\n", "odd");
    want(c, "Content-Type: text/x-unknown\n\nodd text\n", "odd text");
}

static void nul_bytes_are_dropped(struct check *c)
{
    static const char raw[] = "Subject: a\0b\n\nc\0d\0\n";
    bolter_text *t = open_text(c, NULL);
    const char *got = text_of(c, t, raw, sizeof raw - 1);
    CHECK(c, strstr(got, "cd") && strstr(got, "Subject: a"), "got <%s>", got);
    bolter_text_free(t);
}

/* ---- HTML ---- */

static void only_visible_html_is_read(struct check *c)
{
    want_file(c, "hidden.eml",
              "Subject: Order\nFrom: example.com\n\nshown inside second cell\nthird cell\n\n"
              "faint but shown\n\na picture one\ntwo\n\nthree & four\n\n"
              "read our site at example.com, or click here <evil.example> now");
}

static void hidden_text_is_counted(struct check *c)
{
    static const char html[] = "<p>shown<i style='display:none'>abc<b>de</b></i></p>";
    size_t hidden = 0;
    bt_buf b;
    bt_buf_init(&b, 1000);
    CHECK(c, bt_html_text(&b, html, sizeof html - 1, &hidden) == BOLTER_OK, "failed");
    CHECK(c, hidden == 5 && strcmp(b.data, "shown") == 0, "%zu hidden of <%s>", hidden, b.data);
    bt_buf_free(&b);
}

static void blocks_become_lines_and_paragraphs(struct check *c)
{
    want_html(c, "<h1>T</h1><div>a</div><div>b<div>c</div></div><ul><li>d<li>e</ul>f<hr>g<p>h",
              "T\n\na\nb\nc\n\nd\ne\n\nf\ng\n\nh");
    want_html(c, "<pre>a\n  b\nc</pre>", "a\nb\nc");
    want_html(c, "a<b>b</b>c <i> d</i>", "abc d");
    want_html(c, "x &lt;tag&gt; &euro; &#x263a; &bogus;",
              "x <tag> \xe2\x82\xac \xe2\x98\xba &bogus;");
}

static void links_show_a_host_that_their_text_does_not(struct check *c)
{
    want_html(c, "<a href='https://a.example:80/x?y'>go</a>", "go <a.example>");
    want_html(c, "<a href='HTTP://WWW.A.Example'>at A.example!</a>", "at A.example!");
    want_html(c, "<a href='http://bank.example@evil.example/'>bank.example</a>",
              "bank.example <evil.example>");
    want_html(c, "<a href='//a.example'>go</a> <a href='http://a.example/2'>on</a>.",
              "go <a.example> on.");
    want_html(c, "<a href='mailto:me@a.example?subject=x'>write</a>", "write <a.example>");
    want_html(c, "<a href='#top'>up</a> <a>none</a> <a href='page.html'>rel</a>", "up none rel");
    want_html(c, "<a href='http://a.example'><img src=x></a>", "<a.example>");
}

static void stripper_leaves_the_text_between_tags(struct check *c)
{
    static const char html[] =
        "<head><title>t</title></head><!-- c --><p>a &amp; b</p><script>s()</script>"
        "<table><td>1<td>2</table>&#8364;&#x41;&#0; 3 < 4 &nope; <style>x";
    bt_buf b;
    bt_buf_init(&b, 1000);
    CHECK(c, bt_strip_tags(&b, html, sizeof html - 1) == BOLTER_OK, "failed");
    CHECK(c,
          strcmp(b.data, "\na & b\n\n 1 2\n\xe2\x82\xac"
                         "A&#0; 3 < 4 &nope; ") == 0,
          "got <%s>", b.data);
    bt_buf_free(&b);
}

/* ---- Limits ---- */

/* head, n times unit, tail. */
static void build(struct check *c, bt_buf *b, const char *head, const char *unit, size_t n,
                  const char *tail)
{
    bt_buf_init(b, BIG);
    bool ok = bt_buf_append_str(b, head);
    for (size_t i = 0; i < n; i++)
        ok = ok && bt_buf_append_str(b, unit);
    CHECK(c, ok && bt_buf_append_str(b, tail), "no memory");
}

static void every_split_gives_the_same_text(struct check *c)
{
    static const char *const names[] = {"alternative.eml", "forwarded.eml", "japanese.eml"};
    bolter_text *t = open_text(c, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bt_buf b;
        read_data(c, &b, names[i]);
        char *whole = bt_strdup(text_of(c, t, b.data, b.len));
        for (size_t k = 0; whole && k <= b.len; k++) {
            const char *got = "";
            size_t n = 0;
            bolter_text_reset(t);
            bolter_text_chunk(t, b.data, k, NULL);
            bolter_text_chunk(t, b.data + k, b.len - k, NULL);
            bolter_text_finish(t, &got, &n, NULL);
            CHECK(c, strcmp(got, whole) == 0, "%s split at %zu: <%s>", names[i], k, got);
        }
        bt_release(whole);
        bt_buf_free(&b);
    }
    bolter_text_free(t);
}

static void message_past_its_limit_is_dropped_and_remembered(struct check *c)
{
    bolter_text *t = open_text(c, &(bolter_text_options){.max_message = 16, .head_only = true});
    const char *got = text_of(c, t, "Subject: a\n\nbody", 16);
    CHECK(c, strcmp(got, "Subject: a\n\nbody") == 0 && !bolter_text_truncated(t), "got <%s>", got);
    CHECK(c, bolter_text_full(t), "not full");
    got = text_of(c, t, "Subject: a\n\nbody and more", 25);
    CHECK(c, strcmp(got, "Subject: a\n\nbody") == 0 && bolter_text_truncated(t), "got <%s>", got);
    bolter_text_reset(t);
    CHECK(c, !bolter_text_full(t) && !bolter_text_truncated(t), "reset forgot nothing");
    bolter_text_free(t);
}

static void output_is_cut_between_characters(struct check *c)
{
    static const char raw[] =
        "Subject: \xe2\x82\xac\xe2\x82\xac\n\n\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\n";
    for (size_t max = 1; max <= 29; max++) {
        bolter_text *t = open_text(c, &(bolter_text_options){.max_output = max});
        const char *got = text_of(c, t, raw, sizeof raw - 1);
        size_t n = strlen(got);
        CHECK(c, n <= max && bolter_text_truncated(t) == (max < 26), "%zu of %zu: <%s>", n, max,
              got);
        for (size_t i = 0, len; i < n; i += len)
            if (!CHECK(c, (len = bt_utf8_char(got + i, n - i)) > 0, "cut at %zu", n))
                break;
        CHECK(c, bolter_text_plain(t, raw + 9, 6, &got, &n, NULL) == BOLTER_OK, "failed");
        CHECK(c, n == (max < 3 ? 0u : max < 6 ? 3u : 6u), "plain %zu of %zu", n, max);
        CHECK(c, bolter_text_truncated(t) == (max < 6), "plain truncated at %zu", max);
        bolter_text_free(t);
    }
}

static void parts_and_depth_are_limited(struct check *c)
{
    bt_buf b;
    build(c, &b, "Content-Type: multipart/mixed; boundary=x\n\n", "--x\n\npart\n", 5, "--x--\n");
    bolter_text *t = open_text(c, &(bolter_text_options){.max_parts = 3});
    const char *got = text_of(c, t, b.data, b.len);
    CHECK(c, strcmp(got, "part\n\npart") == 0 && bolter_text_truncated(t), "got <%s>", got);
    bolter_text_free(t);
    bt_buf_free(&b);

    t = open_text(c, &(bolter_text_options){.max_depth = 2});
    static const char deep[] =
        "Content-Type: message/rfc822\n\nSubject: one\nContent-Type: message/"
        "rfc822\n\nSubject: two\n\nlost\n";
    got = text_of(c, t, deep, sizeof deep - 1);
    CHECK(c, strcmp(got, "one\n\ntwo") == 0 && bolter_text_truncated(t), "got <%s>", got);
    bolter_text_free(t);
}

static void attachment_names_are_limited(struct check *c)
{
    bt_buf b;
    build(c, &b, "Content-Type: multipart/mixed; boundary=x\n\n",
          "--x\nContent-Type: a/b; name=c\n\n\n", 40, "--x--\n");
    bolter_text *t = open_text(c, NULL);
    const char *got = text_of(c, t, b.data, b.len);
    CHECK(c, strlen(got) == 16 * strlen("[attachment: c]\n") - 1, "got <%s>", got);
    CHECK(c, bolter_text_truncated(t), "not truncated");
    bolter_text_free(t);
    bt_buf_free(&b);
}

/* Messages made to exhaust a parser, and a word that their text has to contain. */
struct hostile {
    const char *name, *head, *unit;
    size_t n;
    const char *tail, *part;
};

static const struct hostile hostile[] = {
    {"long header", "Subject: ", "word ", 13000, "\n\nend\n", "Subject: word word"},
    {"header without blanks", "From: ", "a.", 33000, "@b.c\n\nend\n", "end"},
    {"many headers", "", "To: a@b.c\n", 100000, "\nend\n", "end"},
    {"many subjects", "", "Subject: a\n", 90000, "\nend\n", "Subject: a"},
    {"many encoded words", "Subject: ", "=?utf-8?q?a?= ", 60000, "\n\nend\n", "Subject: aaa"},
    {"groups in groups", "From: ", "a:", 100000, "\n\nend\n", "end"},
    {"groups in a nested message", "Content-Type: message/rfc822\n\nSubject: in\nTo : ", "a:\n ",
     100000, "\n\nend\n", "in"},
    {"nested multiparts", "", "Content-Type: multipart/mixed; boundary=b\n\ntext\n--b\n", 1000,
     "\nend\n", ""},
    {"nested messages", "", "Content-Type: message/rfc822\n\n", 1000, "Subject: x\n\nend\n", ""},
    {"many parts", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 50000, "",
     "x\n\nx"},
    {"zeros", "Subject: a\n\n", "\n\n\n\n \t", 100000, "end\n", "Subject: a\n\nend"},
    {"nested elements", "Content-Type: text/html\n\n", "<div>", 100000, "end", "end"},
    {"half as many", "Content-Type: text/html\n\n", "<div>", 11000, "end", "end"},
    {"tables in tables", "Content-Type: text/html\n\n", "<table><td>", 5000, "end", "end"},
    {"attributes", "Content-Type: text/html\n\n<a ", "b c=d ef='g' ", 60000, ">end", "end"},
    {"unclosed formats", "Content-Type: text/html\n\n", "<font a=1><b x=2><p>", 3900, "end", "end"},
    {"comments", "Content-Type: text/html\n\nend", "<!--", 200000, "", "end"},
    {"angle brackets", "Content-Type: text/html\n\nend", "<", 200000, "", "end"},
    {"ampersands", "Content-Type: text/html\n\nend", "&#", 200000, "", "end"},
};

static void hostile_messages_give_text_in_linear_time(struct check *c)
{
    bolter_text *t = open_text(c, NULL);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        const struct hostile *h = &hostile[i];
        bt_buf b;
        build(c, &b, h->head, h->unit, h->n, h->tail);
        clock_t start = clock();
        const char *got = text_of(c, t, b.data, b.len);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        CHECK(c, strstr(got, h->part), "%s: got <%.60s>", h->name, got);
        /* Quadratic time would take minutes; sanitizers and busy machines are slow too. */
        CHECK(c, seconds < 20, "%s took %.1f s", h->name, seconds);
        bt_buf_free(&b);
    }
    bolter_text_free(t);
}

struct worker {
    struct check check;
    bt_buf *message;
    const char *text;
    int rounds, max_depth;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    bolter_text *t = open_text(&w->check, &(bolter_text_options){.max_depth = w->max_depth});
    for (int i = 0; i < w->rounds; i++) {
        const char *got = text_of(&w->check, t, w->message->data, w->message->len);
        CHECK(&w->check, strstr(got, w->text), "got <%s>", got);
    }
    bolter_text_free(t);
    return NULL;
}

static void nested_mime_fits_a_small_stack(struct check *c)
{
    bt_buf b;
    build(c, &b, "", "Content-Type: multipart/alternative; boundary=b\n\n--b\n", 1000, "\n");
    struct worker w = {.check = *c, .message = &b, .text = "", .rounds = 1, .max_depth = 256};
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 256 << 10);
    if (CHECK(c, pthread_create(&thread, &attr, work, &w) == 0, "no thread"))
        pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
    c->failures += w.check.failures;
    bt_buf_free(&b);
}

static void four_threads_read_at_once(struct check *c)
{
    static const char *const names[] = {"alternative.eml", "forwarded.eml", "hidden.eml",
                                        "japanese.eml"};
    static const char *const texts[] = {"drawings", "prize.example", "third cell", "Subject: "};
    bt_buf files[4];
    struct worker workers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        read_data(c, &files[i], names[i]);
        workers[i] = (struct worker){
            .check = {.name = c->name}, .message = &files[i], .text = texts[i], .rounds = 200};
    }
    for (int i = 0; i < 4; i++)
        if (!CHECK(c, pthread_create(&threads[i], NULL, work, &workers[i]) == 0, "no thread"))
            exit(99);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        c->failures += workers[i].check.failures;
        bt_buf_free(&files[i]);
    }
}

/* Open, read and lay out; true when every call worked. */
static bool whole_life(const bt_buf *b)
{
    bolter_text *t = NULL;
    const char *utf8;
    size_t n;
    const bolter_text_options small = {.max_message = b->len / 2, .max_tail = 100};
    bool ok = bolter_text_open(&t, &small, NULL) == BOLTER_OK &&
              bolter_text_chunk(t, b->data, b->len, NULL) == BOLTER_OK &&
              bolter_text_finish(t, &utf8, &n, NULL) == BOLTER_OK &&
              bolter_text_plain(t, "Subject: a\nb", 12, &utf8, &n, NULL) == BOLTER_OK;
    bolter_text_free(t);
    return ok;
}

static void failing_allocations_are_reported_and_leak_nothing(struct check *c)
{
    static const char *const names[] = {"alternative.eml", "forwarded.eml", "hidden.eml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bt_buf b;
        read_data(c, &b, names[i]);
        unsigned long nth = 1;
        for (bool ok = false; !ok && nth < 1000; nth++) {
            bt_mem_fail_from(nth);
            ok = whole_life(&b);
            bt_mem_fail_from(0);
        }
        CHECK(c, nth > 10 && nth < 1000, "%s: %lu allocations", names[i], nth);
        bt_buf_free(&b);
    }
}

/* ---- Shared messages ---- */

static bool valid_utf8(const char *s, size_t n)
{
    for (size_t i = 0, len; i < n; i += len)
        if ((len = bt_utf8_char(s + i, n - i)) == 0 || s[i] == 0)
            return false;
    return true;
}

static void dump(const char *path, const char *text)
{
    printf("# ==== %s\n# ", path);
    for (; *text; text++)
        printf(*text == '\n' ? "\n# " : "%c", *text);
    putchar('\n');
}

static size_t read_listed(struct check *c, FILE *list)
{
    bolter_text *t = open_text(c, NULL);
    char path[1024];
    size_t n = 0;
    while (fgets(path, sizeof path, list)) {
        path[strcspn(path, "\n")] = 0;
        bt_buf b;
        bt_buf_init(&b, BIG);
        bolter_error err = {0};
        CHECK(c, bt_read_all(&b, path, &err) == BOLTER_OK, "%s", err.text);
        const char *got = text_of(c, t, b.data, b.len);
        CHECK(c, valid_utf8(got, strlen(got)), "%s: no UTF-8", path);
        if (getenv("BOLTER_DUMP"))
            dump(path, got);
        bt_buf_free(&b);
        n++;
    }
    bolter_text_free(t);
    return n;
}

static void shared_messages_all_give_utf8(struct check *c)
{
    const char *archive = check_shared(c, "corpora/mime-fixtures/fixtures.tar.gz");
    if (!archive)
        return;
    char command[3072];
    snprintf(command, sizeof command, "tar xzf '%s' -C '%s' && find '%s' -type f | sort", archive,
             check_tmpdir(), check_tmpdir());
    FILE *list = popen(command, "r");
    if (!CHECK(c, list, "no shell"))
        return;
    size_t n = read_listed(c, list);
    CHECK(c, pclose(list) == 0 && n == 905, "%zu messages, expected 905", n);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(fields_are_laid_out_by_the_default_template),
        CASE(empty_placeholders_leave_no_trace),
        CASE(layout_may_be_another),
        CASE(bad_options_are_named),
        CASE(mail_text_is_tidied),
        CASE(plain_text_keeps_its_spacing),
        CASE(plain_text_with_a_subject_is_laid_out_as_mail),
        CASE(invalid_utf8_becomes_replacement_characters),
        CASE(encoded_words_are_decoded),
        CASE(eight_bit_subject_is_utf8_or_windows_1252),
        CASE(any_from_field_gives_name_and_domain),
        CASE(what_stands_before_the_header_is_skipped),
        CASE(declared_charsets_are_converted),
        CASE(undeclared_and_unknown_charsets_are_guessed),
        CASE(utf8_under_another_name_is_still_utf8),
        CASE(unconvertible_bytes_become_replacement_characters),
        CASE(html_may_declare_its_charset_itself),
        CASE(transfer_encodings_are_decoded),
        CASE(alternatives_that_agree_give_the_plain_text),
        CASE(stub_of_an_alternative_does_not_hide_the_html),
        CASE(alternatives_that_differ_give_both_the_html_first),
        CASE(attached_messages_are_followed),
        CASE(text_attachments_are_read_after_the_body_and_named),
        CASE(encrypted_parts_give_nothing),
        CASE(broken_structure_still_gives_text),
        CASE(nul_bytes_are_dropped),
        CASE(only_visible_html_is_read),
        CASE(hidden_text_is_counted),
        CASE(blocks_become_lines_and_paragraphs),
        CASE(links_show_a_host_that_their_text_does_not),
        CASE(stripper_leaves_the_text_between_tags),
        CASE(every_split_gives_the_same_text),
        CASE(message_past_its_limit_is_dropped_and_remembered),
        CASE(output_is_cut_between_characters),
        CASE(parts_and_depth_are_limited),
        CASE(attachment_names_are_limited),
        CASE(hostile_messages_give_text_in_linear_time),
        CASE(nested_mime_fits_a_small_stack),
        CASE(four_threads_read_at_once),
        CASE(failing_allocations_are_reported_and_leak_nothing),
        CASE(shared_messages_all_give_utf8),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
