/* test_rules.c - who is who: addresses, networks, lists, recipients, and what they lead to. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "milter/lines.h"
#include "milter/rules.h"
#include "tests/check.h"

static const bolter_model_info model = {.spam_threshold = 0.9, .unsure_threshold = 0.4};
static const bolter_verdict spam = {.spam = 0.97F};

/* A file of the test's directory with this content. */
static const char *file_of(const char *name, const char *content)
{
    static char path[8][512];
    static int next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof *path, "%s/%s", check_tmpdir(), name);
    bt_write_file(p, content, strlen(content), NULL);
    return p;
}

/* ---- Addresses and networks ---- */

static void from_field_gives_its_one_address(struct check *c)
{
    static const struct {
        const char *value, *want;
    } cases[] = {
        {"ann@example.org", "ann@example.org"},
        {" Ann Example <Ann@EXAMPLE.org>", "ann@example.org"},
        {"\"a@evil.example, b\" <ann@example.org>", "ann@example.org"},
        {"\"quote \\\" <x@evil.example>\" <ann@example.org>", "ann@example.org"},
        {"(x@evil.example (nested \\) ) ) ann@example.org (Ann)", "ann@example.org"},
        {"=?utf-8?q?x=40evil?=\n <ann@example.org>", "ann@example.org"},
        {"<ann@example.org> <x@evil.example>", ""},
        {"ann@example.org, bob@example.org", ""},
        {"friends: ann@example.org;", ""},
        {"<ann@example.org", ""},
        {"<>", ""},
        {"Ann", ""},
        {"", ""},
        {"\"", ""},
        {"(", ""},
        {"\\", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char got[ADDRESS_MAX + 1];
        bool found = address_of_from(got, cases[i].value);
        CHECK(c, strcmp(got, cases[i].want) == 0 && found == (*cases[i].want != 0), "%s: got '%s'",
              cases[i].value, got);
    }
}

static void envelope_addresses_are_compared_without_brackets_and_case(struct check *c)
{
    static char lengthy[2 * ADDRESS_MAX];
    char got[ADDRESS_MAX + 1];
    address_of_envelope(got, "<Ann@Example.ORG>");
    CHECK(c, strcmp(got, "ann@example.org") == 0, "got %s", got);
    address_of_envelope(got, "ann@example.org");
    CHECK(c, strcmp(got, "ann@example.org") == 0, "got %s", got);
    address_of_envelope(got, "<>");
    CHECK(c, strcmp(got, "") == 0, "got %s", got);
    memset(lengthy, 'a', sizeof lengthy - 1);
    address_of_envelope(got, lengthy);
    CHECK(c, strcmp(got, "?") == 0, "got %s", got);
}

static bool in_network(const char *net, const char *host)
{
    struct network n, h;
    return network_parse(&n, net) && network_parse(&h, host) && network_holds(&n, &h);
}

static void networks_hold_their_hosts(struct check *c)
{
    static const struct {
        const char *net, *host;
        bool want;
    } cases[] = {{"192.0.2.0/24", "192.0.2.255", true},
                 {"192.0.2.0/24", "192.0.3.0", false},
                 {"192.0.2.128/25", "192.0.2.127", false},
                 {"192.0.2.1", "192.0.2.1", true},
                 {"192.0.2.1", "192.0.2.2", false},
                 {"0.0.0.0/0", "203.0.113.9", true},
                 {"0.0.0.0/0", "2001:db8::1", false},
                 {"::/0", "203.0.113.9", true},
                 {"2001:db8::/32", "2001:db8:f::1", true},
                 {"2001:db8::/33", "2001:db8:8000::", false},
                 {"::1", "::1", true},
                 {"::ffff:192.0.2.0/120", "192.0.2.7", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(c, in_network(cases[i].net, cases[i].host) == cases[i].want, "%s and %s",
              cases[i].net, cases[i].host);
}

static void malformed_networks_are_refused(struct check *c)
{
    static const char *const wrong[] = {
        "",           "192.0.2",      "192.0.2.0/33", "192.0.2.1/24", "::/129",
        "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2.0/8x", "example.org",
        "::1/64",     "1.2.3.4/24 "};
    struct network n;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(c, !network_parse(&n, wrong[i]), "took '%s'", wrong[i]);
}

static void socket_addresses_of_both_families_are_known(struct check *c)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr other = {.sa_family = AF_UNIX};
    struct network host, net;
    inet_pton(AF_INET, "192.0.2.9", &four.sin_addr);
    inet_pton(AF_INET6, "::ffff:192.0.2.9", &six.sin6_addr);
    network_parse(&net, "192.0.2.0/24");
    CHECK(c, network_of(&host, (const struct sockaddr *)&four) && network_holds(&net, &host), "v4");
    CHECK(c, network_of(&host, (const struct sockaddr *)&six) && network_holds(&net, &host),
          "v4 within v6");
    CHECK(c, !network_of(&host, &other) && !network_of(&host, NULL), "took another family");
}

/* ---- Lists ---- */

/* An envelope of this sender and client; client NULL: none. */
static struct envelope *envelope_of(const char *sender, const char *client)
{
    static struct envelope e;
    envelope_begin(&e, sender, false);
    e.has_client = client && network_parse(&e.client, client);
    return &e;
}

static void list_knows_senders_from_fields_and_clients(struct check *c)
{
    static const char content[] = "# a comment\n"
                                  "\n"
                                  "  ann@example.org  # the envelope\n"
                                  "plain.example\n"
                                  ".deep.example\r\n"
                                  "from:boss@example.com\n"
                                  "from:.bank.example\n"
                                  "192.0.2.0/24\n"
                                  "2001:db8::/32\n"
                                  "<>";
    static const struct {
        const char *sender, *from, *client;
        bool want;
    } cases[] = {
        {"<Ann@example.org>", "", NULL, true},
        {"<bob@example.org>", "ann@example.org", NULL, false},
        {"<x@plain.example>", "", NULL, true},
        {"<x@sub.plain.example>", "", NULL, false},
        {"<x@deep.example>", "", NULL, true},
        {"<x@a.b.deep.example>", "", NULL, true},
        {"<x@notdeep.example>", "", NULL, false},
        {"<boss@example.com>", "", NULL, false},
        {"<x@example.net>", "boss@example.com", NULL, true},
        {"<x@example.net>", "alerts@mail.bank.example", NULL, true},
        {"<x@example.net>", "", "192.0.2.77", true},
        {"<x@example.net>", "", "2001:db8::7", true},
        {"<x@example.net>", "", "198.51.100.1", false},
        {"<>", "", NULL, true},
        {"<@>", "", NULL, false},
        {"<x@>", "", NULL, false},
    };
    struct list *l = NULL;
    bolter_error err = {0};
    CHECK(c, list_open(&l, file_of("list", content), &err) == BOLTER_OK, "%s", err.text);
    for (size_t i = 0; l && i < sizeof cases / sizeof *cases; i++)
        CHECK(c,
              list_holds(l, envelope_of(cases[i].sender, cases[i].client), cases[i].from) ==
                  cases[i].want,
              "case %zu", i);
    list_close(l);
    CHECK(c, !list_holds(NULL, envelope_of("<ann@example.org>", NULL), ""), "no list held it");
}

static void mistake_in_a_list_names_file_and_line(struct check *c)
{
    static const struct {
        const char *content, *want;
    } cases[] = {{"a@b.c\n@b.c\n", "/list:2: got '@b.c', expected an address"},
                 {"a@b@c", "/list:1: got 'a@b@c'"},
                 {"\n\n192.0.2.1/24", "/list:3: got '192.0.2.1/24'"},
                 {"from:", "/list:1: got 'from:'"},
                 {"two words", "/list:1: got 'two words'"},
                 {"..", "/list:1: got '..'"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct list *l;
        bolter_error err = {0};
        CHECK(c, list_open(&l, file_of("list", cases[i].content), &err) == BOLTER_E_FORMAT && !l,
              "took %s", cases[i].content);
        CHECK(c, strstr(err.text, cases[i].want), "got %s", err.text);
    }
    static char lengthy[LINES_LENGTH_MAX + 100];
    struct list *l;
    bolter_error err = {0};
    memset(lengthy, 'a', sizeof lengthy - 1);
    CHECK(c, list_open(&l, file_of("list", lengthy), &err) == BOLTER_E_LIMIT, "took a long line");
    err = (bolter_error){0};
    CHECK(c, list_open(&l, "/nowhere/list", &err) == BOLTER_E_IO, "no error");
    CHECK(c, strstr(err.text, "/nowhere/list: No such file"), "got %s", err.text);
    CHECK(c, list_open(&l, check_tmpdir(), NULL) == BOLTER_E_IO, "read a directory");
}

/* ---- Recipients ---- */

static struct levels usual(void)
{
    static struct settings s;
    struct levels l;
    settings_default(&s);
    policy_levels(&l, &s);
    return l;
}

static void most_exact_entry_of_a_recipient_counts(struct check *c)
{
    static const char content[] = "example.org\ttag_at=0.5   reject_at=0.9\n"
                                  ".example.org tag_at=0.6\n"
                                  "boss@example.org mode=skip # not hers\n"
                                  "lists.example.org quarantine_at=model unsure_at=never\n";
    const struct levels base = usual();
    struct recipients *r = NULL;
    bolter_error err = {0};
    const struct levels *l;
    CHECK(c, recipients_open(&r, file_of("r", content), &base, &err) == BOLTER_OK, "%s", err.text);
    if (!r)
        return;
    l = recipients_find(r, "<Ann@Example.org>");
    CHECK(c, l && l->at[ACTION_MARK] == 0.5 && l->at[ACTION_REJECT] == 0.9, "the domain");
    CHECK(c, l && l->mode == MODE_FULL && l->at[ACTION_SUBJECT] == SETTINGS_NEVER, "the rest");
    l = recipients_find(r, "<ann@sub.example.org>");
    CHECK(c, l && l->at[ACTION_MARK] == 0.6 && l->at[ACTION_REJECT] == SETTINGS_NEVER, "below it");
    l = recipients_find(r, "<boss@example.org>");
    CHECK(c, l && l->mode == MODE_SKIP && l->at[ACTION_MARK] == SETTINGS_MODEL, "the address");
    l = recipients_find(r, "x@lists.example.org");
    CHECK(c, l && l->at[ACTION_QUARANTINE] == SETTINGS_MODEL && l->unsure_at == SETTINGS_NEVER,
          "the domain below");
    CHECK(c, !recipients_find(r, "<ann@example.com>"), "a stranger");
    CHECK(c, recipients_use(r, ACTION_REJECT) && !recipients_use(r, ACTION_REDIRECT), "uses");
    recipients_close(r);
}

static void mistake_in_a_file_of_recipients_is_named(struct check *c)
{
    static const struct {
        const char *content, *want;
    } cases[] = {
        {"a.example tag_at=2", "/r:1: got 'tag_at=2', expected mode"},
        {"a.example mode=none", "/r:1: got 'mode=none'"},
        {"a.example spam", "/r:1: got 'spam'"},
        {"\na.example tag=0.5", "/r:2: got 'tag=0.5'"},
        {"@a tag_at=0.5", "/r:1: got '@a', expected an address"},
        {"a.example tag_at=1\nA.example tag_at=0.5", "/r: 'a.example' stands there twice"}};
    const struct levels base = usual();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct recipients *r;
        bolter_error err = {0};
        CHECK(c,
              recipients_open(&r, file_of("r", cases[i].content), &base, &err) == BOLTER_E_FORMAT,
              "took %s", cases[i].content);
        CHECK(c, strstr(err.text, cases[i].want), "got %s", err.text);
    }
}

/* ---- What they lead to ---- */

struct setting {
    struct settings s;
    struct rules *rules;
};

static struct setting *rules_with(struct check *c, const char *const *words)
{
    static struct setting x;
    bolter_error err = {0};
    rules_close(x.rules);
    settings_default(&x.s);
    for (; *words; words++)
        settings_set(&x.s, *words, &err);
    CHECK(c, rules_open(&x.rules, &x.s, &err) == BOLTER_OK, "%s", err.text);
    return &x;
}

#define RULES(c, ...) rules_with((c), (const char *const[]){__VA_ARGS__, NULL})

/* "NAME=" and a path in a static buffer. */
static const char *assign(const char *name, const char *path)
{
    static char words[4][600];
    static int next;
    char *w = words[next++ % 4];
    snprintf(w, sizeof *words, "%s=%s", name, path);
    return w;
}

static void mildest_mode_that_applies_counts(struct check *c)
{
    const char *accept = assign("accept_list", file_of("accept", "good.example\n"));
    static const struct {
        const char *sender, *client, *authenticated, *local, *accepted;
        bool login;
        enum mode want;
    } cases[] = {
        {"<a@x.example>", "203.0.113.9", "score", "score", "skip", false, MODE_FULL},
        {"<a@x.example>", "203.0.113.9", "score", "score", "skip", true, MODE_SCORE},
        {"<a@x.example>", "203.0.113.9", "skip", "score", "skip", true, MODE_SKIP},
        {"<a@x.example>", "203.0.113.9", "full", "score", "skip", true, MODE_FULL},
        {"<a@x.example>", "10.1.2.3", "score", "score", "skip", false, MODE_SCORE},
        {"<a@x.example>", "10.1.2.3", "skip", "score", "skip", true, MODE_SKIP},
        {"<a@x.example>", "fd00::5", "score", "skip", "skip", false, MODE_SKIP},
        {"<a@x.example>", NULL, "score", "skip", "skip", false, MODE_FULL},
        {"<a@good.example>", "203.0.113.9", "score", "score", "skip", false, MODE_SKIP},
        {"<a@good.example>", "203.0.113.9", "score", "score", "score", false, MODE_SCORE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char one[40], two[40], three[40];
        snprintf(one, sizeof one, "authenticated=%s", cases[i].authenticated);
        snprintf(two, sizeof two, "local=%s", cases[i].local);
        snprintf(three, sizeof three, "accepted=%s", cases[i].accepted);
        struct setting *x =
            RULES(c, accept, one, two, three, "local_networks=10.0.0.0/8, fd00::/8");
        struct envelope *e = envelope_of(cases[i].sender, cases[i].client);
        e->authenticated = cases[i].login;
        struct standing got = rules_standing(x->rules, &x->s, e, "");
        CHECK(c, got.mode == cases[i].want && !got.denied, "case %zu: mode %d", i, (int)got.mode);
    }
}

static void deny_list_counts_for_nobody_who_is_trusted(struct check *c)
{
    const char *deny = assign("deny_list", file_of("deny", ".bad.example\nfrom:fake.example\n"));
    const char *accept = assign("accept_list", file_of("accept", "ok@bad.example\n"));
    struct setting *x = RULES(c, deny, accept, "accepted=full");
    struct envelope *e = envelope_of("<a@mail.bad.example>", "203.0.113.9");
    CHECK(c, rules_standing(x->rules, &x->s, e, "").denied, "not denied");
    e->authenticated = true;
    CHECK(c, !rules_standing(x->rules, &x->s, e, "").denied, "denied a user of ours");
    e = envelope_of("<ok@bad.example>", "203.0.113.9");
    CHECK(c, !rules_standing(x->rules, &x->s, e, "").denied, "denied what is accepted");
    e = envelope_of("<a@mail.bad.example>", "127.0.0.1");
    CHECK(c, !rules_standing(x->rules, &x->s, e, "").denied, "denied this host");
    e = envelope_of("<a@x.example>", NULL);
    CHECK(c, rules_standing(x->rules, &x->s, e, "a@fake.example").denied, "the From field");
}

static void recipients_decide_together(struct check *c)
{
    const char *file = assign("recipients", file_of("r", "strict.example reject_at=0.9\n"
                                                         "off.example mode=skip\n"
                                                         "slow.example tag_at=0.99\n"));
    static const struct {
        const char *a, *b;
        enum mode mode;
        enum action want, denied;
        double required;
    } cases[] = {
        {"<a@strict.example>", "<b@strict.example>", MODE_FULL, ACTION_REJECT, ACTION_DISCARD, 0.9},
        {"<a@strict.example>", "<b@other.example>", MODE_FULL, ACTION_MARK, ACTION_DISCARD, 0.9},
        {"<a@strict.example>", "<b@off.example>", MODE_FULL, ACTION_MARK, ACTION_MARK, 0.9},
        {"<a@off.example>", "<b@off.example>", MODE_SKIP, ACTION_MARK, ACTION_MARK, 0.9},
        {"<a@strict.example>", "<b@slow.example>", MODE_FULL, ACTION_MARK, ACTION_DISCARD, 0.99},
    };
    struct setting *x = RULES(c, file, "reject_to_tag=no", "denied=discard");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct envelope *e = envelope_of("<s@example.net>", NULL);
        struct ruling r;
        envelope_add_recipient(e, cases[i].a);
        envelope_add_recipient(e, cases[i].b);
        CHECK(c, rules_standing(x->rules, &x->s, e, "").mode == cases[i].mode, "case %zu", i);
        rules_rule(&r, x->rules, &x->s, e, &model, &spam);
        CHECK(c, r.action == cases[i].want && r.required == cases[i].required, "case %zu: %s at %g",
              i, policy_action_name(r.action), r.required);
        rules_deny(&r, x->rules, &x->s, e, &model);
        CHECK(c, r.action == cases[i].denied, "denied %zu: %s", i, policy_action_name(r.action));
    }
    struct envelope *e = envelope_of("<s@example.net>", NULL);
    struct ruling r;
    rules_rule(&r, x->rules, &x->s, e, &model, &spam);
    CHECK(c, r.action == ACTION_MARK && r.required == 0.9, "nobody: %g", r.required);
    envelope_add_recipient(e, "<a@strict.example>");
    e->incomplete = true;
    rules_rule(&r, x->rules, &x->s, e, &model, &spam);
    CHECK(c, r.action == ACTION_MARK, "one who is not known: %s", policy_action_name(r.action));
    envelope_end(e);
}

static void wrong_rules_are_named(struct check *c)
{
    static const struct {
        const char *set, *want;
    } cases[] = {
        {"local_networks=10.0.0.0/8 here", "local_networks: got 'here', expected networks such as"},
        {"local_networks=10.0.0.1/8", "local_networks: got '10.0.0.1/8'"},
        {"accept_list=/nowhere/a", "/nowhere/a: No such file"},
        {"deny_list=/nowhere/d", "/nowhere/d: No such file"},
        {"recipients=/nowhere/r", "/nowhere/r: No such file"},
        {"field_flag=Flag: YES", "field_flag: got 'Flag: YES'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct settings s;
        struct rules *r;
        bolter_error err = {0};
        settings_default(&s);
        settings_set(&s, cases[i].set, NULL);
        CHECK(c, rules_open(&r, &s, &err) != BOLTER_OK && !r, "took %s", cases[i].set);
        CHECK(c, strstr(err.text, cases[i].want), "got %s", err.text);
    }
    static struct settings s;
    struct rules *r;
    bolter_error err = {0};
    settings_default(&s);
    snprintf(s.recipients, sizeof s.recipients, "%s", file_of("r", "a.example redirect_at=0.9\n"));
    CHECK(c, rules_open(&r, &s, &err) == BOLTER_E_FORMAT && strstr(err.text, "redirect_to: got ''"),
          "got %s", err.text);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(from_field_gives_its_one_address),
        CASE(envelope_addresses_are_compared_without_brackets_and_case),
        CASE(networks_hold_their_hosts),
        CASE(malformed_networks_are_refused),
        CASE(socket_addresses_of_both_families_are_known),
        CASE(list_knows_senders_from_fields_and_clients),
        CASE(mistake_in_a_list_names_file_and_line),
        CASE(most_exact_entry_of_a_recipient_counts),
        CASE(mistake_in_a_file_of_recipients_is_named),
        CASE(mildest_mode_that_applies_counts),
        CASE(deny_list_counts_for_nobody_who_is_trusted),
        CASE(recipients_decide_together),
        CASE(wrong_rules_are_named),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
