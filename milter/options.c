/* options.c - getopt_long and the order of precedence of settings. */
#include "milter/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CONFIG BOLTER_SYSCONFDIR "/bolter/bolter.conf"

enum { OPT_SET = 256, OPT_PRINT, OPT_RELOAD, OPT_HELP, OPT_VERSION };

static void help(void)
{
    printf(
        "Usage: bolter-milter [OPTION]...\n"
        "Classify mail for Postfix or Sendmail and mark it in its header.\n\n"
        "  -c, --config=FILE      read settings from FILE (default %s)\n"
        "  -f, --foreground       stay in the foreground, log to standard error (default: no)\n"
        "  -n, --check            check settings, load the model, classify one built-in message\n"
        "      --set NAME=VALUE   a setting; wins over the file; may be repeated\n"
        "      --print-settings   print the effective settings\n"
        "      --reload           check the settings, then have the running daemon read them again\n"
        "      --help             print this\n"
        "      --version          print the version\n\n"
        "SIGUSR1 reloads settings and model, SIGTERM stops.\n\n"
        "Settings and their defaults:\n",
        DEFAULT_CONFIG);
    settings_help(stdout);
}

static enum options_result finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return OPTIONS_DONE;
    fprintf(stderr, "bolter-milter: cannot write to standard output: %s\n", strerror(errno));
    return OPTIONS_FAILED;
}

static enum options_result usage(void)
{
    fprintf(stderr, "Try 'bolter-milter --help'.\n");
    return OPTIONS_WRONG;
}

static enum options_result take(struct options *o, int option)
{
    switch (option) {
    case 'c':
        free(o->config);
        o->config = strdup(optarg);
        o->config_given = true;
        return OPTIONS_GO;
    case 'f':
        o->foreground = true;
        return OPTIONS_GO;
    case 'n':
        o->check = true;
        return OPTIONS_GO;
    case OPT_SET:
        o->set[o->n_set++] = optarg;
        return OPTIONS_GO;
    case OPT_PRINT:
        o->print = true;
        return OPTIONS_GO;
    case OPT_RELOAD:
        o->reload = true;
        return OPTIONS_GO;
    case OPT_HELP:
        help();
        return finish_output();
    case OPT_VERSION:
        printf("bolter-milter (bolter) %s\n", bolter_version());
        return finish_output();
    default:
        return usage();
    }
}

/* A daemon changes its directory, and a reload must find the same file. */
static bool make_absolute(struct options *o)
{
    char *full = realpath(o->config, NULL);
    if (!full)
        return o->config != NULL;
    free(o->config);
    o->config = full;
    return true;
}

enum options_result options_parse(struct options *o, int argc, char **argv)
{
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
                                          {"foreground", no_argument, NULL, 'f'},
                                          {"check", no_argument, NULL, 'n'},
                                          {"set", required_argument, NULL, OPT_SET},
                                          {"print-settings", no_argument, NULL, OPT_PRINT},
                                          {"reload", no_argument, NULL, OPT_RELOAD},
                                          {"help", no_argument, NULL, OPT_HELP},
                                          {"version", no_argument, NULL, OPT_VERSION},
                                          {NULL, 0, NULL, 0}};
    *o = (struct options){.config = strdup(DEFAULT_CONFIG),
                          .set = calloc((size_t)argc, sizeof *o->set)};
    int option;
    while (o->config && o->set && (option = getopt_long(argc, argv, "c:fn", longs, NULL)) != -1) {
        enum options_result r = take(o, option);
        if (r != OPTIONS_GO)
            return r;
    }
    if (!o->config || !o->set || !make_absolute(o)) {
        fprintf(stderr, "bolter-milter: no memory\n");
        return OPTIONS_FAILED;
    }
    if (optind < argc) {
        fprintf(stderr, "bolter-milter: unexpected operand '%s'\n", argv[optind]);
        return usage();
    }
    return OPTIONS_GO;
}

void options_free(struct options *o)
{
    free(o->config);
    free(o->set);
}

bolter_status options_settings(const struct options *o, struct settings *s, bolter_error *err)
{
    bolter_status status = BOLTER_OK;
    settings_default(s);
    if (o->config_given || access(o->config, F_OK) == 0)
        status = settings_load(s, o->config, err);
    for (int i = 0; i < o->n_set && status == BOLTER_OK; i++)
        status = settings_set(s, o->set[i], err);
    return status == BOLTER_OK ? settings_check(s, err) : status;
}
