/* test_policy.c - the daemon's parts that need no libmilter: policy, forged fields, mail. */
#include <stdio.h>
#include <string.h>

#include "milter/act.h"
#include "milter/answer.h"
#include "milter/failure.h"
#include "milter/field.h"
#include "milter/forged.h"
#include "milter/log.h"
#include "milter/mail.h"
#include "milter/policy.h"
#include "tests/check.h"

static const struct style *wording(void)
{
    static struct style style;
    style_default(&style);
    return &style;
}

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
    } cases[] = {{0.95f, "tag_at=model", BOLTER_SPAM},    {0.5f, "tag_at=model", BOLTER_UNSURE},
                 {0.39f, "tag_at=model", BOLTER_HAM},     {0.95f, "tag_at=0.99", BOLTER_UNSURE},
                 {0.5f, "tag_at=0.5", BOLTER_SPAM},       {0.29f, "tag_at=0.3", BOLTER_HAM},
                 {0.3125f, "tag_at=0.3125", BOLTER_SPAM}, {1, "tag_at=never", BOLTER_UNSURE},
                 {0.5f, "unsure_at=0.6", BOLTER_HAM},     {0.7f, "unsure_at=0.6", BOLTER_UNSURE},
                 {0.8f, "unsure_at=never", BOLTER_HAM},   {0, "tag_at=0", BOLTER_SPAM}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_verdict v = {.spam = cases[i].spam};
        policy_decide(&v, SETTINGS(cases[i].set), &model);
        CHECK(c, v.decision == cases[i].want, "%g with %s is %s", (double)v.spam, cases[i].set,
              bolter_class_name(v.decision));
    }
}

static enum action action_of_verdict(const struct settings *s, const bolter_model_info *m,
                                     const bolter_verdict *v)
{
    struct levels l;
    policy_levels(&l, s);
    return policy_of_verdict(&l, s, m, v);
}

static enum action action_of(const struct settings *s, double spam)
{
    const bolter_verdict v = {.spam = (float)spam};
    return action_of_verdict(s, &model, &v);
}

static void strongest_level_that_is_reached_is_the_action(struct check *c)
{
    static const enum action in_order[] = {ACTION_MARK,     ACTION_SUBJECT,  ACTION_QUARANTINE,
                                           ACTION_REDIRECT, ACTION_TEMPFAIL, ACTION_DISCARD,
                                           ACTION_REJECT};
    struct settings *s =
        SETTINGS("reject_to_tag=no", "subject_at=0.91", "quarantine_at=0.92", "redirect_at=0.93",
                 "tempfail_at=0.94", "discard_at=0.95", "reject_at=0.96");
    for (size_t i = 0; i < sizeof in_order / sizeof *in_order; i++) {
        enum action below = action_of(s, 0.9 + 0.01 * (double)i - 1e-6);
        enum action at = action_of(s, 0.9 + 0.01 * (double)i + 1e-6);
        CHECK(c, at == in_order[i], "level %zu: %s", i, policy_action_name(at));
        CHECK(c, below == (i == 0 ? ACTION_MARK : in_order[i - 1]), "below level %zu: %s", i,
              policy_action_name(below));
    }
}

static void level_counts_only_for_spam(struct check *c)
{
    static const struct {
        double spam;
        const char *set;
        enum action want;
    } cases[] = {
        {1, "reject_at=never", ACTION_MARK},    {0.99, "reject_at=0.95", ACTION_REJECT},
        {0.92, "reject_at=0.95", ACTION_MARK},  {0.5, "reject_at=0.3", ACTION_MARK},
        {1, "reject_at=1", ACTION_REJECT},      {0.901, "reject_at=model", ACTION_REJECT},
        {0.89, "reject_at=model", ACTION_MARK}, {1, "discard_at=0.2", ACTION_DISCARD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum action got = action_of(SETTINGS(cases[i].set, "reject_to_tag=no"), cases[i].spam);
        CHECK(c, got == cases[i].want, "case %zu: %s", i, policy_action_name(got));
    }
}

static void nothing_is_refused_before_the_threshold_is_proven(struct check *c)
{
    static const char refusals[][20] = {"reject_at=0.95", "discard_at=0.95", "tempfail_at=0.95"};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const char *set = refusals[i];
        CHECK(c, action_of(SETTINGS(set), 1) == ACTION_MARK, "%s by default", set);
        CHECK(c, action_of(SETTINGS(set, "quarantine_at=0.9"), 1) == ACTION_QUARANTINE,
              "%s hides the milder level", set);
        CHECK(c, action_of(SETTINGS(set, "reject_to_tag=yes"), 1) == ACTION_MARK, "%s and yes",
              set);
        CHECK(c, action_of(SETTINGS(set, "reject_to_tag=no"), 1) >= ACTION_TEMPFAIL, "%s and no",
              set);
    }
    CHECK(c, action_of(SETTINGS("redirect_at=0.9"), 1) == ACTION_REDIRECT, "not redirected");
}

static void proof_counts_for_its_threshold_and_those_above(struct check *c)
{
    bolter_threshold_proof proof = {.proved = true, .threshold = 0.95};
    bolter_model_info proven = model;
    const bolter_verdict v = {.spam = 1};
    proven.proof = &proof;
    static const struct {
        const char *set;
        bool proved;
        enum action want;
    } cases[] = {{"reject_at=0.95", true, ACTION_REJECT},
                 {"reject_at=0.99", true, ACTION_REJECT},
                 {"reject_at=0.94", true, ACTION_MARK},
                 {"reject_at=model", true, ACTION_MARK}, /* 0.9 */
                 {"discard_at=0.95", true, ACTION_DISCARD},
                 {"discard_at=0.94", true, ACTION_MARK},
                 {"tempfail_at=0.95", true, ACTION_TEMPFAIL},
                 {"tempfail_at=0.94", true, ACTION_MARK},
                 {"reject_at=0.99", false, ACTION_MARK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        proof.proved = cases[i].proved;
        enum action got = action_of_verdict(SETTINGS(cases[i].set), &proven, &v);
        CHECK(c, got == cases[i].want, "case %zu: %s", i, policy_action_name(got));
    }
    proof.proved = true;
    struct settings *s = SETTINGS("reject_at=0.99", "reject_to_tag=yes");
    enum action mild = action_of_verdict(s, &proven, &v);
    CHECK(c, mild == ACTION_MARK, "yes gives way to a proof: %s", policy_action_name(mild));
}

static void degraded_verdict_gets_the_next_milder_level(struct check *c)
{
    bolter_threshold_proof proof = {.proved = true, .threshold = 0.5};
    bolter_model_info proven = model;
    const bolter_verdict whole = {.spam = 1}, degraded = {.spam = 1, .degraded = true};
    proven.proof = &proof;
    static const char levels[][20] = {"tempfail_at=0.95", "discard_at=0.95", "reject_at=0.95"};
    static const char words[][20] = {"reject_to_tag=no", "reject_to_tag=auto"};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++) {
            struct settings *s = SETTINGS(levels[i], words[k]);
            CHECK(c, action_of_verdict(s, &proven, &whole) >= ACTION_TEMPFAIL, "%s, %s: no refusal",
                  levels[i], words[k]);
            CHECK(c, action_of_verdict(s, &proven, &degraded) == ACTION_MARK, "%s, %s: no mark",
                  levels[i], words[k]);
            s = SETTINGS(levels[i], words[k], "subject_at=0.9", "quarantine_at=0.94");
            CHECK(c, action_of_verdict(s, &proven, &degraded) == ACTION_QUARANTINE,
                  "%s, %s: not held", levels[i], words[k]);
        }
}

static void mildest_action_and_highest_threshold_hold_for_several_recipients(struct check *c)
{
    struct settings *s = SETTINGS("reject_to_tag=no");
    struct levels rejects, holds, lenient, scored;
    struct ruling r;
    policy_levels(&rejects, s);
    holds = lenient = scored = rejects;
    rejects.at[ACTION_REJECT] = 0.95;
    holds.at[ACTION_QUARANTINE] = 0.9;
    lenient.at[ACTION_MARK] = 0.99;
    scored.at[ACTION_REJECT] = 0.95;
    scored.mode = MODE_SCORE;
    const struct {
        const struct levels *a, *b;
        double spam;
        enum action want;
        bolter_class class;
    } cases[] = {{&rejects, &rejects, 0.97, ACTION_REJECT, BOLTER_SPAM},
                 {&rejects, &holds, 0.97, ACTION_QUARANTINE, BOLTER_SPAM},
                 {&holds, &rejects, 0.92, ACTION_MARK, BOLTER_SPAM},
                 {&rejects, &lenient, 0.97, ACTION_MARK, BOLTER_UNSURE},
                 {&rejects, &lenient, 0.995, ACTION_MARK, BOLTER_SPAM},
                 {&rejects, &scored, 0.97, ACTION_MARK, BOLTER_SPAM}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        policy_begin(&r);
        const bolter_verdict v = {.spam = (float)cases[i].spam};
        policy_add(&r, cases[i].a, s, &model, &v);
        policy_add(&r, cases[i].b, s, &model, &v);
        CHECK(c, r.action == cases[i].want, "case %zu: %s", i, policy_action_name(r.action));
        CHECK(c, policy_class(&r, cases[i].spam) == cases[i].class, "case %zu: required %g", i,
              r.required);
    }
}

static void no_failure_of_ours_destroys_mail(struct check *c)
{
    static const char *const words[] = {"accept", "tag", "tempfail"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char set[4][32];
        const char *const names[] = {"on_error", "on_timeout", "on_overload", "on_unscorable"};
        for (size_t k = 0; k < 4; k++)
            snprintf(set[k], sizeof set[k], "%s=%s", names[k], words[i]);
        struct settings *s = SETTINGS("reject_to_tag=no", "reject_at=0", "discard_at=0", "tag_at=0",
                                      set[0], set[1], set[2], set[3]);
        for (enum failure f = FAILURE_ERROR; f <= FAILURE_UNSCORABLE; f++) {
            enum action a = failure_action(f, s);
            CHECK(c, a == ACTION_ACCEPT || a == ACTION_MARK || a == ACTION_TEMPFAIL, "%s: %s",
                  failure_name(f), policy_action_name(a));
        }
    }
}

static struct mail *open_mail(const char *layout)
{
    static struct settings s;
    settings_default(&s);
    s.max_message = 1024;
    s.max_tail = 0;
    return mail_open(&s, wording(), layout);
}

/* A mail server that writes down what it is told, and hangs up after so many calls. */
struct recorder {
    char log[4096];
    size_t len;
    char value[2048]; /* of the last call that had one */
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

static bool record_change(void *ud, const char *name, unsigned long k, const char *value)
{
    struct recorder *r = ud;
    if (value)
        snprintf(r->value, sizeof r->value, "%s", value);
    return record(ud, value ? "change" : "remove", name, k);
}

static bool record_insert(void *ud, const char *name, const char *value)
{
    struct recorder *r = ud;
    snprintf(r->value, sizeof r->value, "%s", value);
    return record(ud, "insert", name, 0);
}

static bool record_reply(void *ud, const char *code, const char *dsn, const char *const *lines,
                         size_t n)
{
    struct recorder *r = ud;
    size_t len = (size_t)snprintf(r->value, sizeof r->value, "%s", dsn);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(r->value + len, sizeof r->value - len, "|%s", lines[i]);
    return record(ud, "reply", code, n);
}

static bool record_quarantine(void *ud, const char *reason)
{
    return record(ud, "hold", reason, 0);
}

static bool record_add(void *ud, const char *address)
{
    return record(ud, "add", address, 0);
}

static bool record_delete(void *ud, const char *address)
{
    return record(ud, "delete", address, 0);
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
                        .change_header = record_change,
                        .reply = record_reply,
                        .quarantine = record_quarantine,
                        .add_recipient = record_add,
                        .delete_recipient = record_delete,
                        .progress = record_progress};
}

static void forged_copies_are_removed_from_the_last_to_the_first(struct check *c)
{
    static struct forged f;
    struct recorder r;
    struct mta mta = server(&r, 100);
    forged_init(&f, wording());
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
    forged_init(&f, wording());
    for (int i = 0; i < FORGED_NAMES + 3; i++) {
        snprintf(name, sizeof name, "X-Spam-%d", i);
        forged_note(&f, name);
    }
    CHECK(c, f.count == FORGED_NAMES && f.too_many == 3, "names: %lu and %lu", f.count, f.too_many);
    CHECK(c, forged_note(&f, "x-spam-7") && f.count == FORGED_NAMES + 1, "a known name got lost");
    forged_init(&f, wording());
    for (int i = 0; i < FORGED_FIELDS + 5; i++)
        forged_note(&f, "X-Spam-Flag");
    CHECK(c, f.count == FORGED_FIELDS && f.too_many == 5, "%lu and %lu", f.count, f.too_many);
    forged_init(&f, wording());
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
    static struct rules rules;
    static struct envelope nobody;
    struct question q = {.mail = open_mail("{body}"), .envelope = &nobody, .snapshot = &snap};
    log_set_level(SETTINGS_LOG_ERROR);
    snap.rules = &rules;
    snap.settings = *SETTINGS("on_error=tempfail");
    for (int i = 0; i < FORGED_FIELDS + 1; i++)
        mail_header(q.mail, "X-Spam-Status", "No");
    CHECK(c, answer_message(&q, &mta) == ACTION_REJECT, "not refused");
    CHECK(c, strcmp(r.log, "reply 550 1\n") == 0, "the server was told %s", r.log);
    mail_free(q.mail);
}

static void message_without_memory_is_answered_as_configured(struct check *c)
{
    struct recorder r;
    struct mta mta = server(&r, 100);
    static struct snapshot snap;
    static struct envelope nobody;
    struct question q = {.snapshot = &snap, .envelope = &nobody, .id = "4ABC"};
    log_set_level(SETTINGS_LOG_ERROR);
    snap.settings = *DEFAULTS;
    CHECK(c, answer_message(&q, &mta) == ACTION_ACCEPT, "not accepted");
    snap.settings = *SETTINGS("on_error=tempfail");
    CHECK(c, answer_message(&q, &mta) == ACTION_TEMPFAIL, "not deferred");
    CHECK(c, r.len == 0, "the server was told %s", r.log);
}

/* The acts of a server that makes so many calls, on a message with these fields. */
static bool acts(struct recorder *r, int calls, struct act *a, const char *const *fields)
{
    static struct field_set set;
    struct mta mta = server(r, calls);
    struct mail *m = open_mail("{body}");
    for (; *fields; fields += 2)
        mail_header(m, fields[0], fields[1]);
    set = (struct field_set){.n = 1, .field = {{.name = "X-Spam-Status", .value = "Yes"}}};
    a->mail = m;
    a->fields = &set;
    bool ok = act_carry_out(a, &mta);
    mail_free(m);
    return ok;
}

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void subject_gets_a_word_whatever_it_is(struct check *c)
{
    static char lengthy[MAIL_SUBJECT_MAX + 200];
    static struct envelope nobody;
    struct recorder r;
    struct act a = {
        .action = ACTION_SUBJECT, .settings = SETTINGS("subject_tag=[S]"), .envelope = &nobody};
    acts(&r, 100, &a, FIELDS("Subject", "buy\n now"));
    CHECK(c, strcmp(r.log, "insert X-Spam-Status 0\nchange Subject 1\n") == 0, "got %s", r.log);
    CHECK(c, strcmp(r.value, "[S] buy\n now") == 0, "got %s", r.value);
    acts(&r, 100, &a, FIELDS("From", "a@b.c"));
    CHECK(c, strstr(r.log, "insert Subject") && strcmp(r.value, "[S]") == 0, "got %s", r.log);
    acts(&r, 100, &a, FIELDS("subject", "one", "Subject", "two", "SUBJECT", "three"));
    CHECK(c, strstr(r.log, "remove Subject 3\nremove Subject 2\nchange Subject 1\n"), "got %s",
          r.log);
    CHECK(c, strcmp(r.value, "[S] one") == 0, "got %s", r.value);
    memset(lengthy, 'w', sizeof lengthy - 1);
    lengthy[1000] = ' ';
    acts(&r, 100, &a, FIELDS("Subject", lengthy));
    CHECK(c, strlen(r.value) == 5 + 1000 && strncmp(r.value, "[S]\n www", 8) == 0, "got %s",
          r.value);
    CHECK(c, !acts(&r, 1, &a, FIELDS("Subject", "x")), "a server that hung up was not noticed");
}

static void redirected_mail_names_whom_it_was_for(struct check *c)
{
    struct recorder r;
    struct envelope e = {.n_recipients = 0};
    struct act a = {.action = ACTION_REDIRECT,
                    .settings = SETTINGS("redirect_to=junk@example.org"),
                    .envelope = &e};
    envelope_begin(&e, "<s@example.net>", false);
    envelope_add_recipient(&e, "<ann@example.org>");
    envelope_add_recipient(&e, "bob@example.org");
    CHECK(c, acts(&r, 100, &a, FIELDS("X-Spam-Orig-To", "forged")), "failed");
    CHECK(c,
          strcmp(r.log, "delete <ann@example.org> 0\ndelete bob@example.org 0\n"
                        "add <junk@example.org> 0\nremove X-Spam-Orig-To 1\n"
                        "insert X-Spam-Orig-To 0\ninsert X-Spam-Status 0\n") == 0,
          "got %s", r.log);
    CHECK(c,
          a.fields->n == 2 &&
              strcmp(a.fields->field[1].value, "ann@example.org, bob@example.org") == 0,
          "got %s", a.fields->field[1].value);
    for (int calls = 0; calls < 6; calls++)
        CHECK(c, !acts(&r, calls, &a, FIELDS("X-Spam-Orig-To", "x")), "%d calls did", calls);
    envelope_end(&e);
}

static void action_that_the_server_does_not_offer_becomes_a_mark(struct check *c)
{
    struct recorder r;
    struct mta mta = server(&r, 100);
    struct envelope e = {.n_recipients = 0};
    CHECK(c, act_possible(ACTION_REDIRECT, &mta, &e) == ACTION_REDIRECT, "no redirect");
    CHECK(c, act_possible(ACTION_QUARANTINE, &mta, &e) == ACTION_QUARANTINE, "no quarantine");
    for (size_t i = 0; i < ENVELOPE_RECIPIENTS + 1; i++)
        envelope_add_recipient(&e, "<a@example.org>");
    CHECK(c, act_possible(ACTION_REDIRECT, &mta, &e) == ACTION_MARK, "lost a recipient");
    envelope_end(&e);
    CHECK(c, act_possible(ACTION_REDIRECT, &mta, &e) == ACTION_REDIRECT, "remembered the last one");
    mta.quarantine = NULL;
    mta.delete_recipient = NULL;
    CHECK(c, act_possible(ACTION_QUARANTINE, &mta, &e) == ACTION_MARK, "not offered");
    CHECK(c, act_possible(ACTION_REDIRECT, &mta, &e) == ACTION_MARK, "not offered");
    CHECK(c, act_possible(ACTION_REJECT, &mta, &e) == ACTION_REJECT, "always offered");
}

static void refusal_has_its_lines_with_percent_signs_doubled(struct check *c)
{
    static struct envelope nobody;
    struct recorder r;
    struct act a = {.action = ACTION_REJECT,
                    .settings = DEFAULTS,
                    .envelope = &nobody,
                    .reply = {554, "5.7.9", "99.5% spam%\nask %postmaster\n"}};
    CHECK(c, acts(&r, 100, &a, FIELDS("X-Spam-Flag", "NO")), "failed");
    CHECK(c, strcmp(r.log, "reply 554 2\n") == 0, "got %s", r.log);
    CHECK(c, strcmp(r.value, "5.7.9|99.5%% spam%%|ask %%postmaster") == 0, "got %s", r.value);
    a.action = ACTION_DISCARD;
    CHECK(c, acts(&r, 0, &a, FIELDS("X-Spam-Flag", "NO")), "discarding needs no words");
    a.action = ACTION_TEMPFAIL;
    a.reply.text = NULL;
    CHECK(c, acts(&r, 0, &a, FIELDS("X-Spam-Flag", "NO")), "a failure has no words of its own");
}

static void pieces_make_a_message_without_its_forged_fields(struct check *c)
{
    struct mail *m = open_mail("{subject}|{body}");
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
    struct mail *m = open_mail("{subject}|{body}");
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
    struct mail *m = open_mail("{body}");
    const char *utf8;
    size_t n;
    char chunk[600];
    memset(chunk, 'a', sizeof chunk);
    mail_end_of_header(m);
    mail_body(m, chunk, sizeof chunk);
    CHECK(c, !mail_full(m), "full after 600 of 1024 bytes");
    mail_body(m, chunk, sizeof chunk);
    CHECK(c, mail_full(m), "not full after 1200 of 1024 bytes");
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

static void subject_and_the_one_from_are_kept(struct check *c)
{
    static const struct {
        const char *one, *two, *want;
    } cases[] = {{"Ann <ann@Example.org>", NULL, "ann@example.org"},
                 {"a@b.c", "a@b.c", ""},
                 {"a@b.c, d@e.f", NULL, ""},
                 {"nobody", NULL, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mail *m = open_mail("{body}");
        mail_header(m, "FROM", cases[i].one);
        if (cases[i].two)
            mail_header(m, "from", cases[i].two);
        mail_header(m, "subject", "first");
        mail_header(m, "Subject", "second");
        CHECK(c, strcmp(mail_from(m), cases[i].want) == 0, "case %zu: %s", i, mail_from(m));
        CHECK(c, mail_subjects(m) == 2 && strcmp(mail_subject(m), "first") == 0, "%s",
              mail_subject(m));
        mail_free(m);
    }
}

static void long_mail_is_read_from_both_ends(struct check *c)
{
    struct mail *m = mail_open(SETTINGS("max_message=1024", "max_tail=1000"), wording(), "{body}");
    const char *utf8;
    size_t n;
    mail_header(m, "Subject", "s");
    mail_body(m, "at the beginning\r\n", 18);
    for (int i = 0; i < 1000; i++)
        mail_body(m, "some words that say nothing\r\n", 29);
    CHECK(c, !mail_full(m), "the end is not wanted");
    mail_body(m, "at the end\r\n", 12);
    CHECK(c, mail_finish(m, &utf8, &n, NULL) == BOLTER_OK && mail_truncated(m), "not truncated");
    CHECK(c, strstr(utf8, "at the beginning\n") && strstr(utf8, "nothing\nat the end") && n < 2100,
          "got %s", utf8);
    mail_free(m);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(threshold_is_the_models_unless_one_is_set),
        CASE(strongest_level_that_is_reached_is_the_action),
        CASE(level_counts_only_for_spam),
        CASE(nothing_is_refused_before_the_threshold_is_proven),
        CASE(proof_counts_for_its_threshold_and_those_above),
        CASE(degraded_verdict_gets_the_next_milder_level),
        CASE(mildest_action_and_highest_threshold_hold_for_several_recipients),
        CASE(no_failure_of_ours_destroys_mail),
        CASE(subject_gets_a_word_whatever_it_is),
        CASE(redirected_mail_names_whom_it_was_for),
        CASE(action_that_the_server_does_not_offer_becomes_a_mark),
        CASE(refusal_has_its_lines_with_percent_signs_doubled),
        CASE(subject_and_the_one_from_are_kept),
        CASE(long_mail_is_read_from_both_ends),
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
