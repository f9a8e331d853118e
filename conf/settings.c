/*
 * settings.c - read, check and print settings; the only file that knows libconfig.
 *
 * Every value, from a file, an option or the table's default, becomes text and goes through the
 * same store(); so there is one rule and one message for each kind.
 */
#include "conf/settings.h"

#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES (1024 * 1024)

enum kind { KIND_TEXT, KIND_NUMBER, KIND_REAL, KIND_MODE, KIND_CHOICE, KIND_LEVEL };

struct row {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *fallback;
    double min, max;
    const char *unit, *help;
};

#define ROW(name, kind, fallback, min, max, unit, help)                                            \
    {#name, kind, offsetof(struct settings, name), fallback, min, max, unit, help},
#define TEXT(name, ...)   ROW(name, KIND_TEXT, __VA_ARGS__)
#define NUMBER(name, ...) ROW(name, KIND_NUMBER, __VA_ARGS__)
#define REAL(name, ...)   ROW(name, KIND_REAL, __VA_ARGS__)
#define MODE(name, ...)   ROW(name, KIND_MODE, __VA_ARGS__)
#define CHOICE(name, ...) ROW(name, KIND_CHOICE, __VA_ARGS__)
#define LEVEL(name, ...)  ROW(name, KIND_LEVEL, __VA_ARGS__)
static const struct row rows[] = {
#include "conf/settings.def"
};

#define N_ROWS (sizeof rows / sizeof *rows)

/* Where a value stands, for messages. */
struct place {
    const char *file; /* NULL: the command line */
    int line;
};

static bolter_status fail(bolter_error *err, bolter_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bolter_status fail(bolter_error *err, bolter_status code, const char *fmt, ...)
{
    if (!err || err->code != BOLTER_OK)
        return code;
    err->code = code;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    for (char *p = err->text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    return code;
}

bool settings_row(size_t i, const char **name, const char **fallback)
{
    if (i >= N_ROWS)
        return false;
    *name = rows[i].name;
    *fallback = rows[i].fallback;
    return true;
}

static const struct row *row_of(const char *name, size_t n)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (strlen(rows[i].name) == n && memcmp(rows[i].name, name, n) == 0)
            return &rows[i];
    return NULL;
}

/* What a row accepts, in words: "1 to 256 threads". */
static const char *expected(const struct row *r, char *out, size_t cap)
{
    switch (r->kind) {
    case KIND_TEXT:
        snprintf(out, cap, "a string of %.0f to %.0f bytes", r->min, r->max);
        break;
    case KIND_NUMBER:
        snprintf(out, cap, "an integer from %.0f to %.0f (%s)", r->min, r->max, r->unit);
        break;
    case KIND_REAL:
        snprintf(out, cap, "a number from %g to %g (%s)", r->min, r->max, r->unit);
        break;
    case KIND_MODE:
        snprintf(out, cap, "an octal mode from \"0000\" to \"%04lo\"", (unsigned long)r->max);
        break;
    case KIND_CHOICE:
        snprintf(out, cap, "one of %s", r->unit);
        break;
    case KIND_LEVEL:
        snprintf(out, cap, "a number from %g to %g (%s), model or never", r->min, r->max, r->unit);
        break;
    }
    return out;
}

static bolter_status refuse(const struct row *r, const char *got, const struct place *at,
                            bolter_error *err)
{
    char want[96];
    expected(r, want, sizeof want);
    if (at->file)
        return fail(err, BOLTER_E_FORMAT, "%s:%d: %s: got %.40s, expected %s", at->file, at->line,
                    r->name, got, want);
    return fail(err, BOLTER_E_FORMAT, "--set %s: got %.40s, expected %s", r->name, got, want);
}

static bool parse_integer(const char *text, int base, const struct row *r, int64_t *out)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, base);
    if (errno != 0 || end == text || *end || (double)v < r->min || (double)v > r->max)
        return false;
    *out = v;
    return true;
}

static bool parse_real(const char *text, double min, double max, double *out)
{
    char *end;
    errno = 0;
    double v = strtod(text, &end);
    /* Written so that a NaN fails. */
    if (errno != 0 || end == text || *end || !(v >= min && v <= max))
        return false;
    *out = v;
    return true;
}

bool settings_level(const char *text, double *out)
{
    bool model = strcmp(text, "model") == 0;
    if (!model && strcmp(text, "never") != 0)
        return parse_real(text, 0, 1, out);
    *out = model ? SETTINGS_MODEL : SETTINGS_NEVER;
    return true;
}

/* The place of a word in "accept|tempfail". */
bool settings_choice(const char *text, const char *words, int64_t *out)
{
    size_t len = strlen(text);
    for (int64_t i = 0; *words; i++) {
        size_t n = strcspn(words, "|");
        if (n == len && memcmp(words, text, n) == 0) {
            *out = i;
            return true;
        }
        words += n + (words[n] == '|');
    }
    return false;
}

static bool store_text(const char *text, const struct row *r, char *out)
{
    size_t n = strlen(text);
    if ((double)n < r->min || (double)n > r->max)
        return false;
    memcpy(out, text, n + 1);
    return true;
}

static bool store(struct settings *s, const struct row *r, const char *text)
{
    void *value = (char *)s + r->offset;
    switch (r->kind) {
    case KIND_TEXT:
        return store_text(text, r, value);
    case KIND_NUMBER:
        return parse_integer(text, 10, r, value);
    case KIND_REAL:
        return parse_real(text, r->min, r->max, value);
    case KIND_MODE:
        return parse_integer(text, 8, r, value);
    case KIND_CHOICE:
        return settings_choice(text, r->unit, value);
    case KIND_LEVEL:
        return settings_level(text, value);
    }
    return false;
}

void settings_default(struct settings *s)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < N_ROWS; i++)
        store(s, &rows[i], rows[i].fallback);
}

bolter_status settings_set(struct settings *s, const char *assignment, bolter_error *err)
{
    size_t n = strcspn(assignment, "=");
    if (assignment[n] != '=')
        return fail(err, BOLTER_E_FORMAT, "--set: got '%.60s', expected NAME=VALUE", assignment);
    const struct row *r = row_of(assignment, n);
    if (!r)
        return fail(err, BOLTER_E_FORMAT, "--set: unknown setting '%.*s'", n < 60 ? (int)n : 60,
                    assignment);
    char got[64];
    snprintf(got, sizeof got, "'%.37s'", assignment + n + 1);
    return store(s, r, assignment + n + 1) ? BOLTER_OK : refuse(r, got, &(struct place){0}, err);
}

/* The text of a value of the type that the row wants, and a form of it for messages. */
static bool text_of(const config_setting_t *v, enum kind kind, char *text, size_t cap)
{
    bool wants_string = kind == KIND_TEXT || kind == KIND_MODE || kind == KIND_CHOICE;
    switch (config_setting_type(v)) {
    case CONFIG_TYPE_STRING:
        snprintf(text, cap, "%s", config_setting_get_string(v));
        return wants_string || kind == KIND_LEVEL;
    case CONFIG_TYPE_INT:
        snprintf(text, cap, "%d", config_setting_get_int(v));
        return !wants_string;
    case CONFIG_TYPE_INT64:
        snprintf(text, cap, "%lld", config_setting_get_int64(v));
        return !wants_string;
    case CONFIG_TYPE_FLOAT:
        snprintf(text, cap, "%.17g", config_setting_get_float(v));
        return kind == KIND_REAL || kind == KIND_LEVEL;
    case CONFIG_TYPE_BOOL:
        snprintf(text, cap, "%s", config_setting_get_bool(v) ? "true" : "false");
        return false;
    default:
        snprintf(text, cap, "a group or list");
        return false;
    }
}

static bolter_status apply_member(struct settings *s, const config_setting_t *v, const char *path,
                                  bolter_error *err)
{
    const char *included = config_setting_source_file(v);
    struct place at = {.file = included ? included : path,
                       .line = (int)config_setting_source_line(v)};
    const char *name = config_setting_name(v);
    const struct row *r = row_of(name, strlen(name));
    if (!r)
        return fail(err, BOLTER_E_FORMAT, "%s:%d: unknown setting '%.60s'", at.file, at.line, name);
    char text[SETTINGS_TEXT_MAX + 2], got[64];
    bool fits = text_of(v, r->kind, text, sizeof text);
    bool quoted = config_setting_type(v) == CONFIG_TYPE_STRING;
    snprintf(got, sizeof got, quoted ? "\"%.37s\"" : "%.39s", text);
    return fits && store(s, r, text) ? BOLTER_OK : refuse(r, got, &at, err);
}

static bolter_status apply(struct settings *s, config_t *config, const char *content,
                           const char *path, bolter_error *err)
{
    if (!config_read_string(config, content)) {
        const char *file = config_error_file(config);
        return fail(err, BOLTER_E_FORMAT, "%s:%d: %s", file ? file : path,
                    config_error_line(config), config_error_text(config));
    }
    config_setting_t *root = config_root_setting(config);
    unsigned n = (unsigned)config_setting_length(root);
    for (unsigned i = 0; i < n; i++) {
        bolter_status status = apply_member(s, config_setting_get_elem(root, i), path, err);
        if (status != BOLTER_OK)
            return status;
    }
    return BOLTER_OK;
}

static bolter_status fail_file(bolter_error *err, const char *path, const char *doing)
{
    int e = errno;
    if (err && err->code == BOLTER_OK)
        err->sys_errno = e;
    return fail(err, BOLTER_E_IO, "%s: cannot %s: %s", path, doing, strerror(e));
}

/*
 * The whole file in memory, NUL-terminated: libconfig's scanner ends the process when reading
 * fails, for instance of a directory.
 */
static bolter_status read_file(const char *path, char **out, bolter_error *err)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return fail_file(err, path, "open");
    bolter_status status = BOLTER_OK;
    char *content = malloc(FILE_MAX_BYTES + 1);
    if (!content) {
        fclose(f);
        return fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    }
    size_t n = fread(content, 1, FILE_MAX_BYTES + 1, f);
    if (ferror(f))
        status = fail_file(err, path, "read");
    else if (n > FILE_MAX_BYTES)
        status = fail(err, BOLTER_E_LIMIT, "%s: more than %d bytes", path, FILE_MAX_BYTES);
    else if (memchr(content, 0, n))
        status = fail(err, BOLTER_E_FORMAT, "%s: a NUL byte, expected text", path);
    fclose(f);
    if (status == BOLTER_OK) {
        content[n] = 0;
        *out = content;
        return BOLTER_OK;
    }
    free(content);
    return status;
}

bolter_status settings_load(struct settings *s, const char *path, bolter_error *err)
{
    char *content = NULL;
    bolter_status status = read_file(path, &content, err);
    if (status != BOLTER_OK)
        return status;
    config_t config;
    config_init(&config);
    status = apply(s, &config, content, path, err);
    config_destroy(&config);
    free(content);
    return status;
}

static bool is_printable_n(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
            return false;
    return true;
}

static bool is_printable(const char *text)
{
    return is_printable_n(text, strlen(text));
}

/* Lines of printable ASCII, none of them empty. */
static bool is_reply(const char *text)
{
    int lines = 0;
    for (size_t n; *text; text += n + (text[n] == '\n'), lines++) {
        n = strcspn(text, "\n");
        if (n == 0 || !is_printable_n(text, n))
            return false;
    }
    return lines > 0 && lines <= SETTINGS_REPLY_LINES;
}

/* "5.N.N" with up to three digits each: an answer with another class would be ignored. */
static bool is_dsn(const char *text, char class)
{
    unsigned subject, detail;
    int end = 0;
    return text[0] == class && sscanf(text + 1, ".%3u.%3u%n", &subject, &detail, &end) == 2 &&
           text[1 + end] == 0 && strspn(text, "0123456789.") == strlen(text);
}

static bolter_status check_answers(const struct settings *s, bolter_error *err)
{
    static const char wanted[] = "%s: got a byte that is not printable ASCII";
    if (!is_dsn(s->reject_dsn, '5'))
        return fail(err, BOLTER_E_FORMAT, "reject_dsn: got '%s', expected 5.N.N such as 5.7.1",
                    s->reject_dsn);
    if (!is_dsn(s->tempfail_dsn, '4'))
        return fail(err, BOLTER_E_FORMAT, "tempfail_dsn: got '%s', expected 4.N.N such as 4.7.1",
                    s->tempfail_dsn);
    if (!is_reply(s->reject_text) || !is_reply(s->tempfail_text))
        return fail(err, BOLTER_E_FORMAT, "%s: expected 1 to %d lines of printable ASCII",
                    is_reply(s->reject_text) ? "tempfail_text" : "reject_text",
                    SETTINGS_REPLY_LINES);
    if (!is_printable(s->quarantine_reason))
        return fail(err, BOLTER_E_FORMAT, wanted, "quarantine_reason");
    if (!is_printable(s->subject_tag))
        return fail(err, BOLTER_E_FORMAT, wanted, "subject_tag");
    return BOLTER_OK;
}

/* A stronger action at a lower score than a milder one would leave the milder one no score. */
static bolter_status check_order(const struct settings *s, bolter_error *err)
{
    const struct {
        const char *name;
        double at;
    } levels[] = {{"unsure_at", s->unsure_at},     {"tag_at", s->tag_at},
                  {"subject_at", s->subject_at},   {"quarantine_at", s->quarantine_at},
                  {"redirect_at", s->redirect_at}, {"tempfail_at", s->tempfail_at},
                  {"discard_at", s->discard_at},   {"reject_at", s->reject_at}};
    size_t below = 0;
    double floor = 0;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (levels[i].at == SETTINGS_MODEL || levels[i].at == SETTINGS_NEVER)
            continue;
        if (levels[i].at < floor)
            return fail(err, BOLTER_E_FORMAT, "%s: got %g, expected at least %s, which is %g",
                        levels[i].name, levels[i].at, levels[below].name, floor);
        below = i;
        floor = levels[i].at;
    }
    return BOLTER_OK;
}

bolter_status settings_check(const struct settings *s, bolter_error *err)
{
    bolter_status status = check_answers(s, err);
    if (status == BOLTER_OK)
        status = check_order(s, err);
    bool redirects = s->redirect_at <= 1 || s->denied == SETTINGS_DENIED_REDIRECT;
    if (status == BOLTER_OK && redirects && !*s->redirect_to)
        return fail(err, BOLTER_E_FORMAT, "redirect_to: got nothing, expected an address");
    if (status == BOLTER_OK && (!is_printable(s->redirect_to) || strpbrk(s->redirect_to, " <>,")))
        return fail(err, BOLTER_E_FORMAT, "redirect_to: got '%.60s', expected one plain address",
                    s->redirect_to);
    return status;
}

static void print_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20)
            fprintf(out, "\\x%02x", (unsigned)*text);
        else
            fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    }
    fputc('"', out);
}

/* libconfig reads "1" as an integer and "0.5" as a fraction; rows of kind REAL and LEVEL take both.
 */
static void print_value(const struct settings *s, const struct row *r, FILE *out)
{
    const void *value = (const char *)s + r->offset;
    const char *word = r->unit;
    switch (r->kind) {
    case KIND_TEXT:
        print_quoted(value, out);
        break;
    case KIND_NUMBER:
        fprintf(out, "%lld", (long long)*(const int64_t *)value);
        break;
    case KIND_REAL:
        fprintf(out, "%.10g", *(const double *)value);
        break;
    case KIND_MODE:
        fprintf(out, "\"%04llo\"", (unsigned long long)*(const int64_t *)value);
        break;
    case KIND_LEVEL:
        if (*(const double *)value >= 0 && *(const double *)value <= 1)
            fprintf(out, "%.10g", *(const double *)value);
        else
            fputs(*(const double *)value < 0 ? "\"model\"" : "\"never\"", out);
        break;
    case KIND_CHOICE:
        for (int64_t i = *(const int64_t *)value; i > 0; i--)
            word = strchr(word, '|') + 1;
        fprintf(out, "\"%.*s\"", (int)strcspn(word, "|"), word);
        break;
    }
}

void settings_print(const struct settings *s, FILE *out)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        fprintf(out, "%s = ", rows[i].name);
        print_value(s, &rows[i], out);
        fputs(";\n", out);
    }
}

void settings_help(FILE *out)
{
    char want[96];
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct row *r = &rows[i];
        fprintf(out, "  %s=%s\n      %s\n      %s\n", r->name, r->fallback, r->help,
                expected(r, want, sizeof want));
    }
}
