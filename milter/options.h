/*
 * options.h - the command line of bolter-milter, and the settings it leads to.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "conf/settings.h"

enum options_result { OPTIONS_GO, OPTIONS_DONE, OPTIONS_WRONG, OPTIONS_FAILED };

struct options {
    char *config; /* absolute where it exists */
    bool config_given, foreground, check, print, reload;
    const char **set; /* each NAME=VALUE, in order; borrowed from the command line */
    int n_set;
};

/* DONE: --help or --version was answered. WRONG (usage), FAILED: reported on standard error. */
enum options_result options_parse(struct options *o, int argc, char **argv);
void options_free(struct options *o);
/*
 * Defaults, file, --set, in this order, then the check. A default file that is not there is no
 * error. Used at the start and at every reload.
 */
bolter_status options_settings(const struct options *o, struct settings *s, bolter_error *err);

#endif
