/* error.c - names of the statuses; the only place that writes a bolter_error. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

const char *bolter_version(void)
{
    return PACKAGE_VERSION;
}

const char *bolter_status_name(bolter_status s)
{
    static const struct {
        bolter_status status;
        const char *name;
    } names[] = {
        {BOLTER_OK, "ok"},
        {BOLTER_END, "end"},
        {BOLTER_E_ARG, "argument"},
        {BOLTER_E_NOMEM, "memory"},
        {BOLTER_E_LIMIT, "limit"},
        {BOLTER_E_IO, "io"},
        {BOLTER_E_FORMAT, "format"},
        {BOLTER_E_VERSION, "version"},
        {BOLTER_E_MISMATCH, "mismatch"},
        {BOLTER_E_BUSY, "busy"},
        {BOLTER_E_TIMEOUT, "timeout"},
        {BOLTER_E_CANCELLED, "cancelled"},
        {BOLTER_E_NUMERIC, "numeric"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].status == s)
            return names[i].name;
    return "unknown";
}

/* Newlines and control bytes from file names must not break the promise of one line. */
static void one_line(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = '?';
}

__attribute__((format(printf, 4, 0)))
static void fill(bolter_error *err, bolter_status code, int e, const char *fmt, va_list ap)
{
    if (!err || err->code != BOLTER_OK)
        return;
    err->code = code;
    err->sys_errno = e;
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    if (e && n >= 0 && (size_t)n < sizeof err->text)
        snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", strerror(e));
    one_line(err->text);
}

bolter_status bt_fail(bolter_error *err, bolter_status code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, 0, fmt, ap);
    va_end(ap);
    return code;
}

bolter_status bt_fail_errno(bolter_error *err, int e, const char *fmt, ...)
{
    bolter_status code = e == ENOMEM ? BOLTER_E_NOMEM : BOLTER_E_IO;
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, e, fmt, ap);
    va_end(ap);
    return code;
}
