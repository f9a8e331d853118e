/*
 * settings.h - the configuration of bolter-milter: a plain value made from settings.def.
 *
 * Start with settings_default(), add a file with settings_load() and single values with
 * settings_set(), then settings_check(). After a failure the settings are partly changed: throw
 * them away.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bolter.h"

#define SETTINGS_TEXT_MAX 1023

/* Values of on_error, on_timeout, on_overload, on_unscorable; log_level; log_to; log_format. */
enum { SETTINGS_ACCEPT, SETTINGS_TAG, SETTINGS_TEMPFAIL };
enum { SETTINGS_LOG_ERROR, SETTINGS_LOG_WARNING, SETTINGS_LOG_INFO, SETTINGS_LOG_DEBUG };
enum { SETTINGS_LOG_AUTO, SETTINGS_LOG_SYSLOG, SETTINGS_LOG_STDERR };
enum { SETTINGS_LOG_TEXT, SETTINGS_LOG_JSON };

/* Values of authenticated, local, accepted, from the mildest; of reject_to_tag; of explain. */
enum { SETTINGS_SKIP, SETTINGS_SCORE, SETTINGS_FULL };
enum { SETTINGS_NO, SETTINGS_YES, SETTINGS_AUTO };

/* One value of denied; lines of an SMTP answer. */
enum { SETTINGS_DENIED_REDIRECT = 3 };
#define SETTINGS_REPLY_LINES 8

/* Values of a LEVEL that are no probability: below and above all of them. */
#define SETTINGS_MODEL (-1.0)
#define SETTINGS_NEVER 2.0

/* Defaults that the command bolter uses as well, which reads no settings. See milter/style.h. */
#define SETTINGS_FIELD_FLAG "X-Spam-Flag: YES"
#define SETTINGS_FIELD_STATUS                                                                      \
    "X-Spam-Status: {verdict}, score={score} required={required} tests={test} version={version}"
#define SETTINGS_FIELD_SCORE "X-Spam-Score: {score}"
#define SETTINGS_FIELD_LEVEL "X-Spam-Level: {stars}"
#define SETTINGS_FIELD_INFO                                                                        \
    "X-Bolter: label={label}, model={model}, tokens={tokens}, ms={ms}, truncated={truncated}, "    \
    "degraded={degraded}"

struct settings {
#define TEXT(name, fallback, min, max, unit, help)   char name[SETTINGS_TEXT_MAX + 1];
#define NUMBER(name, fallback, min, max, unit, help) int64_t name;
#define REAL(name, fallback, min, max, unit, help)   double name;
#define MODE(name, fallback, min, max, unit, help)   int64_t name;
#define CHOICE(name, fallback, min, max, unit, help) int64_t name;
#define LEVEL(name, fallback, min, max, unit, help)  double name;
#include "conf/settings.def"
#undef TEXT
#undef NUMBER
#undef REAL
#undef MODE
#undef CHOICE
#undef LEVEL
};

void settings_default(struct settings *s);
/*
 * Read a file in libconfig's format over s. E_IO, E_LIMIT (over 1 MiB), E_FORMAT naming file, line,
 * setting and what was expected.
 */
bolter_status settings_load(struct settings *s, const char *path, bolter_error *err);
/* One "NAME=VALUE", as on the command line. E_FORMAT. */
bolter_status settings_set(struct settings *s, const char *assignment, bolter_error *err);
/* Rules that no single row can state. E_FORMAT. */
bolter_status settings_check(const struct settings *s, bolter_error *err);
/* The effective settings, as a file that settings_load() reads. */
void settings_print(const struct settings *s, FILE *out);
/* A list for --help: name, default, range, meaning. */
void settings_help(FILE *out);
/* A value of kind LEVEL from text; false if it is none. */
bool settings_level(const char *text, double *out);
/* A value of kind CHOICE: the place of text among words such as "accept|tempfail"; false if none. */
bool settings_choice(const char *text, const char *words, int64_t *out);
/* Row i of the table, for documentation and tests; false past the end. */
bool settings_row(size_t i, const char **name, const char **fallback);

#endif
