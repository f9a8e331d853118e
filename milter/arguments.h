/* arguments.h - the command line of bolter. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "milter/operand.h"
#include "milter/output.h"

#define ARGUMENTS_TIMEOUT_S     120
#define ARGUMENTS_TIMEOUT_S_MAX 86400

struct arguments {
    const char *model_dir;
    const char *precision; /* of the model's arithmetic, as bolter_open_options has it */
    const char *socket; /* of a daemon to ask; NULL: none */
    enum output_format format;
    enum operand_kind kind;
    bool passthrough, exit_verdict, explain;
    unsigned timeout_s;
    bool help, version;
    char *const *paths;
    size_t n_paths;
};

/*
 * Read the command line, to its end also behind a wrong option: with -p somewhere in it the message
 * must not be lost. False if an option is wrong or does not fit another; said on standard error.
 */
bool arguments_parse(struct arguments *a, int argc, char **argv);
/* --help */
void arguments_help(void);

#endif
