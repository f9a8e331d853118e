/* arguments.c - one table of options serves both getopt_long() and --help. */
#include "milter/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "milter/complain.h"

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)
#define TIMEOUT    TEXT(ARGUMENTS_TIMEOUT_S)

static const struct option_row {
    char letter;
    const char *name, *argument, *help;
} option_rows[] = {
    {'m', "model", "DIR", "model directory (default: $BOLTER_MODEL, else " BOLTER_MODELDIR ")"},
    {'P', "precision", "TYPE", "auto, float32, bfloat16 or int8 arithmetic (default: auto)"},
    {'S', "socket", "SPEC", "ask the bolter-milter at unix:PATH (default: load the model)"},
    {'p', "passthrough", NULL, "write the message, marked, to standard output (default: off)"},
    {'e', "exit-verdict", NULL, "with -p: the exit status is the verdict (default: off)"},
    {'t', "terse", NULL, "write lines like \"S 0.998123\" (default: off)"},
    {'j', "json", NULL, "write one JSON object a message (default: off)"},
    {'s', "timeout", "SECONDS", "with -p: longest wait for the verdict (default: " TIMEOUT ")"},
    {'w', "explain", NULL, "tell what moved the score most (default: off)"},
    {'q', "quiet", NULL, "write nothing; the exit status tells (default: off)"},
    {'x', "text", NULL, "the input is plain text, not mail (default: off)"},
    {'l', "lines", NULL, "the input is plain text, one a line (default: off)"},
    {'h', "help", NULL, "show this help"},
    {'V', "version", NULL, "show the version"},
};
enum { N_OPTIONS = sizeof option_rows / sizeof *option_rows };

void arguments_help(void)
{
    puts("Usage: bolter [-m DIR] [OPTION]... [FILE | MBOX | MAILDIR | DIRECTORY]...\n"
         "Tell spam from ham. Without operands, one message is read from standard input.\n");
    for (int i = 0; i < N_OPTIONS; i++) {
        const struct option_row *r = &option_rows[i];
        char left[40];
        snprintf(left, sizeof left, "-%c, --%s%s%s", r->letter, r->name, r->argument ? " " : "",
                 r->argument ? r->argument : "");
        printf("  %-25s %s\n", left, r->help);
    }
    puts("\nExit status of one message: 0 spam, 1 ham, 2 unsure, 3 error; of several: 0, or 3 if\n"
         "any failed. With -p: 0, or 75 and the message unmarked on any trouble.");
}

static const struct option_row *row_of(int letter)
{
    for (int i = 0; i < N_OPTIONS; i++)
        if (option_rows[i].letter == letter)
            return &option_rows[i];
    return NULL;
}

/* getopt's own messages would begin with the path of the program. */
static void complain_of_option(char **argv)
{
    const struct option_row *known = row_of(optopt);
    if (known)
        complain("option --%s (-%c) %s; see bolter --help", known->name, known->letter,
                 known->argument ? "needs an argument" : "takes no argument");
    else if (optopt > 0x20 && optopt < 0x7f)
        complain("unknown option -%c; see bolter --help", optopt);
    else
        complain("unknown option %s; see bolter --help", argv[optind - 1]);
}

static bool take_timeout(struct arguments *a)
{
    char *end;
    errno = 0;
    long n = strtol(optarg, &end, 10);
    if (errno != 0 || end == optarg || *end || n < 1 || n > ARGUMENTS_TIMEOUT_S_MAX) {
        complain("--timeout %s: expected 1 to %d seconds", optarg, ARGUMENTS_TIMEOUT_S_MAX);
        return false;
    }
    a->timeout_s = (unsigned)n;
    return true;
}

static bool take_option(struct arguments *a, int letter, char **argv)
{
    switch (letter) {
    case 'm':
        a->model_dir = optarg;
        return true;
    case 'P':
        a->precision = optarg;
        return true;
    case 'S':
        a->socket = optarg;
        return true;
    case 'p':
        return a->passthrough = true;
    case 'e':
        return a->exit_verdict = true;
    case 't':
        a->format = OUTPUT_TERSE;
        return true;
    case 'j':
        a->format = OUTPUT_JSON;
        return true;
    case 'q':
        a->format = OUTPUT_NONE;
        return true;
    case 'w':
        return a->explain = true;
    case 'x':
        a->kind = OPERAND_TEXT;
        return true;
    case 'l':
        a->kind = OPERAND_LINES;
        return true;
    case 'h':
        return a->help = true;
    case 'V':
        return a->version = true;
    case 's':
        return take_timeout(a);
    default:
        complain_of_option(argv);
        return false;
    }
}

/* A sentence about options that do not fit together, or NULL. */
static const char *contradiction(const struct arguments *a)
{
    if (a->exit_verdict && !a->passthrough)
        return "-e belongs to -p; without -p the exit status is the verdict anyway";
    if (a->explain && (a->format == OUTPUT_TERSE || a->format == OUTPUT_NONE))
        return "--explain writes more than -t and -q allow";
    if (a->explain && a->socket)
        return "--explain runs the model here, so --socket does not go with it";
    if (!a->passthrough)
        return NULL;
    if (a->n_paths > 0)
        return "-p reads standard input and takes no operand";
    if (a->format == OUTPUT_TERSE || a->format == OUTPUT_JSON)
        return "-p writes the message, so it cannot write lines too (-t, --json)";
    if (a->kind != OPERAND_MAIL)
        return "-p is for mail, not for plain text (--text, --lines)";
    return NULL;
}

/* The table in the two forms of getopt_long(). */
struct getopt_tables {
    char letters[2 * N_OPTIONS + 2];
    struct option longs[N_OPTIONS + 1];
};

static void fill_tables(struct getopt_tables *t)
{
    *t = (struct getopt_tables){.letters = ":"};
    size_t n = 1;
    for (int i = 0; i < N_OPTIONS; i++) {
        const struct option_row *r = &option_rows[i];
        t->letters[n++] = r->letter;
        if (r->argument)
            t->letters[n++] = ':';
        t->longs[i] = (struct option){r->name, r->argument ? required_argument : no_argument, NULL,
                                      r->letter};
    }
}

bool arguments_parse(struct arguments *a, int argc, char **argv)
{
    const char *dir = getenv("BOLTER_MODEL");
    *a = (struct arguments){.model_dir = dir && *dir ? dir : BOLTER_MODELDIR,
                            .precision = "auto",
                            .timeout_s = ARGUMENTS_TIMEOUT_S};
    struct getopt_tables t;
    fill_tables(&t);
    bool ok = true;
    int letter;
    while ((letter = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1)
        ok = take_option(a, letter, argv) && ok;
    a->paths = argv + optind;
    a->n_paths = (size_t)(argc - optind);
    const char *wrong = contradiction(a);
    if (wrong)
        complain("%s", wrong);
    return ok && !wrong;
}
