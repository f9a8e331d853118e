/* log.c - format a line, then write it in one call, so that threads do not mix. */
#include "milter/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "conf/settings.h"

#define LINE_MAX_BYTES 1024

static atomic_int max_level = SETTINGS_LOG_INFO;
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

static void write_stderr(const char *level, const char *line)
{
    char whole[LINE_MAX_BYTES + 64];
    int n = snprintf(whole, sizeof whole, "bolter-milter: %s: %s\n", level, line);
    if (n > 0 && write(STDERR_FILENO, whole, (size_t)n) < 0)
        return; /* there is no better place to complain */
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
    if (use_syslog)
        syslog(levels[level].priority, "%s", line);
    else
        write_stderr(levels[level].word, line);
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
