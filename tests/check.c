/* check.c - runs a table of test cases and prints TAP. */
#include "tests/check.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tmpdir[256];

bool check_that(struct check *c, bool ok, const char *file, int line, const char *fmt, ...)
{
    if (ok)
        return true;
    c->failures++;
    if (c->failures > 20)
        return false;
    printf("# %s:%d: %s: ", file, line, c->name);
    va_list ap;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    return false;
}

void check_skip(struct check *c, const char *reason)
{
    c->skipped = reason;
}

/* Paths live until eight more have been asked for. */
static char *path_slot(void)
{
    static char slots[8][1024];
    static size_t next;
    return slots[next++ % 8];
}

const char *check_shared(struct check *c, const char *name)
{
    const char *root = getenv("BOLTER_SHARED");
    char *path = path_slot();
    snprintf(path, 1024, "%s/%s", root ? root : "../shared", name);
    if (access(path, R_OK) == 0)
        return path;
    check_skip(c, "no shared reference data");
    return NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_tmpdir(void)
{
    nftw(tmpdir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *check_tmpdir(void)
{
    if (tmpdir[0])
        return tmpdir;
    const char *base = getenv("TMPDIR");
    snprintf(tmpdir, sizeof tmpdir, "%s/bolter-test-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(tmpdir)) {
        perror(tmpdir);
        exit(99);
    }
    atexit(remove_tmpdir);
    return tmpdir;
}

const char *check_srcdir(const char *name)
{
    const char *root = getenv("top_srcdir");
    char *path = path_slot();
    snprintf(path, 1024, "%s/%s", root ? root : ".", name);
    return path;
}

int check_main(const struct check_case *cases, size_t n)
{
    int failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..%zu\n", n);
    for (size_t i = 0; i < n; i++) {
        struct check c = {.name = cases[i].name};
        cases[i].run(&c);
        failed += c.failures > 0;
        printf("%sok %zu - %s", c.failures ? "not " : "", i + 1, c.name);
        if (c.skipped && !c.failures)
            printf(" # SKIP %s", c.skipped);
        putchar('\n');
    }
    return failed ? 1 : 0;
}
