/*
 * style.h - how our header fields are named and worded, and which names only we may write.
 *
 * A field is written as in a header, "X-Spam-Score: {score}", with these placeholders:
 *
 *     {verdict}    Yes or No                     {class}      spam, unsure or ham
 *     {test}       BOLTER_SPAM, BOLTER_UNSURE, BOLTER_HAM or BOLTER_DENIED
 *     {score}      probability of spam           {required}   score from which on it is spam
 *     {stars}      zero to ten                   {label}      the model's most probable label
 *     {model}      identity of the model         {tokens}     tokens that it read
 *     {ms}         milliseconds                  {truncated}  1 if the message was longer, else 0
 *     {degraded}   1 if less was read than usual, because many messages waited, else 0
 *     {version}    of bolter
 */
#ifndef STYLE_H
#define STYLE_H

#include <stdbool.h>
#include <stddef.h>

#include "bolter.h"
#include "conf/settings.h"

#define STYLE_NAME_MAX 60
#define STYLE_TEXT_MAX 300

/* In the order in which they stand in the header. */
enum style_field { STYLE_FLAG, STYLE_STATUS, STYLE_SCORE, STYLE_LEVEL, STYLE_INFO, STYLE_FIELDS };

struct style {
    struct {
        char name[STYLE_NAME_MAX + 1]; /* "": the field is not written */
        char text[STYLE_TEXT_MAX + 1];
    } field[STYLE_FIELDS];
    char keep[SETTINGS_TEXT_MAX + 1];
};

/* The wording of the defaults. */
void style_default(struct style *out);
/* That of the settings. E_FORMAT names the setting, what was found, and what was expected. */
bolter_status style_of(struct style *out, const struct settings *s, bolter_error *err);
/*
 * True for a name that only we may write: X-Spam-*, X-Bolter* and those of the fields, in any case,
 * but for the names to keep.
 */
bool style_owns(const struct style *s, const char *name);

/* The placeholders. */
enum style_value {
    STYLE_V_VERDICT,
    STYLE_V_CLASS,
    STYLE_V_TEST,
    STYLE_V_SCORE,
    STYLE_V_REQUIRED,
    STYLE_V_STARS,
    STYLE_V_LABEL,
    STYLE_V_MODEL,
    STYLE_V_TOKENS,
    STYLE_V_MS,
    STYLE_V_TRUNCATED,
    STYLE_V_DEGRADED,
    STYLE_V_VERSION,
    STYLE_VALUES
};

/* The placeholder that begins text, of *n bytes, as an enum style_value; -1: none does. */
int style_placeholder(const char *text, size_t *n);

#endif
