/* test_normal.c - a text is the same however its lines end. */
#include <string.h>

#include "base/buf.h"
#include "tests/check.h"
#include "text/normal.h"

static void want(struct check *c, const char *raw, bt_normal how, const char *text)
{
    bt_buf out;
    bt_buf_init(&out, 1000);
    bolter_status s = bt_normal_append(&out, raw, strlen(raw), how);
    CHECK(c, s == BOLTER_OK && out.len == strlen(text) && memcmp(out.data, text, out.len) == 0,
          "status %d, got <%.*s>, want <%s>", (int)s, (int)out.len, out.data, text);
    bt_buf_free(&out);
}

/*
 * A body in quoted-printable with "=0D" before the end of a line has one carriage return more behind a
 * mail server, which ends lines with CRLF, than in a folder, which ends them with LF.
 */
static void carriage_returns_before_a_line_feed_are_part_of_its_line_end(struct check *c)
{
    static const char *const raw[] = {"a\nb\n\nc", "a\r\nb\r\n\r\nc", "a\r\r\nb\r\r\n\r\r\nc",
                                      "a\r\r\r\nb\r\n\r\r\nc"};
    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) {
        want(c, raw[i], BT_NORMAL_MAIL, "a\nb\n\nc");
        want(c, raw[i], BT_NORMAL_PLAIN, "a\nb\n\nc");
        want(c, raw[i], BT_NORMAL_LINE, "a b c");
    }
}

static void carriage_returns_alone_are_line_ends(struct check *c)
{
    want(c, "a\rb\r\rc\r", BT_NORMAL_MAIL, "a\nb\n\nc");
    want(c, "a\rb\r\r\rc\r\r", BT_NORMAL_PLAIN, "a\nb\n\n\nc");
    want(c, "a\rb\r\r\rc\r", BT_NORMAL_LINE, "a b c");
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(carriage_returns_before_a_line_feed_are_part_of_its_line_end),
        CASE(carriage_returns_alone_are_line_ends),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
