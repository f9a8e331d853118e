/* test_raw.c - of a long message its beginning and its end are read. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bolter.h"
#include "tests/check.h"

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

/* Head, n times unit, tail. */
static void build(struct check *c, bt_buf *b, const char *head, const char *unit, size_t n,
                  const char *tail)
{
    bt_buf_init(b, BIG);
    bool ok = bt_buf_append_str(b, head);
    for (size_t i = 0; i < n; i++)
        ok = ok && bt_buf_append_str(b, unit);
    CHECK(c, ok && bt_buf_append_str(b, tail), "no memory");
}

/* A message of n_lines numbered lines "line 000001" below a subject, with this line at its end. */
static void build_lines(struct check *c, bt_buf *b, size_t n_lines, const char *last)
{
    bt_buf_init(b, BIG);
    bool ok = bt_buf_append_str(b, "Subject: s\n\n");
    for (size_t i = 0; ok && i < n_lines; i++)
        ok = bt_buf_appendf(b, "line %06zu\n", i);
    CHECK(c, ok && bt_buf_append_str(b, last), "no memory");
}

static void long_message_is_read_from_both_ends_in_whole_lines(struct check *c)
{
    bt_buf b;
    build_lines(c, &b, 100, "the last words\n");
    /* Where both ends meet, nothing is missing; from one byte less on, something is. */
    for (size_t tail = b.len - 100 - 30; tail <= b.len - 100 + 3; tail++) {
        bolter_text *t = open_text(c, &(bolter_text_options){.max_message = 100, .max_tail = tail});
        const char *got = text_of(c, t, b.data, b.len);
        bool whole = tail >= b.len - 100;
        CHECK(c, bolter_text_truncated(t) == !whole, "tail %zu", tail);
        CHECK(c,
              strstr(got, "line 000006\nline 0000") && strstr(got, "\nline 000099\nthe last words"),
              "tail %zu: %s", tail, got);
        CHECK(c, !whole || strlen(got) == b.len - 1, "tail %zu: %zu bytes", tail, strlen(got));
        for (const char *p = strstr(got, "\nline") + 1; *p; p += strcspn(p, "\n") + 1)
            if (!CHECK(c, strspn(p, "line 0123456789") == 11 || strcmp(p, "the last words") == 0,
                       "tail %zu: a broken line: %.20s", tail, p) ||
                !strchr(p, '\n'))
                break;
        CHECK(c, !bolter_text_full(t), "the end is not wanted");
        bolter_text_free(t);
    }
    bt_buf_free(&b);
}

static void chunks_and_length_do_not_change_what_is_kept(struct check *c)
{
    static const size_t chunks[] = {1, 7, 100, 511, 512, 513, 4096, BIG};
    bt_buf b;
    build_lines(c, &b, 3000, "the end\n");
    bolter_text *t = open_text(c, &(bolter_text_options){.max_message = 300, .max_tail = 512});
    char *want = bt_strdup(text_of(c, t, b.data, b.len));
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        const char *got;
        size_t n;
        bolter_text_reset(t);
        for (size_t at = 0; at < b.len; at += chunks[i])
            bolter_text_chunk(t, b.data + at, chunks[i] < b.len - at ? chunks[i] : b.len - at,
                              NULL);
        for (int twice = 0; twice < 2; twice++) {
            bolter_text_finish(t, &got, &n, NULL);
            CHECK(c, strcmp(got, want) == 0, "chunks of %zu: %s", chunks[i], got);
        }
    }
    const char *got = text_of(c, t, "Subject: a\n\nshort\n", 18);
    CHECK(c, strcmp(got, "Subject: a\n\nshort") == 0 && !bolter_text_truncated(t), "got %s", got);
    bt_release(want);
    bolter_text_free(t);
    bt_buf_free(&b);
}

static void part_behind_a_large_attachment_is_read(struct check *c)
{
    static const char head[] = "Content-Type: multipart/mixed; boundary=x\n\n"
                               "--x\n\nfirst part\n--x\nContent-Type: application/pdf; name=a.pdf\n"
                               "Content-Transfer-Encoding: base64\n\n";
    static const char tail[] = "--x\n\nlast part\n--x--\n";
    bt_buf b;
    build(c, &b, head, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5\n",
          100000, tail);
    bolter_text *t = open_text(c, NULL);
    const char *got = text_of(c, t, b.data, b.len);
    CHECK(c, strcmp(got, "first part\n\nlast part\n\n[attachment: a.pdf]") == 0, "got <%.200s>",
          got);
    CHECK(c, bolter_text_truncated(t), "not truncated");
    bolter_text_free(t);
    bt_buf_free(&b);

    build(c, &b, "Content-Transfer-Encoding: base64\n\nICBmaXJzdCAg\n",
          "ICBhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ICBhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5\n", 100000,
          "ICB0aGUgdmVyeSBlbmQgb2YgaXQ=\n");
    t = open_text(c, &(bolter_text_options){.max_output = 2000});
    got = text_of(c, t, b.data, b.len);
    CHECK(c, strstr(got, "abcdefghijklmnopqrstuvwxy") && strstr(got, "the very end of it"),
          "got <%.100s>", got);
    bolter_text_free(t);
    bt_buf_free(&b);
}

static void body_over_the_output_keeps_its_end(struct check *c)
{
    bt_buf b;
    build_lines(c, &b, 50000, "the last words\n");
    bolter_text *t = open_text(c, NULL);
    const char *got = text_of(c, t, b.data, b.len);
    CHECK(c, strlen(got) <= 256 << 10 && strlen(got) > 255 << 10, "%zu bytes", strlen(got));
    CHECK(c, strstr(got, "Subject: s\n\nline 000000\nline 000001\n"), "the beginning is lost");
    CHECK(c, strstr(got, "\nline 049999\nthe last words"), "the end is lost");
    CHECK(c, bolter_text_truncated(t), "not truncated");
    bolter_text_free(t);
    bt_buf_free(&b);
}

static void many_parts_and_boundaries_do_not_hide_the_end(struct check *c)
{
    bt_buf b;
    bolter_text *t = open_text(c, NULL);
    build(c, &b, "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nfirst\n", "--x\n\n.\n", 9000,
          "--x\n\nlast\n--x--\n");
    const char *got = text_of(c, t, b.data, b.len);
    CHECK(c, strncmp(got, "first\n\n.", 8) == 0 && strstr(got, ".\n\nlast"), "got <%.80s>", got);
    CHECK(c, bolter_text_truncated(t), "not truncated");
    bt_buf_free(&b);

    build(c, &b,
          "Content-Type: multipart/mixed; boundary=x\n\n"
          "--x\nContent-Type: multipart/mixed; boundary=y\n\n",
          "--y\n\n.\n", 9000, "--y--\n--x\n\nlast\n--x--\n");
    got = text_of(c, t, b.data, b.len);
    CHECK(c, strstr(got, ".\n\nlast"), "got <%.80s>", got);
    bt_buf_free(&b);

    build(c, &b, "Subject: s\n\n", "boundary ", 9000, "\nthe end of it\n");
    got = text_of(c, t, b.data, b.len);
    CHECK(c, strstr(got, "boundary bound") && strstr(got, "\nthe end of it"), "got <%.80s>", got);
    bt_buf_free(&b);
    bolter_text_free(t);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(long_message_is_read_from_both_ends_in_whole_lines),
        CASE(chunks_and_length_do_not_change_what_is_kept),
        CASE(part_behind_a_large_attachment_is_read),
        CASE(body_over_the_output_keeps_its_end),
        CASE(many_parts_and_boundaries_do_not_hide_the_end),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
