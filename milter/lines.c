/* lines.c - read a file of entries. */
#include "milter/lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bolter_status fail(bolter_error *err, bolter_status code, const char *path, int line,
                          const char *why)
{
    if (err && err->code == BOLTER_OK) {
        err->code = code;
        if (line > 0)
            snprintf(err->text, sizeof err->text, "%.90s:%d: %s", path, line, why);
        else
            snprintf(err->text, sizeof err->text, "%.90s: %s", path, why);
    }
    return code;
}

/* The entry of a line, without comment and blanks. */
static char *entry_of(char *line)
{
    line[strcspn(line, "#\r\n")] = 0;
    line += strspn(line, " \t");
    size_t n = strlen(line);
    while (n > 0 && strchr(" \t", line[n - 1]))
        line[--n] = 0;
    return line;
}

static bolter_status read_lines(FILE *f, const char *path, lines_fn fn, void *ud, bolter_error *err)
{
    char line[LINES_LENGTH_MAX + 2], why[LINES_WHY_MAX];
    for (int number = 1; fgets(line, sizeof line, f); number++) {
        size_t n = strlen(line);
        if (number > LINES_MAX || (n > 0 && line[n - 1] != '\n' && !feof(f)))
            return fail(err, BOLTER_E_LIMIT, path, number,
                        number > LINES_MAX ? "too many lines" : "a NUL byte or too long a line");
        char *entry = entry_of(line);
        if (*entry && !fn(ud, entry, why))
            return fail(err, BOLTER_E_FORMAT, path, number, why);
    }
    return ferror(f) ? fail(err, BOLTER_E_IO, path, 0, strerror(errno)) : BOLTER_OK;
}

bolter_status lines_each(const char *path, lines_fn fn, void *ud, bolter_error *err)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return fail(err, BOLTER_E_IO, path, 0, strerror(errno));
    bolter_status status = read_lines(f, path, fn, ud, err);
    fclose(f);
    return status;
}
