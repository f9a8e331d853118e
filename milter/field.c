/*
 * field.c - format the header fields of a verdict, and know the names that only we may write.
 *
 * Every value is built as words joined by single spaces; put_word() folds between words, so that no
 * line grows past FOLD_AT. Numbers are printed from integers: no locale can turn the point into a
 * comma.
 */
#include "milter/field.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLD_AT     78 /* RFC 5322, 2.1.1: a line should stay below */
#define LABEL_MAX   48 /* bytes of a label that are shown; a longer word could not be folded */
#define SCORE_UNIT  10000L
#define SPAM_STARS  5
#define MOST_STARS  10
#define PIECE_SHOWN 40 /* bytes of a piece of text that are shown */

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

/* Append a word, or nothing where it does not fit any more. */
static void put_word(struct line *l, const char *word)
{
    size_t n = strlen(word);
    const char *gap = l->len == 0 ? "" : l->column + 1 + n >= FOLD_AT ? "\n\t" : " ";
    size_t room = sizeof l->field->value - l->len;
    if (n == 0 || strlen(gap) + n >= room)
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

bool field_says_yes(const char *text, size_t n)
{
    for (size_t i = 0; i + 3 <= n; i++)
        if (starts_with(text + i, n - i, "yes"))
            return true;
    return false;
}

/* Many filters search a whole field for "yes": where that is no verdict, the word is broken. */
static void break_yes(char *text)
{
    for (size_t n = strlen(text), i = 0; i + 3 <= n; i++)
        if (starts_with(text + i, n - i, "yes"))
            text[i + 1] = '_';
}

static bool label_char(char c)
{
    char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* A label comes from a model directory and may hold anything; what could end a word becomes '_'. */
static void copy_label(char *out, size_t cap, const char *label)
{
    size_t n = 0;
    for (; label && label[n] && n < LABEL_MAX && n + 1 < cap; n++)
        out[n] = label_char(label[n]) ? label[n] : '_';
    out[n] = 0;
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

static const char *test_name(const struct field_facts *f)
{
    static const char *const names[] = {[BOLTER_HAM] = "BOLTER_HAM",
                                        [BOLTER_UNSURE] = "BOLTER_UNSURE",
                                        [BOLTER_SPAM] = "BOLTER_SPAM"};
    return f->denied ? "BOLTER_DENIED" : names[f->verdict->decision];
}

static void write_units(char *out, size_t cap, long u)
{
    snprintf(out, cap, "%ld.%04ld", u / SCORE_UNIT, u % SCORE_UNIT);
}

/* The text of a placeholder. */
static void write_value(char *out, size_t cap, enum style_value which, const struct field_facts *f)
{
    const bolter_verdict *v = f->verdict;
    bool spam = v->decision == BOLTER_SPAM;
    long required = units(f->required), score = shown_score(v, required);
    switch (which) {
    case STYLE_V_VERDICT:
        snprintf(out, cap, "%s", spam ? "Yes" : "No");
        break;
    case STYLE_V_CLASS:
        snprintf(out, cap, "%s", bolter_class_name(v->decision));
        break;
    case STYLE_V_TEST:
        snprintf(out, cap, "%s", test_name(f));
        break;
    case STYLE_V_SCORE:
        write_units(out, cap, score);
        break;
    case STYLE_V_REQUIRED:
        write_units(out, cap, required);
        break;
    case STYLE_V_STARS:
        snprintf(out, cap, "%.*s", stars(spam, score, required), "**********");
        break;
    case STYLE_V_LABEL:
        copy_label(out, cap, bolter_model_label(f->model, v->label));
        break;
    case STYLE_V_MODEL:
        snprintf(out, cap, "%.16s", v->model_id);
        break;
    case STYLE_V_TOKENS:
        snprintf(out, cap, "%zu", v->n_tokens);
        break;
    case STYLE_V_MS:
        snprintf(out, cap, "%ld", lround(v->queue_ms + v->compute_ms));
        break;
    case STYLE_V_TRUNCATED:
        snprintf(out, cap, "%d", v->truncated);
        break;
    case STYLE_V_DEGRADED:
        snprintf(out, cap, "%d", v->degraded);
        break;
    case STYLE_V_VERSION:
        snprintf(out, cap, "%s", bolter_version());
        break;
    case STYLE_VALUES:
        break;
    }
}

/* The first word of a template, filled in; the template behind it. */
static const char *fill_word(char *word, size_t cap, const char *text, const struct field_facts *f)
{
    size_t len = 0, n;
    word[0] = 0;
    for (; *text && *text != ' '; text += n) {
        int which = *text == '{' ? style_placeholder(text, &n) : -1;
        if (which < 0) {
            n = 1;
            snprintf(word + len, cap - len, "%c", *text);
        } else {
            write_value(word + len, cap - len, (enum style_value)which, f);
        }
        len = strlen(word);
    }
    return text + strspn(text, " ");
}

static void format_field(struct field_set *out, const struct style *style, enum style_field i,
                         const struct field_facts *f)
{
    char word[FIELD_VALUE_MAX];
    const char *text = style->field[i].text;
    struct line l = begin(out, style->field[i].name);
    while (*text) {
        text = fill_word(word, sizeof word, text, f);
        put_word(&l, word);
    }
    if (f->verdict->decision != BOLTER_SPAM)
        break_yes(l.field->value);
    /* An empty field, such as one of no stars, says nothing, and some software dislikes it. */
    if (l.len == 0)
        out->n--;
}

void field_format(struct field_set *out, const struct style *style, const struct field_facts *f)
{
    *out = (struct field_set){0};
    for (enum style_field i = 0; i < STYLE_FIELDS; i++)
        if (style->field[i].name[0] && (i != STYLE_FLAG || f->verdict->decision == BOLTER_SPAM))
            format_field(out, style, i, f);
}

/* Put what others wrote in words of printable ASCII; what could end a quoted string becomes "'". */
static void put_foreign(struct line *l, const char *text, size_t n, const char *before,
                        const char *after)
{
    char word[FIELD_VALUE_MAX];
    size_t len = (size_t)snprintf(word, sizeof word, "%s", before);
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        bool blank = (unsigned char)c <= ' ';
        if (blank) {
            if (len > 0)
                put_word(l, word);
            len = 0;
        } else if (len + strlen(after) + 1 < sizeof word) {
            word[len++] = c == '"' || c == '\\' ? '\'' : c > '~' || (c & 0x80) ? '?' : c;
        }
        word[len] = 0;
    }
    snprintf(word + len, sizeof word - len, "%s", after);
    put_word(l, word);
}

void field_explain(struct field_set *out, const bolter_piece *pieces, size_t n, bool spam)
{
    if (n == 0)
        return;
    n = n < FIELD_PIECES ? n : FIELD_PIECES;
    struct line l = begin(out, "X-Bolter-Explain");
    for (size_t i = 0; i < n; i++) {
        char weight[32];
        long hundredths = lround((double)pieces[i].weight * 100);
        size_t shown = strnlen(pieces[i].text, PIECE_SHOWN);
        snprintf(weight, sizeof weight, "%c%ld.%02ld", hundredths < 0 ? '-' : '+',
                 labs(hundredths) / 100, labs(hundredths) % 100);
        put_word(&l, weight);
        put_foreign(&l, pieces[i].text, shown, "\"", i + 1 < n ? "\";" : "\"");
    }
    if (!spam)
        break_yes(l.field->value);
}

void field_orig_to(struct field_set *out, char *const *recipients, size_t n)
{
    struct line l = begin(out, "X-Spam-Orig-To");
    for (size_t i = 0; i < n && l.len + 400 < FIELD_VALUE_MAX; i++) {
        const char *r = recipients[i];
        size_t len = strnlen(r, 350), bracket = *r == '<' && len > 1 && r[len - 1] == '>';
        put_foreign(&l, r + bracket, len - 2 * bracket, "", i + 1 < n ? "," : "");
    }
}
