/*
 * field.c - format the header fields of a verdict, and know the names that only we may write.
 *
 * Every value is built as words joined by single spaces; put() folds between words, so that no line
 * grows past FOLD_AT. Numbers are printed from integers: no locale can turn the point into a comma.
 */
#include "milter/field.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FOLD_AT    78 /* RFC 5322, 2.1.1: a line should stay below */
#define LABEL_MAX  48 /* bytes of a label that are shown; a longer word could not be folded */
#define SCORE_UNIT 10000L
#define SPAM_STARS 5
#define MOST_STARS 10

/* A value under construction: where the current line stands, counted from the field's name. */
struct line {
    struct field *field;
    size_t len, column;
};

static struct line begin(struct field_set *set, const char *name)
{
    struct field *f = &set->field[set->n++];
    f->name = name;
    f->value[0] = 0;
    return (struct line){.field = f, .column = strlen(name) + 2};
}

static void put(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Append a word; the values are short by construction, and one that were not would be cut. */
static void put(struct line *l, const char *fmt, ...)
{
    char word[LABEL_MAX + 32];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(word, sizeof word, fmt, ap);
    va_end(ap);
    size_t n = strlen(word);
    const char *gap = l->len == 0 ? "" : l->column + 1 + n >= FOLD_AT ? "\n\t" : " ";
    size_t room = sizeof l->field->value - l->len;
    if (strlen(gap) + n >= room)
        return;
    l->len += (size_t)snprintf(l->field->value + l->len, room, "%s%s", gap, word);
    l->column = *gap == '\n' ? 8 + n : l->column + strlen(gap) + n;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool starts_with(const char *s, size_t n, const char *prefix)
{
    for (size_t i = 0; prefix[i]; i++)
        if (i >= n || lower(s[i]) != prefix[i])
            return false;
    return true;
}

bool field_is_ours(const char *name, size_t n)
{
    return starts_with(name, n, "x-spam-") || starts_with(name, n, "x-bolter");
}

static bool label_char(char c)
{
    char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/*
 * A label comes from a model directory and may hold anything; what could end a word becomes '_'.
 * Many filters search the whole field for "yes", so outside spam that word is broken as well.
 */
static void copy_label(char out[LABEL_MAX + 1], const char *label, bool spam)
{
    size_t n = 0;
    for (; label && label[n] && n < LABEL_MAX; n++)
        out[n] = label_char(label[n]) ? label[n] : '_';
    out[n] = 0;
    for (size_t i = 0; !spam && i + 3 <= n; i++)
        if (starts_with(out + i, n - i, "yes"))
            out[i + 1] = '_';
}

/* A probability in ten-thousandths; whatever is no number between 0 and 1 is moved there. */
static long units(double p)
{
    if (!(p > 0))
        return 0;
    return p < 1 ? lround(p * (double)SCORE_UNIT) : SCORE_UNIT;
}

/* Rounding must not lift a score below the threshold up to it: the reader compares the two. */
static long shown_score(const bolter_verdict *v, long required)
{
    long score = units((double)v->spam);
    if (v->decision != BOLTER_SPAM && score >= required && required > 0)
        return required - 1;
    return score;
}

/*
 * Stars: for spam 5 at the threshold up to 10 at certainty, for other mail 0 up to 4 just below the
 * threshold, each linear in the score.
 *     spam    5 + floor(5 * (score - required) / (1 - required))
 *     other   floor(5 * score / required)
 */
static int stars(bool spam, long score, long required)
{
    if (!spam)
        return score < required ? (int)(SPAM_STARS * score / required) : SPAM_STARS - 1;
    if (score >= SCORE_UNIT || required >= SCORE_UNIT)
        return MOST_STARS;
    if (score < required)
        return SPAM_STARS;
    return SPAM_STARS + (int)(SPAM_STARS * (score - required) / (SCORE_UNIT - required));
}

static const char *test_name(bolter_class decision)
{
    switch (decision) {
    case BOLTER_SPAM:
        return "BOLTER_SPAM";
    case BOLTER_UNSURE:
        return "BOLTER_UNSURE";
    case BOLTER_HAM:
        break;
    }
    return "BOLTER_HAM";
}

static void put_units(struct line *l, const char *key, long u)
{
    put(l, "%s%ld.%04ld", key, u / SCORE_UNIT, u % SCORE_UNIT);
}

static void format_status(struct field_set *out, bolter_class decision, long score, long required)
{
    struct line l = begin(out, "X-Spam-Status");
    put(&l, "%s,", decision == BOLTER_SPAM ? "Yes" : "No");
    put_units(&l, "score=", score);
    put_units(&l, "required=", required);
    put(&l, "tests=%s", test_name(decision));
    put(&l, "version=%s", bolter_version());
}

static void format_bolter(struct field_set *out, const bolter_verdict *v, const bolter_model *m)
{
    char label[LABEL_MAX + 1];
    copy_label(label, bolter_model_label(m, v->label), v->decision == BOLTER_SPAM);
    struct line l = begin(out, "X-Bolter");
    put(&l, "label=%s,", label);
    put(&l, "model=%.16s,", v->model_id);
    put(&l, "tokens=%zu,", v->n_tokens);
    put(&l, "ms=%ld%s", lround(v->queue_ms + v->compute_ms), v->truncated ? "," : "");
    if (v->truncated)
        put(&l, "truncated=1%s", v->degraded ? "," : "");
    if (v->degraded) /* then it is also truncated */
        put(&l, "degraded=1");
}

void field_format(struct field_set *out, const bolter_verdict *v, const bolter_model *m,
                  double spam_threshold)
{
    bool spam = v->decision == BOLTER_SPAM;
    long required = units(spam_threshold);
    long score = shown_score(v, required);
    *out = (struct field_set){0};
    if (spam) {
        struct line flag = begin(out, "X-Spam-Flag");
        put(&flag, "YES");
    }
    format_status(out, v->decision, score, required);
    struct line number = begin(out, "X-Spam-Score");
    put_units(&number, "", score);
    int n = stars(spam, score, required);
    if (n > 0) { /* an empty field would say nothing, and some software dislikes it */
        struct line level = begin(out, "X-Spam-Level");
        put(&level, "%.*s", n, "**********");
    }
    format_bolter(out, v, m);
}
