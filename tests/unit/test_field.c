/*
 * test_field.c - header fields of a verdict. The model is a stand-in with one label, so that a
 * label can be anything.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "milter/field.h"
#include "tests/check.h"

static const char *label_now = "ham";

const char *bolter_model_label(const bolter_model *m, int32_t i)
{
    (void)m;
    return i == 0 ? label_now : NULL;
}

static struct field_set set;
static struct style style; /* the usual wording, unless a case changes it */

static const char *value(const char *name)
{
    for (size_t i = 0; i < set.n; i++)
        if (strcmp(set.field[i].name, name) == 0)
            return set.field[i].value;
    return "(absent)";
}

static void format(bolter_class decision, double score, double threshold)
{
    bolter_verdict v = {.decision = decision,
                        .spam = (float)score,
                        .n_tokens = 87,
                        .compute_ms = 11.6,
                        .model_id = "0123456789abcdef"};
    style_default(&style);
    field_format(&set, &style, &(struct field_facts){.verdict = &v, .required = threshold});
}

#define WANT(c, name, want)                                                                        \
    CHECK(c, strcmp(value(name), want) == 0, "%s: got \"%s\", want \"%s\"", name, value(name), want)

static void spam_gets_flag_and_yes(struct check *c)
{
    label_now = "spam";
    format(BOLTER_SPAM, 0.99812, 0.97);
    WANT(c, "X-Spam-Flag", "YES");
    WANT(c, "X-Spam-Status",
         "Yes, score=0.9981 required=0.9700 tests=BOLTER_SPAM\n\tversion=0.1.0");
    WANT(c, "X-Spam-Score", "0.9981");
    WANT(c, "X-Spam-Level", "*********");
    WANT(c, "X-Bolter",
         "label=spam, model=0123456789abcdef, tokens=87, ms=12, truncated=0,\n\tdegraded=0");
}

static void ham_gets_no_and_no_flag(struct check *c)
{
    label_now = "ham";
    format(BOLTER_HAM, 0.00211, 0.97);
    WANT(c, "X-Spam-Flag", "(absent)");
    WANT(c, "X-Spam-Status", "No, score=0.0021 required=0.9700 tests=BOLTER_HAM\n\tversion=0.1.0");
    WANT(c, "X-Spam-Level", "(absent)");
}

static void unsure_gets_no_and_its_own_test(struct check *c)
{
    label_now = "spam";
    format(BOLTER_UNSURE, 0.6, 0.97);
    WANT(c, "X-Spam-Flag", "(absent)");
    WANT(c, "X-Spam-Status",
         "No, score=0.6000 required=0.9700 tests=BOLTER_UNSURE\n\tversion=0.1.0");
    WANT(c, "X-Spam-Level", "***");
}

static void stars_of_spam_are_5_to_10_and_of_others_0_to_4(struct check *c)
{
    static const double thresholds[] = {0, 0.0001, 0.5, 0.97, 0.9999, 1};
    for (size_t t = 0; t < sizeof thresholds / sizeof *thresholds; t++) {
        for (int i = 0; i <= 1000; i++) {
            double score = i / 1000.0;
            bool spam = score >= thresholds[t];
            format(spam ? BOLTER_SPAM : BOLTER_HAM, score, thresholds[t]);
            const char *level = value("X-Spam-Level");
            size_t n = *level == '*' ? strlen(level) : 0;
            CHECK(c, spam ? n >= 5 && n <= 10 : n <= 4, "%zu stars for %g of %g", n, score,
                  thresholds[t]);
        }
    }
}

static void level_ends_are_exact(struct check *c)
{
    format(BOLTER_SPAM, 1, 0.97);
    WANT(c, "X-Spam-Level", "**********");
    format(BOLTER_SPAM, 0.9701, 0.97);
    WANT(c, "X-Spam-Level", "*****");
    format(BOLTER_UNSURE, 0.9699, 0.97);
    WANT(c, "X-Spam-Level", "****");
}

static void score_below_threshold_never_prints_as_the_threshold(struct check *c)
{
    format(BOLTER_UNSURE, 0.96999, 0.97);
    WANT(c, "X-Spam-Score", "0.9699");
    format(BOLTER_SPAM, 0.97, 0.97);
    WANT(c, "X-Spam-Score", "0.9700");
}

static void no_number_prints_as_zero(struct check *c)
{
    format(BOLTER_HAM, NAN, 0.97);
    WANT(c, "X-Spam-Score", "0.0000");
    format(BOLTER_SPAM, 7, 0.97);
    WANT(c, "X-Spam-Score", "1.0000");
}

static void what_was_not_read_and_queue_time_are_told(struct check *c)
{
    label_now = "ham";
    bolter_verdict v = {.truncated = true, .queue_ms = 100, .compute_ms = 20, .n_tokens = 1024};
    style_default(&style);
    field_format(&set, &style, &(struct field_facts){.verdict = &v, .required = 0.97});
    WANT(c, "X-Bolter", "label=ham, model=, tokens=1024, ms=120, truncated=1, degraded=0");
    v.degraded = true;
    field_format(&set, &style, &(struct field_facts){.verdict = &v, .required = 0.97});
    WANT(c, "X-Bolter", "label=ham, model=, tokens=1024, ms=120, truncated=1, degraded=1");
}

static bool has_yes(const char *s)
{
    for (; *s; s++)
        if (tolower((unsigned char)s[0]) == 'y' && tolower((unsigned char)s[1]) == 'e' &&
            tolower((unsigned char)s[2]) == 's')
            return true;
    return false;
}

static void no_label_brings_yes_into_a_field_about_ham(struct check *c)
{
    static const char *const labels[] = {"yes", "YES", "eyes", "yesyes", "yyes", "YeSyEs", "y yes"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        label_now = labels[i];
        for (bolter_class d = BOLTER_HAM; d <= BOLTER_UNSURE; d++) {
            format(d, 0.3, 0.97);
            for (size_t k = 0; k < set.n; k++)
                CHECK(c, !has_yes(set.field[k].value), "%s: %s", set.field[k].name,
                      set.field[k].value);
        }
    }
    format(BOLTER_SPAM, 0.99, 0.97);
    CHECK(c, has_yes(value("X-Spam-Flag")), "spam lost its flag");
}

static void hostile_label_stays_one_word(struct check *c)
{
    label_now = "a\r\nX-Evil: 1, b=\xc3\xa9%n\t;";
    format(BOLTER_HAM, 0.3, 0.97);
    WANT(c, "X-Bolter",
         "label=a__X-Evil__1__b____n__, model=0123456789abcdef, tokens=87,\n\tms=12, "
         "truncated=0, degraded=0");
    label_now = NULL;
    format(BOLTER_HAM, 0.3, 0.97);
    WANT(c, "X-Bolter",
         "label=, model=0123456789abcdef, tokens=87, ms=12, truncated=0,\n\tdegraded=0");
}

/* Columns of a line with the tab of a fold counted to column 8. */
static void check_lines(struct check *c, const struct field *f)
{
    size_t column = strlen(f->name) + 2;
    for (const char *p = f->value; *p; p++) {
        CHECK(c, (*p >= 0x20 && *p < 0x7f) || *p == '\n' || *p == '\t', "byte %d", *p);
        if (*p == '\n') {
            CHECK(c, p[1] == '\t', "a fold without a tab: %s", f->value);
            column = 0;
        } else {
            column = *p == '\t' ? 8 : column + 1;
        }
        CHECK(c, column < 78, "%zu columns: %s", column, f->value);
    }
}

static void every_line_is_ascii_and_below_78_columns(struct check *c)
{
    char label[300];
    memset(label, 'l', sizeof label - 1);
    label[sizeof label - 1] = 0;
    label_now = label;
    bolter_verdict v = {
        .truncated = true, .compute_ms = 1e9, .n_tokens = SIZE_MAX, .model_id = "0123456789abcdef"};
    for (bolter_class d = BOLTER_HAM; d <= BOLTER_SPAM; d++) {
        v.decision = d;
        field_format(&set, &style, &(struct field_facts){.verdict = &v, .required = 0.97});
        for (size_t i = 0; i < set.n; i++)
            check_lines(c, &set.field[i]);
    }
    CHECK(c, strstr(value("X-Bolter"), "truncated=1"), "got %s", value("X-Bolter"));
}

static void names_of_ours_are_known_in_any_case(struct check *c)
{
    static const struct {
        const char *name;
        bool ours;
    } rows[] = {
        {"X-Spam-Flag", true},
        {"x-spam-status", true},
        {"X-SPAM-CHECKER-VERSION", true},
        {"X-Spam-Flag ", true},
        {"X-Bolter", true},
        {"x-bolter-Debug", true},
        {"X-Spam", false},
        {"X-Spamd-Bar", false},
        {"X-Bolt", false},
        {"XX-Spam-Flag", false},
        {"", false},
        {"Subject", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(c, field_is_ours(rows[i].name, strlen(rows[i].name)) == rows[i].ours, "%s",
              rows[i].name);
    CHECK(c, !field_is_ours("X-Spam-Flag", 6), "read past the name");
}

/* A style whose setting has this value, or what is wrong with it. */
static const char *style_fault(const char *assignment, const char *second)
{
    static struct settings s;
    static bolter_error err;
    err = (bolter_error){0};
    settings_default(&s);
    settings_set(&s, assignment, NULL);
    if (second)
        settings_set(&s, second, NULL);
    return style_of(&style, &s, &err) == BOLTER_OK ? "" : err.text;
}

static void wording_of_the_settings_is_used(struct check *c)
{
    bolter_verdict v = {.decision = BOLTER_UNSURE, .spam = 0.5f, .model_id = "m"};
    const struct field_facts f = {.verdict = &v, .required = 0.97};
    CHECK(c, *style_fault("field_status=X-Junk:  {class}/{score}{required} n={tokens}", NULL) == 0,
          "refused");
    field_format(&set, &style, &f);
    WANT(c, "X-Junk", "unsure/0.50000.9700 n=0");
    WANT(c, "X-Spam-Status", "(absent)");
    WANT(c, "X-Spam-Score", "0.5000");
    CHECK(c, *style_fault("field_status=", "field_score=") == 0, "refused");
    field_format(&set, &style, &f);
    CHECK(c, set.n == 2, "%zu fields, want level and info", set.n);
    v.decision = BOLTER_SPAM;
    field_format(&set, &style, &(struct field_facts){.verdict = &v, .denied = true});
    CHECK(c, *style_fault("field_status=X-Junk: {verdict}, {test}", NULL) == 0, "refused");
    field_format(&set, &style, &(struct field_facts){.verdict = &v, .denied = true});
    WANT(c, "X-Junk", "Yes, BOLTER_DENIED");
}

static void wording_that_would_do_harm_is_refused(struct check *c)
{
    static const struct {
        const char *set, *second, *want;
    } cases[] = {
        {"field_flag=Subject: spam", NULL, "field_flag: got 'Subject: spam', expected a name of 3"},
        {"field_flag=X-Flag", NULL, "expected NAME: TEXT"},
        {"field_flag=X-Flag:", NULL, "expected a text behind the colon"},
        {"field_flag=X Flag: YES", NULL, "expected a name"},
        {"field_flag=X-Fl ag: YES", NULL, "expected a name without blanks"},
        {"field_score=X-eYeS: {score}", NULL, "could be taken for a verdict"},
        {"field_score=X-Score: {points}", NULL, "unknown placeholder"},
        {"field_score=X-Score: caf\xc3\xa9", NULL, "expected printable ASCII"},
        {"field_score=X-Score: a\nSubject: b", NULL, "expected printable ASCII"},
        {"field_score=x-spam-FLAG: {score}", NULL, "a field above has this name"},
        {"keep_fields=X-A x-spam-flag", NULL, "keep_fields has this name"},
        {"keep_fields=X-Spam-Flag", "field_flag=X-Flag: YES", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = style_fault(cases[i].set, cases[i].second);
        CHECK(c, *cases[i].want ? strstr(got, cases[i].want) != NULL : *got == 0, "%s: got '%s'",
              cases[i].set, got);
    }
}

static void names_that_are_written_are_ours_and_those_to_keep_are_not(struct check *c)
{
    style_fault("keep_fields=X-Spam-Report, x-spam-checker-version", "field_flag=X-Junk: YES");
    static const struct {
        const char *name;
        bool ours;
    } rows[] = {{"x-junk", true},         {"X-Junk-Flag", false},
                {"X-Spam-Flag", true},    {"X-SPAM-REPORT", false},
                {"X-Spam-Reports", true}, {"X-Spam-Checker-Version", false},
                {"Subject", false},       {"X-Spam-Repor", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(c, style_owns(&style, rows[i].name) == rows[i].ours, "%s", rows[i].name);
}

/* Even a postmaster's wording, an explanation and a recipient are bounded, ASCII and folded. */
static void foreign_text_cannot_break_a_field(struct check *c)
{
    static char wide[SETTINGS_TEXT_MAX], address[2000];
    static bolter_piece pieces[9];
    char *recipients[40];
    snprintf(wide, sizeof wide, "field_info=X-Wide:");
    for (size_t n = strlen(wide); n + 8 < 300; n += 8)
        snprintf(wide + n, sizeof wide - n, "%s", "{label}y");
    CHECK(c, *style_fault(wide, NULL) == 0, "refused");
    label_now = "yes-a-label-as-long-as-they-can-be-es-yes-yes-yes";
    memset(address, 'a', sizeof address - 1);
    for (size_t i = 0; i < 40; i++)
        recipients[i] = address;
    for (size_t i = 0; i < 9; i++) {
        pieces[i].weight = i % 2 ? -1e9f : 3.214f;
        memset(pieces[i].text, i == 0 ? '\xe9' : '"', BOLTER_PIECE_TEXT);
        memcpy(pieces[i].text + 9, " YES\\\t\x01 ", 9);
    }
    bolter_verdict v = {.decision = BOLTER_HAM};
    field_format(&set, &style, &(struct field_facts){.verdict = &v});
    field_explain(&set, pieces, 9, false);
    field_orig_to(&set, recipients, 40);
    for (size_t i = 0; i < set.n; i++) {
        size_t line = strlen(set.field[i].name) + 2;
        for (const char *p = set.field[i].value; *p; p++) {
            line = *p == '\n' ? 0 : line + 1;
            CHECK(c, (*p >= ' ' && *p <= '~') || *p == '\n' || *p == '\t', "byte %d", *p);
            CHECK(c, line < 998 && (*p != '\n' || p[1] == '\t'), "%s", set.field[i].value);
        }
        CHECK(c, !has_yes(set.field[i].value), "%s", set.field[i].value);
    }
    CHECK(c,
          strncmp(value("X-Bolter-Explain"), "+3.21", 5) == 0 &&
              strchr(value("X-Bolter-Explain"), '?'),
          "got %s", value("X-Bolter-Explain"));
}

static void explanation_shows_the_first_pieces_signed(struct check *c)
{
    const bolter_piece pieces[] = {
        {.weight = 7.356f, .text = "Win \"now\""},
        {.weight = -0.404f, .text = "kind regards"},
        {.weight = 0.001f, .text = "the"},
        {.weight = 0, .text = "fourth"}};
    set = (struct field_set){0};
    field_explain(&set, pieces, 0, true);
    CHECK(c, set.n == 0, "an explanation of nothing");
    field_explain(&set, pieces, 4, true);
    WANT(c, "X-Bolter-Explain", "+7.36 \"Win 'now'\"; -0.40 \"kind regards\"; +0.00 \"the\"");
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(spam_gets_flag_and_yes),
        CASE(ham_gets_no_and_no_flag),
        CASE(unsure_gets_no_and_its_own_test),
        CASE(stars_of_spam_are_5_to_10_and_of_others_0_to_4),
        CASE(level_ends_are_exact),
        CASE(score_below_threshold_never_prints_as_the_threshold),
        CASE(no_number_prints_as_zero),
        CASE(what_was_not_read_and_queue_time_are_told),
        CASE(no_label_brings_yes_into_a_field_about_ham),
        CASE(hostile_label_stays_one_word),
        CASE(every_line_is_ascii_and_below_78_columns),
        CASE(names_of_ours_are_known_in_any_case),
        CASE(wording_of_the_settings_is_used),
        CASE(wording_that_would_do_harm_is_refused),
        CASE(names_that_are_written_are_ours_and_those_to_keep_are_not),
        CASE(foreign_text_cannot_break_a_field),
        CASE(explanation_shows_the_first_pieces_signed),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
