/* style.c - read the wording of our fields, and know the names that are ours. */
#include "milter/style.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "milter/field.h"

static const char *const settings_names[STYLE_FIELDS] = {[STYLE_FLAG] = "field_flag",
                                                         [STYLE_STATUS] = "field_status",
                                                         [STYLE_SCORE] = "field_score",
                                                         [STYLE_LEVEL] = "field_level",
                                                         [STYLE_INFO] = "field_info"};

static const char *const placeholders[STYLE_VALUES] = {
    [STYLE_V_VERDICT] = "{verdict}",     [STYLE_V_CLASS] = "{class}",
    [STYLE_V_TEST] = "{test}",           [STYLE_V_SCORE] = "{score}",
    [STYLE_V_REQUIRED] = "{required}",   [STYLE_V_STARS] = "{stars}",
    [STYLE_V_LABEL] = "{label}",         [STYLE_V_MODEL] = "{model}",
    [STYLE_V_TOKENS] = "{tokens}",       [STYLE_V_MS] = "{ms}",
    [STYLE_V_TRUNCATED] = "{truncated}", [STYLE_V_DEGRADED] = "{degraded}",
    [STYLE_V_VERSION] = "{version}"};

int style_placeholder(const char *text, size_t *n)
{
    for (int i = 0; i < STYLE_VALUES; i++) {
        *n = strlen(placeholders[i]);
        if (strncmp(text, placeholders[i], *n) == 0)
            return i;
    }
    return -1;
}

/* What is wrong with the name of n bytes before the colon, or NULL. */
static const char *fault_of_name(const char *name, size_t n)
{
    if (n < 3 || n > STYLE_NAME_MAX || strncasecmp(name, "x-", 2) != 0)
        return "expected a name of 3 to 60 bytes that begins with X-";
    for (size_t i = 0; i < n; i++)
        if (name[i] <= ' ' || name[i] > '~')
            return "expected a name without blanks";
    return field_says_yes(name, n) ? "a name with \"yes\" in it could be taken for a verdict"
                                   : NULL;
}

static const char *fault_of_text(const char *text)
{
    size_t n;
    if (!*text)
        return "expected a text behind the colon";
    for (; *text; text++) {
        if (*text < ' ' || *text > '~')
            return "expected printable ASCII";
        if (*text == '{' && style_placeholder(text, &n) < 0)
            return "unknown placeholder; bolter.conf(5) lists them";
    }
    return NULL;
}

/* Split "Name: text"; a sentence about what is wrong, or NULL. */
static const char *take(struct style *out, enum style_field i, const char *line)
{
    size_t n = strcspn(line, ":");
    out->field[i].name[0] = out->field[i].text[0] = 0;
    if (!*line)
        return NULL;
    const char *text = line + n + (line[n] == ':');
    text += strspn(text, " ");
    const char *fault = line[n] == ':' ? fault_of_name(line, n) : "expected NAME: TEXT";
    if (!fault)
        fault = fault_of_text(text);
    if (fault)
        return fault;
    snprintf(out->field[i].name, sizeof out->field[i].name, "%.*s", (int)n, line);
    snprintf(out->field[i].text, sizeof out->field[i].text, "%s", text);
    return NULL;
}

void style_default(struct style *out)
{
    *out = (struct style){.keep = ""};
    take(out, STYLE_FLAG, SETTINGS_FIELD_FLAG);
    take(out, STYLE_STATUS, SETTINGS_FIELD_STATUS);
    take(out, STYLE_SCORE, SETTINGS_FIELD_SCORE);
    take(out, STYLE_LEVEL, SETTINGS_FIELD_LEVEL);
    take(out, STYLE_INFO, SETTINGS_FIELD_INFO);
}

/* True if name is one of the words. */
static bool among(const char *words, const char *name)
{
    static const char blanks[] = " ,\t";
    size_t len = strlen(name);
    for (size_t n; *(words += strspn(words, blanks)); words += n) {
        n = strcspn(words, blanks);
        if (n == len && strncasecmp(words, name, n) == 0)
            return true;
    }
    return false;
}

static bolter_status refuse(bolter_error *err, const char *setting, const char *got,
                            const char *fault)
{
    if (err && err->code == BOLTER_OK) {
        err->code = BOLTER_E_FORMAT;
        snprintf(err->text, sizeof err->text, "%s: got '%.80s', %s", setting, got, fault);
    }
    return BOLTER_E_FORMAT;
}

bolter_status style_of(struct style *out, const struct settings *s, bolter_error *err)
{
    const char *const lines[STYLE_FIELDS] = {[STYLE_FLAG] = s->field_flag,
                                             [STYLE_STATUS] = s->field_status,
                                             [STYLE_SCORE] = s->field_score,
                                             [STYLE_LEVEL] = s->field_level,
                                             [STYLE_INFO] = s->field_info};
    for (enum style_field i = 0; i < STYLE_FIELDS; i++) {
        const char *fault = take(out, i, lines[i]);
        for (enum style_field k = 0; !fault && *lines[i] && k < i; k++)
            if (strcasecmp(out->field[i].name, out->field[k].name) == 0)
                fault = "a field above has this name";
        if (!fault && *lines[i] && among(s->keep_fields, out->field[i].name))
            fault = "keep_fields has this name; give ours another";
        if (fault)
            return refuse(err, settings_names[i], lines[i], fault);
    }
    snprintf(out->keep, sizeof out->keep, "%s", s->keep_fields);
    return BOLTER_OK;
}

bool style_owns(const struct style *s, const char *name)
{
    if (among(s->keep, name))
        return false;
    for (enum style_field i = 0; i < STYLE_FIELDS; i++)
        if (s->field[i].name[0] && strcasecmp(s->field[i].name, name) == 0)
            return true;
    return field_is_ours(name, strlen(name));
}
