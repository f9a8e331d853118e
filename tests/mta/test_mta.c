/* test_mta.c - the stand-in for an MTA changes messages as MTAs do, and is strict with filters. */
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/mta/mtaclient.h"

/* What a message becomes when change is applied to it. */
static const char *after(const char *message, bool (*change)(struct mta_mail *mail))
{
    static bt_buf out;
    struct mta_mail mail;
    if (!out.max)
        bt_buf_init(&out, 100000);
    bt_buf_reset(&out);
    if (!mta_mail_parse(&mail, message, strlen(message)) || !change(&mail) ||
        !mta_mail_print(&mail, &out) || !bt_buf_append(&out, "", 0))
        return "(failed)";
    mta_mail_free(&mail);
    return out.data;
}

static bool nothing(struct mta_mail *mail)
{
    return mail->n_fields > 0;
}

static void unchanged_message_is_printed_byte_for_byte(struct check *c)
{
    static const char *const messages[] = {"",
                                           "\n",
                                           "\nbody",
                                           "A: b\n",
                                           "A: b",
                                           "A:b\n\n",
                                           "A:  b\n\tfold\n\nx\n\ny",
                                           "A: b\r\nB: c\r\n  d\r\n\r\nx\r\n.\r\n",
                                           "a:\n\xff\x01\n",
                                           "no header at all\n"};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        const char *got = after(messages[i], nothing);
        bool mixed = strcmp(messages[i], "a:\n\xff\x01\n") == 0;
        const char *want = mixed ? "a:\n\n\xff\x01\n" : messages[i];
        CHECK(c, strcmp(got, want) == 0, "message %zu: got \"%s\", want \"%s\"", i, got, want);
    }
}

static bool insert_around_own_received(struct mta_mail *mail)
{
    return mta_mail_insert(mail, 1, "One", "1") && mta_mail_insert(mail, 0, "Zero", "0") &&
           mta_mail_insert(mail, 4, "Four", "4\n\tfold") && mta_mail_insert(mail, 99, "Last", "9");
}

static void inserted_fields_stand_where_the_index_says(struct check *c)
{
    const char *got = after("A: a\nB: b\n\nx\n", insert_around_own_received);
    const char *want = "Zero: 0\nOne: 1\nA: a\nFour: 4\n\tfold\nB: b\nLast: 9\n\nx\n";
    CHECK(c, strcmp(got, want) == 0, "got \"%s\"", got);
    got = after("A: a\r\n\r\nx\r\n", insert_around_own_received);
    want = "Zero: 0\r\nOne: 1\r\nA: a\r\nFour: 4\r\n\tfold\r\nLast: 9\r\n\r\nx\r\n";
    CHECK(c, strcmp(got, want) == 0, "got \"%s\"", got);
}

static bool delete_backwards(struct mta_mail *mail)
{
    return mta_mail_change(mail, 3, "x-spam", "") && mta_mail_change(mail, 2, "x-spam", "") &&
           mta_mail_change(mail, 1, "x-spam", "");
}

static bool delete_forwards(struct mta_mail *mail)
{
    return mta_mail_change(mail, 1, "x-spam", "") && mta_mail_change(mail, 2, "x-spam", "") &&
           mta_mail_change(mail, 3, "x-spam", "");
}

static void deleting_forwards_misses_every_second_copy_as_in_an_mta(struct check *c)
{
    const char *forged = "X-Spam: 1\nA: a\nX-SPAM: 2\n\tfold\nx-spam: 3\n\nx\n";
    const char *got = after(forged, delete_backwards);
    CHECK(c, strcmp(got, "A: a\n\nx\n") == 0, "got \"%s\"", got);
    got = after(forged, delete_forwards);
    CHECK(c, strcmp(got, "A: a\nX-SPAM: 2\n\tfold\n\nx\n") == 0, "got \"%s\"", got);
}

static bool change_second_and_unknown(struct mta_mail *mail)
{
    return mta_mail_change(mail, 2, "a", "new") && mta_mail_change(mail, 1, "C", "added") &&
           mta_mail_change(mail, 1, "D", "") && mta_mail_change(mail, 1, "Received", "");
}

static void change_replaces_in_place_or_appends(struct check *c)
{
    const char *got = after("A: 1\nA: 2\nB: b\n\nx\n", change_second_and_unknown);
    CHECK(c, strcmp(got, "A: 1\na: new\nB: b\nC: added\n\nx\n") == 0, "got \"%s\"", got);
}

static void wire_drops_one_space_and_carriage_returns_and_ends_lines_with_crlf(struct check *c)
{
    static const char message[] = "A:  b\r\n c\r\nT:\tt\r\n\r\nx\ny\r\n\n.";
    static const char want[] = "A\0 b\n c\0T\0\tt";
    struct mta_mail mail;
    bt_buf out;
    bt_buf_init(&out, 1000);
    CHECK(c, mta_mail_parse(&mail, message, sizeof message - 1) && mail.n_fields == 3, "parse");
    CHECK(c, mta_field_wire(mail.field + 1, &out) && mta_field_wire(mail.field + 2, &out), "wire");
    CHECK(c, out.len == sizeof want && memcmp(out.data, want, sizeof want) == 0, "%zu", out.len);
    bt_buf_reset(&out);
    CHECK(c, mta_mail_wire_body(&mail, &out), "body");
    CHECK(c, strcmp(out.data, "x\r\ny\r\n\r\n.") == 0, "got \"%s\"", out.data);
    mta_mail_free(&mail);
    bt_buf_free(&out);
}

/* ---- A scripted filter: what it says is in the socket before the client asks ---- */

struct script {
    char bytes[4096];
    size_t n;
};

static void say(struct script *s, char code, const void *data, size_t n)
{
    mta_put_be32((unsigned char *)s->bytes + s->n, (uint32_t)n + 1);
    s->bytes[s->n + 4] = code;
    memcpy(s->bytes + s->n + 5, data, n);
    s->n += 5 + n;
}

/* The answer to the negotiation: no answer is promised before the end of a message. */
static void say_options(struct script *s, uint32_t actions)
{
    const uint32_t silent = SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT |
                            SMFIP_NR_DATA | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY;
    unsigned char data[MILTER_OPTLEN];
    mta_put_be32(data, 6);
    mta_put_be32(data + 4, actions);
    mta_put_be32(data + 8, silent);
    say(s, SMFIC_OPTNEG, data, sizeof data);
}

/* Send "A: a", "x" to a filter that says what the script has, then closes when hang is false. */
static bolter_status converse(const struct script *s, bool hang, struct mta_reply *r, bt_buf *out,
                              bolter_error *err)
{
    static const char message[] = "A: a\n\nx\n";
    int fd[2];
    char spec[32];
    struct mta_options o;
    struct mta_mail mail;
    struct mta m;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0 ||
        write(fd[1], s->bytes, s->n) != (ssize_t)s->n ||
        !mta_mail_parse(&mail, message, sizeof message - 1))
        return BOLTER_E_ARG;
    if (!hang)
        shutdown(fd[1], SHUT_WR);
    mta_options_default(&o);
    snprintf(spec, sizeof spec, "fd:%d", fd[0]);
    o.socket = spec;
    o.timeout_ms = 100;
    bolter_status status = mta_open(&m, &o, err);
    if (status == BOLTER_OK) {
        status = mta_send(&m, &mail, MTA_EOM, r, err);
        mta_close(&m, true);
    }
    bt_buf_reset(out);
    mta_mail_print(&mail, out);
    mta_mail_free(&mail);
    close(fd[1]);
    return status;
}

static void filters_answer_and_changes_are_taken(struct check *c)
{
    static const char insert[] = "\0\0\0\0X-S\0Yes,\n\tscore";
    struct script s = {.n = 0};
    struct mta_reply r;
    bolter_error err = {0};
    bt_buf out;
    bt_buf_init(&out, 1000);
    say_options(&s, SMFIF_ADDHDRS | SMFIF_QUARANTINE);
    say(&s, SMFIR_PROGRESS, "", 0);
    say(&s, SMFIR_INSHEADER, insert, sizeof insert);
    say(&s, SMFIR_QUARANTINE, "odd", 4);
    say(&s, SMFIR_CONTINUE, "", 0);
    CHECK(c, converse(&s, true, &r, &out, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, strcmp(out.data, "X-S: Yes,\n\tscore\nA: a\n\nx\n") == 0, "got \"%s\"", out.data);
    CHECK(c, mta_reply_accepts(&r) && r.n_progress == 1, "code %c", r.code);
    CHECK(c, strcmp(mta_reply_line(&r), "hold: odd") == 0, "got %s", mta_reply_line(&r));
    s.n = 0;
    say_options(&s, 0);
    say(&s, SMFIR_REPLYCODE, "550 5.7.1 no", 13);
    CHECK(c, converse(&s, true, &r, &out, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, strcmp(mta_reply_line(&r), "550 5.7.1 no") == 0, "got %s", mta_reply_line(&r));
    bt_buf_free(&out);
}

static void filter_that_breaks_the_protocol_is_an_error(struct check *c)
{
    static const struct {
        const char *what;
        uint32_t actions;
        char code;
        const char *data;
        size_t n;
        bolter_status want;
    } table[] = {
        {"not negotiated", 0, SMFIR_INSHEADER, "\0\0\0\0X\0y", 8, BOLTER_E_FORMAT},
        {"no NUL", SMFIF_ADDHDRS, SMFIR_INSHEADER, "\0\0\0\0X\0y", 7, BOLTER_E_FORMAT},
        {"no value", SMFIF_ADDHDRS, SMFIR_INSHEADER, "\0\0\0\0X", 6, BOLTER_E_FORMAT},
        {"too short", SMFIF_ADDHDRS, SMFIR_INSHEADER, "\0\0", 2, BOLTER_E_FORMAT},
        {"second field", SMFIF_ADDHDRS, SMFIR_ADDHEADER, "X\0y\nZ: z", 9, BOLTER_E_FORMAT},
        {"carriage return", SMFIF_ADDHDRS, SMFIR_ADDHEADER, "X\0y\r\n z", 8, BOLTER_E_FORMAT},
        {"name with a colon", SMFIF_ADDHDRS, SMFIR_ADDHEADER, "X:\0y", 5, BOLTER_E_FORMAT},
        {"reply 250", 0, SMFIR_REPLYCODE, "250 ok", 7, BOLTER_E_FORMAT},
        {"skip at the end", 0, SMFIR_SKIP, "", 0, BOLTER_E_FORMAT},
        {"action not offered", 0x1000, SMFIR_CONTINUE, "", 0, BOLTER_E_FORMAT},
        {"silence", 0, SMFIR_PROGRESS, "", 0, BOLTER_E_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct script s = {.n = 0};
        struct mta_reply r;
        bt_buf out;
        bt_buf_init(&out, 1000);
        say_options(&s, table[i].actions);
        say(&s, table[i].code, table[i].data, table[i].n);
        bolter_status got = converse(&s, true, &r, &out, NULL);
        CHECK(c, got == table[i].want, "%s: got %d", table[i].what, got);
        bt_buf_free(&out);
    }
}

static void filter_that_closes_in_a_packet_is_an_error(struct check *c)
{
    struct script s = {.n = 0};
    struct mta_reply r;
    bt_buf out;
    bt_buf_init(&out, 1000);
    say_options(&s, 0);
    say(&s, SMFIR_CONTINUE, "", 0);
    for (size_t n = s.n; s.n-- > 0;)
        CHECK(c, converse(&s, false, &r, &out, NULL) == BOLTER_E_IO, "cut to %zu of %zu", s.n, n);
    bt_buf_free(&out);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(unchanged_message_is_printed_byte_for_byte),
        CASE(inserted_fields_stand_where_the_index_says),
        CASE(deleting_forwards_misses_every_second_copy_as_in_an_mta),
        CASE(change_replaces_in_place_or_appends),
        CASE(wire_drops_one_space_and_carriage_returns_and_ends_lines_with_crlf),
        CASE(filters_answer_and_changes_are_taken),
        CASE(filter_that_breaks_the_protocol_is_an_error),
        CASE(filter_that_closes_in_a_packet_is_an_error),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
