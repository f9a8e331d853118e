/* test_features.c - what the wide part of a model reads: traits of mail, and hashed features. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "bolter.h"
#include "tests/check.h"

static bolter_text *open_text(bool arriving)
{
    bolter_text *t;
    const bolter_text_options o = {.arriving = arriving};
    if (bolter_text_open(&t, &o, NULL) != BOLTER_OK)
        exit(99);
    return t;
}

/* The traits of a mail, owned by t. */
static const char *traits_of(bolter_text *t, const char *mail)
{
    const char *utf8;
    size_t n;
    bolter_text_reset(t);
    bolter_text_chunk(t, mail, strlen(mail), NULL);
    bolter_text_finish(t, &utf8, &n, NULL);
    return bolter_text_traits(t);
}

static bool has_line(const char *traits, const char *line)
{
    size_t n = strlen(line);
    for (const char *at = traits; (at = strstr(at, line)); at++)
        if ((at == traits || at[-1] == '\n') && at[n] == '\n')
            return true;
    return false;
}

/* ---- Traits ---- */

static const char mail[] = "Received: from a.example.net (b [192.0.2.1])\n"
                           "\tby mx.example.org with ESMTP id XYZ1\n"
                           "\tfor <me@example.org>; Tue, 20 Aug 2002 10:00:00\n"
                           "From: \"Prize Desk\" <win@offers.example.com>\n"
                           "To: me@example.org, you@example.org\n"
                           "Date: Tue, 20 Aug 2002 10:00:00 +0200\n"
                           "Message-Id: <0042.Ab@host.example.com>\n"
                           "X-Mailer: Bulk 3.1\n"
                           "Content-Type: text/html; charset=us-ascii\n"
                           "\n"
                           "<p><font color=red>Win</font> <a href=\"http://10.0.0.1/x\">here</a>\n";

static void a_header_gives_words_names_and_their_order(struct check *c)
{
    static const char *const want[] = {
        "from:offers.example.com", "from:prize",      "to-n:2",        "date-zone:+0200",
        "date-day:right",          "id-shape:<00.Aa@aa.aa.aa>", "x-mailer:bulk", "x-mailer:3.1",
        "h:Message-Id",            "o:to>date",       "type:text",     "hops:1"};
    bolter_text *t = open_text(false);
    const char *traits = traits_of(t, mail);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        CHECK(c, has_line(traits, want[i]), "no \"%s\" in\n%s", want[i], traits);
    CHECK(c, !strstr(traits, "2002"), "the year is a trait:\n%s", traits);
    bolter_text_free(t);
}

static void markup_and_links_are_traits(struct check *c)
{
    static const char *const want[] = {"tag:font", "attribute:color=red", "link:number",
                                       "host:10.0.0.1", "part:text", "links:1"};
    bolter_text *t = open_text(false);
    const char *traits = traits_of(t, mail);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        CHECK(c, has_line(traits, want[i]), "no \"%s\" in\n%s", want[i], traits);
    bolter_text_free(t);
}

static void a_wrong_day_of_the_week_is_seen(struct check *c)
{
    static const struct {
        const char *date, *want;
    } cases[] = {{"Thu, 29 Feb 2024 00:00:00 +0000", "date-day:right"},
                 {"Fri, 29 Feb 2024 00:00:00 +0000", "date-day:wrong"},
                 {"Sat, 1 Jan 2000 00:00:00 GMT", "date-day:right"},
                 {"Mon,  1 Jan 1900 00:00:00 GMT", "date-day:right"},
                 {"29 Feb 2024 00:00:00 +0000", "date-day:none"},
                 {"Thu,", "date-day:wrong"}};
    bolter_text *t = open_text(false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, "Date: %s\n\nx\n", cases[i].date);
        CHECK(c, has_line(traits_of(t, text), cases[i].want), "%s: want %s in\n%s", cases[i].date,
              cases[i].want, bolter_text_traits(t));
    }
    bolter_text_free(t);
}

static void what_the_receiving_site_adds_is_not_read(struct check *c)
{
    char stored[4096], plain[2048];
    bolter_text *a = open_text(false), *b = open_text(false);
    snprintf(plain, sizeof plain, "%s", mail);
    snprintf(stored, sizeof stored,
             "Return-Path: <x@y.example>\nDelivered-To: me@example.org\nX-Spam-Status: Yes\n"
             "X-Bogosity: Spam\nX-Bolter: label=spam\nAuthentication-Results: mx\nStatus: RO\n%s",
             mail);
    CHECK(c, strcmp(traits_of(a, plain), traits_of(b, stored)) == 0, "%s\n-- and --\n%s",
          bolter_text_traits(a), bolter_text_traits(b));
    bolter_text_free(a);
    bolter_text_free(b);
}

/* A milter gets mail before the Received field of its server, with CRLF; an archive holds it after. */
static void arriving_mail_and_stored_mail_have_the_same_traits(struct check *c)
{
    char arriving[4096];
    size_t n = 0;
    for (const char *s = strstr(mail, "From:"); *s; s++) {
        if (*s == '\n')
            arriving[n++] = '\r';
        arriving[n++] = *s;
    }
    arriving[n] = 0;
    bolter_text *a = open_text(true), *b = open_text(false);
    bolter_features f, g;
    CHECK(c, strcmp(traits_of(a, arriving), traits_of(b, mail)) == 0, "%s\n-- and --\n%s",
          bolter_text_traits(a), bolter_text_traits(b));
    bolter_text_features(a, &f, NULL);
    bolter_text_features(b, &g, NULL);
    CHECK(c, f.n == g.n && memcmp(f.bucket, g.bucket, f.n * sizeof *f.bucket) == 0 &&
                 memcmp(f.value, g.value, f.n * sizeof *f.value) == 0,
          "%zu and %zu features", f.n, g.n);
    bolter_text_free(a);
    bolter_text_free(b);
}

/* ---- Features ---- */

/* The twin: every gram is written down, then looked for among all that came before. */
struct list {
    uint32_t bucket[2000];
    double count[2000];
    size_t n;
};

static void note(struct list *l, const char *gram, size_t n, char group)
{
    uint64_t h = (bt_hash(gram, n) ^ bt_hash(&group, 1)) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t bucket = (uint32_t)(h >> 44);
    size_t i = 0;
    while (i < l->n && l->bucket[i] != bucket)
        i++;
    if (i == l->n) {
        l->bucket[l->n] = bucket;
        l->count[l->n++] = 0;
    }
    l->count[i]++;
}

/* words: of small letters and digits with one blank before, between and after. */
static void note_words(struct list *l, const char *words, char group)
{
    for (int pair = 0; pair < 2; pair++)
        for (const char *s = words; s[1]; s += 1 + strcspn(s + 1, " ")) {
            char zeros[64];
            size_t n = strcspn(s + 1, " ");
            if (pair && !s[2 + n])
                break;
            n += pair ? 1 + strcspn(s + 2 + n, " ") : 0;
            note(l, s + 1, n, group);
            for (size_t i = 0; i < n; i++)
                zeros[i] = s[1 + i] >= '0' && s[1 + i] <= '9' ? '0' : s[1 + i];
            if (strcspn(s + 1, "0123456789") < n)
                note(l, zeros, n, group);
        }
}

static void note_chars(struct list *l, const char *words, char group)
{
    for (const char *s = words; s[1]; s += 1 + strcspn(s + 1, " ")) {
        size_t len = strcspn(s + 1, " ") + 2;
        for (size_t n = 3; n <= 5; n++)
            for (size_t i = 0; i + n <= len; i++)
                note(l, s + i, n, group);
    }
}

static void compare(struct check *c, const struct list *l, const bolter_features *f, size_t from,
                    double length)
{
    double squares = 0;
    for (size_t i = 0; i < l->n; i++)
        squares += pow(1 + log(l->count[i]), 2);
    for (size_t i = 0; i < l->n && from + i < f->n; i++) {
        double want = length * (1 + log(l->count[i])) / sqrt(squares);
        CHECK(c, f->bucket[from + i] == l->bucket[i], "entry %zu: bucket %u, want %u", from + i,
              f->bucket[from + i], l->bucket[i]);
        CHECK(c, fabs((double)f->value[from + i] - want) < 1e-6, "entry %zu: %g, want %g", from + i,
              (double)f->value[from + i], want);
    }
}

static void features_are_those_of_a_naive_count(struct check *c)
{
    static const char text[] = "Subject: Win 42\n\nCall 0800 now, now or x: WIN 0800 win";
    static const char body[] = " call 0800 now now or x win 0800 win ";
    static struct list words, chars, subject;
    bolter_text *t = open_text(false);
    bolter_features f;
    const char *utf8;
    size_t n;
    words.n = chars.n = subject.n = 0;
    note_words(&words, body, 'w');
    note_chars(&chars, " call 0800 now, now or x: win 0800 win ", 'c');
    note_words(&subject, " win 42 ", 's');
    note_chars(&subject, " win 42 ", 's');
    bolter_text_plain(t, text, strlen(text), &utf8, &n, NULL);
    bolter_text_features(t, &f, NULL);
    CHECK(c, f.n == words.n + chars.n + subject.n, "%zu features, want %zu + %zu + %zu", f.n, words.n,
          chars.n, subject.n);
    compare(c, &words, &f, 0, 1);
    compare(c, &chars, &f, words.n, 1);
    compare(c, &subject, &f, words.n + chars.n, 0.5);
    bolter_text_free(t);
}

static void any_bytes_have_features_in_range(struct check *c)
{
    bt_rng rng = {.seed = 7};
    bolter_text *t = open_text(false);
    static char bytes[60000];
    static const char marks[] = " <>=:/\"'\n@.ab0";
    static const char start[] = "A: b\nContent-Type: text/html\n\n<";
    memcpy(bytes, start, sizeof start - 1);
    for (int round = 0; round < 40; round++) {
        bolter_features f;
        const char *utf8;
        size_t n, len = (size_t)bt_rng_below(&rng, sizeof bytes), kept = round % 2 ? sizeof start - 1 : 0;
        for (size_t i = kept; i < len; i++)
            bytes[i] = round % 4 < 2 ? (char)bt_rng_u64(&rng) : marks[bt_rng_below(&rng, 14)];
        bolter_text_reset(t);
        bolter_text_chunk(t, bytes, len, NULL);
        bolter_text_finish(t, &utf8, &n, NULL);
        CHECK(c, bolter_text_features(t, &f, NULL) == BOLTER_OK, "round %d", round);
        for (size_t i = 0; i < f.n; i++)
            CHECK(c, f.bucket[i] < BOLTER_BUCKETS && f.value[i] > 0 && f.value[i] <= 2,
                  "round %d: bucket %u, value %g", round, f.bucket[i], (double)f.value[i]);
    }
    bolter_text_free(t);
}

static void no_text_has_no_features(struct check *c)
{
    bolter_text *t = open_text(false);
    bolter_features f;
    const char *utf8;
    size_t n;
    bolter_text_plain(t, "", 0, &utf8, &n, NULL);
    CHECK(c, bolter_text_features(t, &f, NULL) == BOLTER_OK && f.n == 0, "%zu features", f.n);
    bolter_text_free(t);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(a_header_gives_words_names_and_their_order),
        CASE(markup_and_links_are_traits),
        CASE(a_wrong_day_of_the_week_is_seen),
        CASE(what_the_receiving_site_adds_is_not_read),
        CASE(arriving_mail_and_stored_mail_have_the_same_traits),
        CASE(features_are_those_of_a_naive_count),
        CASE(any_bytes_have_features_in_range),
        CASE(no_text_has_no_features),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
