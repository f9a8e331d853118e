/* complain.c - diagnostics of the command bolter. */
#include "milter/complain.h"

#include <stdarg.h>
#include <stdio.h>

void complain(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("bolter: ", stderr);
    vfprintf(stderr, fmt, ap);
    putc('\n', stderr);
    va_end(ap);
}
