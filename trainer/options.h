/*
 * options.h - long options of a subcommand as a table: parsing and --help come from the same rows, so
 * that the help shows every option with its default.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
    OPTION_FLAG,   /* bool: present or not */
    OPTION_STRING, /* const char * */
    OPTION_WORD,   /* const char *: one of words */
    OPTION_SIZE,   /* size_t: digits */
    OPTION_REAL,   /* double */
    OPTION_SHARE,  /* double from 0 to 1, as 0.001 or 0.1% */
    OPTION_CALL,   /* calls back with the value, if it has one; may be given again */
    OPTION_HEADING /* only a line of the help */
};

struct option_row {
    const char *name;  /* without dashes */
    char letter;       /* short form, or 0 */
    enum option_kind kind;
    void *to;          /* where the value goes; for OPTION_CALL the argument of call */
    double min, max;   /* of numbers */
    const char *value; /* its name in the help */
    const char *help;
    bool (*call)(void *to, const char *name, const char *value);
    const char *words; /* of OPTION_WORD, with ", " between; the help ends in them */
};

/* Rows of a table. NAME without dashes, LETTER or 0, the value's NAME in the help. */
#define FLAG(name, letter, to, help)                                                               \
    {name, letter, OPTION_FLAG, to, 0, 0, NULL, help, NULL, NULL}
#define STRING(name, letter, to, value, help)                                                      \
    {name, letter, OPTION_STRING, to, 0, 0, value, help, NULL, NULL}
#define WORD(name, letter, to, value, help, words)                                                 \
    {name, letter, OPTION_WORD, to, 0, 0, value, help, NULL, words}
#define SIZE(name, letter, to, min, max, value, help)                                              \
    {name, letter, OPTION_SIZE, to, min, max, value, help, NULL, NULL}
#define REAL(name, letter, to, min, max, value, help)                                              \
    {name, letter, OPTION_REAL, to, min, max, value, help, NULL, NULL}
#define SHARE(name, letter, to, min, max, value, help)                                             \
    {name, letter, OPTION_SHARE, to, min, max, value, help, NULL, NULL}
#define CALL(name, letter, call, to, value, help)                                                  \
    {name, letter, OPTION_CALL, to, 0, 0, value, help, call, NULL}
#define HEADING(help)                                                                              \
    {NULL, 0, OPTION_HEADING, NULL, 0, 0, NULL, help, NULL, NULL}

/* Words that several options take. */
#define DTYPES     "float32, float16, bfloat16, int8"
#define PRECISIONS "auto, float32, bfloat16, int8"
#define POSITIONS  "last, first, mean"
#define SCHEDULES  "constant, linear, cosine, stable"

/*
 * Parse argv[1..] (argv[0] is the subcommand). Operands follow the options. Returns the index of the
 * first operand; or -1 after --help was printed, -2 after an error was.
 */
int options_parse(int argc, char **argv, const struct option_row *rows, size_t n, const char *usage);

/* Which of words, with ", " between, value is: 0 is the first; -1 for none. */
int option_word(const char *words, const char *value);

/* "bolter-train: " and a formatted line on standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
