/* log.c - format a line, then write it in one call, so that threads do not mix. */
#include "milter/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "conf/settings.h"
#include "milter/record.h"

/* Room for a record in either form. */
#define LINE_MAX_BYTES (RECORD_MAX + 64)

static atomic_int max_level = SETTINGS_LOG_INFO;
static atomic_bool use_json;
static bool use_syslog;

static const struct {
    const char *word;
    int priority;
} levels[] = {
    [SETTINGS_LOG_ERROR] = {"error", LOG_ERR},
    [SETTINGS_LOG_WARNING] = {"warning", LOG_WARNING},
    [SETTINGS_LOG_INFO] = {"info", LOG_INFO},
    [SETTINGS_LOG_DEBUG] = {"debug", LOG_DEBUG},
};

void log_open(bool to_syslog)
{
    /* libmilter writes to syslog whatever we do: its lines shall carry our name. */
    openlog("bolter-milter", LOG_PID, LOG_MAIL);
    use_syslog = to_syslog;
}

void log_set_level(int level)
{
    atomic_store(&max_level, level);
}

void log_set_json(bool json)
{
    atomic_store(&use_json, json);
}

bool log_is_json(void)
{
    return atomic_load(&use_json);
}

static void write_stderr(const char *prefix, const char *level, const char *line)
{
    char whole[LINE_MAX_BYTES + 64];
    int n = *level ? snprintf(whole, sizeof whole, "%s%s: %s\n", prefix, level, line)
                   : snprintf(whole, sizeof whole, "%s\n", line);
    if (n > 0 && write(STDERR_FILENO, whole, (size_t)n) < 0)
        return; /* there is no better place to complain */
}

void log_json(int level, const char *members)
{
    if (level > atomic_load(&max_level))
        return;
    char line[LINE_MAX_BYTES + 32];
    snprintf(line, sizeof line, "{\"v\":1,\"level\":\"%s\",%s}", levels[level].word, members);
    if (use_syslog)
        syslog(levels[level].priority, "%s", line);
    else
        write_stderr("", "", line);
}

/* One sentence as the member "message", in ASCII: a name in it may have been cut within a character. */
static void write_json(int level, const char *line)
{
    char members[LINE_MAX_BYTES];
    size_t n = (size_t)snprintf(members, sizeof members, "\"message\":\"");
    for (const char *p = line; *p && n + 4 < sizeof members; p++) {
        if (*p == '"' || *p == '\\')
            members[n++] = '\\';
        members[n++] = (unsigned char)*p < 0x80 ? *p : '?';
    }
    members[n++] = '"';
    members[n] = 0;
    log_json(level, members);
}

void log_write(int level, const char *fmt, ...)
{
    if (level > atomic_load(&max_level))
        return;
    char line[LINE_MAX_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    if (atomic_load(&use_json))
        write_json(level, line);
    else if (use_syslog)
        syslog(levels[level].priority, "%s", line);
    else
        write_stderr("bolter-milter: ", levels[level].word, line);
}

const char *log_word(char *out, size_t cap, const char *text)
{
    size_t n = 0;
    if (!text || !*text)
        text = "-";
    for (; text[n] && n + 1 < cap; n++)
        out[n] = text[n] > 0x20 && text[n] < 0x7f && text[n] != '"' ? text[n] : '?';
    out[n] = 0;
    return out;
}
