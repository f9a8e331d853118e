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
    field_format(&set, &v, NULL, threshold);
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
    WANT(c, "X-Bolter", "label=spam, model=0123456789abcdef, tokens=87, ms=12");
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

static void truncated_and_queue_time_are_told(struct check *c)
{
    label_now = "ham";
    bolter_verdict v = {.truncated = true, .queue_ms = 100, .compute_ms = 20, .n_tokens = 1024};
    field_format(&set, &v, NULL, 0.97);
    WANT(c, "X-Bolter", "label=ham, model=, tokens=1024, ms=120, truncated=1");
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
         "label=a__X-Evil__1__b____n__, model=0123456789abcdef, tokens=87,\n\tms=12");
    label_now = NULL;
    format(BOLTER_HAM, 0.3, 0.97);
    WANT(c, "X-Bolter", "label=, model=0123456789abcdef, tokens=87, ms=12");
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
        field_format(&set, &v, NULL, 0.97);
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
        CASE(truncated_and_queue_time_are_told),
        CASE(no_label_brings_yes_into_a_field_about_ham),
        CASE(hostile_label_stays_one_word),
        CASE(every_line_is_ascii_and_below_78_columns),
        CASE(names_of_ours_are_known_in_any_case),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
