/* options.c - a table of long options, over getopt_long(). */
#include "trainer/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROWS 96

void complain(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("bolter-train: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

/* ---- Help ---- */

static void print_default(const struct option_row *r)
{
    switch (r->kind) {
    case OPTION_STRING:
    case OPTION_WORD: {
        const char *s = *(const char **)r->to;
        if (s)
            printf(" [%s]", s);
        break;
    }
    case OPTION_SIZE:
        if ((double)*(size_t *)r->to >= r->min) /* else it has none */
            printf(" [%zu]", *(size_t *)r->to);
        break;
    case OPTION_REAL:
        printf(" [%g]", *(double *)r->to);
        break;
    case OPTION_SHARE:
        printf(" [%g%%]", 100 * *(double *)r->to);
        break;
    case OPTION_FLAG:
    case OPTION_CALL:
    case OPTION_HEADING:
        break;
    }
    putchar('\n');
}

static void print_help(const struct option_row *rows, size_t n, const char *usage)
{
    printf("Usage: bolter-train %s\n", usage);
    for (size_t i = 0; i < n; i++) {
        const struct option_row *r = &rows[i];
        if (r->kind == OPTION_HEADING) {
            printf("\n%s\n", r->help);
            continue;
        }
        char left[64];
        snprintf(left, sizeof left, "%s%c%s --%s%s%s", r->letter ? "-" : " ",
                 r->letter ? r->letter : ' ', r->letter ? "," : " ", r->name, r->value ? " " : "",
                 r->value ? r->value : "");
        printf("  %-30s %s%s%s", left, r->help, r->words ? ": " : "", r->words ? r->words : "");
        print_default(r);
    }
    printf("\n      %-26s %s\n", "--help", "print this and end");
}

/* ---- Values ---- */

static bool bad_value(const struct option_row *r, const char *value)
{
    complain("--%s: \"%s\", expected a number from %g to %g", r->name, value, r->min, r->max);
    return false;
}

static bool take_number(const struct option_row *r, const char *value)
{
    char *end;
    errno = 0;
    double x = strtod(value, &end);
    bool digits = end != value;
    if (r->kind == OPTION_SHARE && digits && *end == '%') {
        x /= 100;
        end++;
    }
    if (errno || !digits || *end || !(x >= r->min && x <= r->max))
        return bad_value(r, value);
    if (r->kind == OPTION_REAL || r->kind == OPTION_SHARE) {
        *(double *)r->to = x;
        return true;
    }
    if (x != floor(x))
        return bad_value(r, value);
    *(size_t *)r->to = (size_t)x;
    return true;
}

int option_word(const char *words, const char *value)
{
    for (int i = 0;; i++) {
        size_t n = strcspn(words, ",");
        if (strlen(value) == n && strncmp(words, value, n) == 0)
            return i;
        if (words[n] == 0)
            return -1;
        words += n + 2;
    }
}

static bool take_word(const struct option_row *r, const char *value)
{
    if (option_word(r->words, value) < 0) {
        complain("--%s: \"%s\", expected one of %s", r->name, value, r->words);
        return false;
    }
    *(const char **)r->to = value;
    return true;
}

static bool take(const struct option_row *r, const char *value)
{
    switch (r->kind) {
    case OPTION_FLAG:
        *(bool *)r->to = true;
        return true;
    case OPTION_STRING:
        *(const char **)r->to = value;
        return true;
    case OPTION_WORD:
        return take_word(r, value);
    case OPTION_SIZE:
    case OPTION_REAL:
    case OPTION_SHARE:
        return take_number(r, value);
    case OPTION_CALL:
        return r->call(r->to, r->name, value);
    case OPTION_HEADING:
        break;
    }
    return false;
}

/* ---- Parsing ---- */

static const struct option_row *by_letter(const struct option_row *rows, size_t n, int letter)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

int options_parse(int argc, char **argv, const struct option_row *rows, size_t n, const char *usage)
{
    struct option longs[MAX_ROWS + 2] = {{0}};
    char shorts[2 * MAX_ROWS + 2] = "";
    size_t n_long = 0, n_short = 0;
    for (size_t i = 0; i < n && i < MAX_ROWS; i++) {
        bool has_value = rows[i].value != NULL;
        if (rows[i].kind == OPTION_HEADING)
            continue;
        longs[n_long++] = (struct option){rows[i].name, has_value, NULL, 256 + (int)i};
        if (rows[i].letter)
            shorts[n_short++] = rows[i].letter;
        if (rows[i].letter && has_value)
            shorts[n_short++] = ':';
    }
    longs[n_long] = (struct option){"help", 0, NULL, 255};
    static char program[] = "bolter-train"; /* what getopt_long() puts before its complaints */
    char *subcommand = argv[0];
    argv[0] = program;
    optind = 1;
    for (int got; (got = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        const struct option_row *r = got >= 256 ? &rows[got - 256] : by_letter(rows, n, got);
        if (got == 255)
            print_help(rows, n, usage);
        if (got == 255 || got == '?' || !r || !take(r, optarg)) {
            argv[0] = subcommand;
            return got == 255 ? -1 : -2;
        }
    }
    argv[0] = subcommand;
    return optind;
}
