/*
 * check.h - tests as a table of sentences, printed as TAP.
 *
 *     static void empty_input_gives_no_tokens(struct check *c) { CHECK(c, n == 0, "got %zu", n); }
 *     int main(void) { static const struct check_case cases[] = {CASE(empty_input_gives_no_tokens)};
 *                      return check_main(cases, sizeof cases / sizeof *cases); }
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct check {
    const char *name;
    int failures;
    const char *skipped; /* the reason, or NULL */
};

struct check_case {
    const char *name;
    void (*run)(struct check *c);
};

#define CASE(function) {#function, function}

/* Count and print a failure with file, line and the formatted "got, want" unless ok. Returns ok. */
bool check_that(struct check *c, bool ok, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
#define CHECK(c, ok, ...) check_that((c), (ok), __FILE__, __LINE__, __VA_ARGS__)

/* Mark the case as skipped for a reason, unless it already failed. */
void check_skip(struct check *c, const char *reason);

/* Path below the shared reference data, or NULL (and the case is skipped) where it is not there. */
const char *check_shared(struct check *c, const char *name);

/* A fresh empty directory, removed at exit; and a path in the source tree. Static buffers, 8 deep. */
const char *check_tmpdir(void);
const char *check_srcdir(const char *name);

/* Run all cases; the exit status. */
int check_main(const struct check_case *cases, size_t n);

#endif
