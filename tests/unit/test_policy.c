/* test_policy.c - the daemon's parts that need no libmilter: policy, forged fields, mail. */
#include <stdio.h>
#include <string.h>

#include "milter/answer.h"
#include "milter/field.h"
#include "milter/forged.h"
#include "milter/log.h"
#include "milter/mail.h"
#include "milter/policy.h"
#include "tests/check.h"

static const bolter_model_info model = {.spam_threshold = 0.9, .unsure_threshold = 0.4};

/* Settings at their defaults but for these NAME=VALUE words. */
static struct settings *settings_with(const char *const *words)
{
    static struct settings s;
    settings_default(&s);
    for (; *words; words++)
        settings_set(&s, *words, NULL);
    return &s;
}

#define SETTINGS(...) settings_with((const char *const[]){__VA_ARGS__, NULL})
#define DEFAULTS      settings_with((const char *const[]){NULL})

static void threshold_is_the_models_unless_one_is_set(struct check *c)
{
    static const struct {
        float spam;
        const char *set;
        bolter_class want;
    } cases[] = {{0.95f, "spam_threshold=0", BOLTER_SPAM},
                 {0.5f, "spam_threshold=0", BOLTER_UNSURE},
                 {0.39f, "spam_threshold=0", BOLTER_HAM},
                 {0.95f, "spam_threshold=0.99", BOLTER_UNSURE},
                 {0.5f, "spam_threshold=0.5", BOLTER_SPAM},
                 {0.29f, "spam_threshold=0.3", BOLTER_HAM},
                 {0.3125f, "spam_threshold=0.3125", BOLTER_SPAM}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_verdict v = {.spam = cases[i].spam};
        policy_decide(&v, SETTINGS(cases[i].set), &model);
        CHECK(c, v.decision == cases[i].want, "%g with %s is %s", (double)v.spam, cases[i].set,
              policy_class_name(v.decision));
    }
}

static void only_spam_above_the_second_threshold_is_refused(struct check *c)
{
    static const struct {
        float spam;
        const char *set;
        bool authenticated;
        enum action want;
    } cases[] = {
        {1.0f, "reject_threshold=0", false, ACTION_MARK},
        {0.99f, "reject_threshold=0.95", false, ACTION_REJECT},
        {0.99f, "reject_threshold=0.95", true, ACTION_MARK},
        {0.92f, "reject_threshold=0.95", false, ACTION_MARK},
        {0.5f, "reject_threshold=0.3", false, ACTION_MARK}, /* it is not even spam */
        {1.0f, "reject_threshold=1", false, ACTION_REJECT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings *s = SETTINGS(cases[i].set);
        bolter_verdict v = {.spam = cases[i].spam};
        policy_decide(&v, s, &model);
        enum action got = policy_of_verdict(&v, s, cases[i].authenticated);
        CHECK(c, got == cases[i].want, "case %zu: %s", i, policy_action_name(got));
    }
}

static void percent_signs_of_a_refusal_are_doubled(struct check *c)
{
    char text[64], tight[6];
    policy_reply_text(text, sizeof text, "99.5% spam%");
    CHECK(c, strcmp(text, "99.5%% spam%%") == 0, "got %s", text);
    policy_reply_text(tight, sizeof tight, "%%%%%");
    CHECK(c, strcmp(tight, "%%%%") == 0, "half a pair stayed: %s", tight);
}

/* A mail server that writes down what it is told, and hangs up after so many calls. */
struct recorder {
    char log[4096];
    size_t len;
    int calls_left;
};

static bool record(struct recorder *r, const char *what, const char *name, unsigned long k)
{
    if (r->calls_left-- <= 0)
        return false;
    int n = snprintf(r->log + r->len, sizeof r->log - r->len, "%s %s %lu\n", what, name, k);
    r->len += (size_t)n < sizeof r->log - r->len ? (size_t)n : 0;
    return true;
}

static bool record_remove(void *ud, const char *name, unsigned long k)
{
    return record(ud, "remove", name, k);
}

static bool record_insert(void *ud, const char *name, const char *value)
{
    (void)value;
    return record(ud, "insert", name, 0);
}

static bool record_reply(void *ud, const char *code, const char *dsn, const char *text)
{
    (void)dsn;
    (void)text;
    return record(ud, "reply", code, 0);
}

static bool record_progress(void *ud)
{
    return record(ud, "progress", "", 0);
}

static struct mta server(struct recorder *r, int calls)
{
    *r = (struct recorder){.calls_left = calls};
    return (struct mta){.ud = r,
                        .insert_header = record_insert,
                        .remove_header = record_remove,
                        .reply = record_reply,
                        .progress = record_progress};
}

static void forged_copies_are_removed_from_the_last_to_the_first(struct check *c)
{
    static struct forged f;
    struct recorder r;
    struct mta mta = server(&r, 100);
    forged_init(&f);
    CHECK(c, !forged_note(&f, "Subject") && !forged_note(&f, "X-Spa") && !forged_note(&f, ""),
          "noted a field of the sender's");
    CHECK(c, forged_note(&f, "x-spam-STATUS") && forged_note(&f, "X-Spam-Report"), "not noted");
    CHECK(c, forged_note(&f, "X-Spam-Status") && forged_note(&f, "X-SPAM-REPORT"), "not noted");
    CHECK(c, forged_note(&f, "X-Bolter") && f.count == 5, "got %lu", f.count);
    CHECK(c, forged_remove(&f, &mta), "removal failed");
    CHECK(c,
          strcmp(r.log, "remove x-spam-STATUS 2\nremove x-spam-STATUS 1\n"
                        "remove X-Spam-Report 2\nremove X-Spam-Report 1\nremove X-Bolter 1\n") == 0,
          "got %s", r.log);
    mta = server(&r, 3);
    CHECK(c, !forged_remove(&f, &mta), "a server that hung up was not noticed");
}

static void fields_beyond_the_limits_are_told(struct check *c)
{
    static struct forged f;
    char name[200];
    forged_init(&f);
    for (int i = 0; i < FORGED_NAMES + 3; i++) {
        snprintf(name, sizeof name, "X-Spam-%d", i);
        forged_note(&f, name);
    }
    CHECK(c, f.count == FORGED_NAMES && f.too_many == 3, "names: %lu and %lu", f.count, f.too_many);
    CHECK(c, forged_note(&f, "x-spam-7") && f.count == FORGED_NAMES + 1, "a known name got lost");
    forged_init(&f);
    for (int i = 0; i < FORGED_FIELDS + 5; i++)
        forged_note(&f, "X-Spam-Flag");
    CHECK(c, f.count == FORGED_FIELDS && f.too_many == 5, "%lu and %lu", f.count, f.too_many);
    forged_init(&f);
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    memcpy(name, "X-Spam-", 7);
    CHECK(c, forged_note(&f, name) && f.too_many == 1 && f.count == 0, "kept a long name");
}

static void message_that_keeps_forged_fields_is_refused(struct check *c)
{
    struct recorder r;
    struct mta mta = server(&r, 100000);
    static struct snapshot snap;
    struct question q = {.mail = mail_open(1000, "{body}"), .snapshot = &snap};
    log_set_level(SETTINGS_LOG_ERROR);
    snap.settings = *SETTINGS("on_error=tempfail");
    for (int i = 0; i < FORGED_FIELDS + 1; i++)
        mail_header(q.mail, "X-Spam-Status", "No");
    CHECK(c, answer_message(&q, &mta) == ACTION_REJECT, "not refused");
    CHECK(c, strcmp(r.log, "reply 550 0\n") == 0, "the server was told %s", r.log);
    mail_free(q.mail);
}

static void message_without_memory_is_answered_as_configured(struct check *c)
{
    struct recorder r;
    struct mta mta = server(&r, 100);
    static struct snapshot snap;
    struct question q = {.snapshot = &snap, .id = "4ABC"};
    log_set_level(SETTINGS_LOG_ERROR);
    snap.settings = *DEFAULTS;
    CHECK(c, answer_message(&q, &mta) == ACTION_ACCEPT, "not accepted");
    snap.settings = *SETTINGS("on_error=tempfail");
    CHECK(c, answer_message(&q, &mta) == ACTION_TEMPFAIL, "not deferred");
    CHECK(c, r.len == 0, "the server was told %s", r.log);
}

static void pieces_make_a_message_without_its_forged_fields(struct check *c)
{
    struct mail *m = mail_open(100000, "{subject}|{body}");
    const char *utf8;
    size_t n;
    bolter_error err = {0};
    mail_header(m, "Subject", "one\n two");
    mail_header(m, "X-Spam-Status", "No");
    mail_header(m, "Content-Type", "text/plain");
    mail_end_of_header(m);
    mail_body(m, "a bo", 4);
    mail_body(m, "dy\r\n", 4);
    CHECK(c, mail_forged(m)->count == 1, "got %lu", mail_forged(m)->count);
    CHECK(c, mail_finish(m, &utf8, &n, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, strstr(utf8, "one two|a body") && !strstr(utf8, "No"), "got %s", utf8);
    CHECK(c, !mail_truncated(m) && !mail_full(m), "it was cut");
    mail_free(m);
}

static void body_without_an_end_of_header_is_still_a_body(struct check *c)
{
    struct mail *m = mail_open(100000, "{subject}|{body}");
    const char *utf8;
    size_t n;
    mail_header(m, "Subject", "s");
    mail_body(m, "From: nobody\r\n", 14);
    mail_finish(m, &utf8, &n, NULL);
    CHECK(c, strstr(utf8, "s|From: nobody"), "got %s", utf8);
    mail_free(m);
}

static void mail_is_full_at_its_limit_and_still_counts_forged_fields(struct check *c)
{
    struct mail *m = mail_open(1000, "{body}");
    const char *utf8;
    size_t n;
    char chunk[600];
    memset(chunk, 'a', sizeof chunk);
    mail_end_of_header(m);
    mail_body(m, chunk, sizeof chunk);
    CHECK(c, !mail_full(m), "full after 600 of 1000 bytes");
    mail_body(m, chunk, sizeof chunk);
    CHECK(c, mail_full(m), "not full after 1200 of 1000 bytes");
    mail_header(m, "X-Spam-Flag", "YES");
    CHECK(c, mail_forged(m)->count == 1, "got %lu", mail_forged(m)->count);
    CHECK(c, mail_finish(m, &utf8, &n, NULL) == BOLTER_OK && mail_truncated(m), "not truncated");
    mail_free(m);
}

static void log_words_hold_no_blanks_and_no_ends_of_line(struct check *c)
{
    char word[8];
    CHECK(c, strcmp(log_word(word, sizeof word, "a b\nc\"d"), "a?b?c?d") == 0, "got %s", word);
    CHECK(c, strcmp(log_word(word, sizeof word, "0123456789"), "0123456") == 0, "got %s", word);
    CHECK(c, strcmp(log_word(word, sizeof word, NULL), "-") == 0, "got %s", word);
    CHECK(c, strcmp(log_word(word, sizeof word, "caf\xe9"), "caf?") == 0, "got %s", word);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(threshold_is_the_models_unless_one_is_set),
        CASE(only_spam_above_the_second_threshold_is_refused),
        CASE(percent_signs_of_a_refusal_are_doubled),
        CASE(forged_copies_are_removed_from_the_last_to_the_first),
        CASE(fields_beyond_the_limits_are_told),
        CASE(message_that_keeps_forged_fields_is_refused),
        CASE(message_without_memory_is_answered_as_configured),
        CASE(pieces_make_a_message_without_its_forged_fields),
        CASE(body_without_an_end_of_header_is_still_a_body),
        CASE(mail_is_full_at_its_limit_and_still_counts_forged_fields),
        CASE(log_words_hold_no_blanks_and_no_ends_of_line),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
