/*
 * test_passthrough.c - what goes in comes out: the marker on every split of a table of messages,
 * and the whole way from descriptor to stream with judges that agree, refuse and crash.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "milter/passthrough.h"
#include "tests/check.h"

/* Marking needs no model; this keeps its code out of the test. */
const char *bolter_model_label(const bolter_model *m, int32_t i)
{
    (void)m;
    (void)i;
    return NULL;
}

/* The block that the tests insert, and how it looks in either kind of message. */
static const char block[] = "A: 1\n\tfolded\n";
#define B  "A: 1\n\tfolded\n"
#define BC "A: 1\r\n\tfolded\r\n"

#define ROW(name, in, want)                                                                        \
    {                                                                                              \
        name, in, sizeof(in) - 1, want, sizeof(want) - 1                                           \
    }

static const struct row {
    const char *name, *in;
    size_t n_in;
    const char *want;
    size_t n_want;
} rows[] = {
    ROW("empty input", "", B),
    ROW("plain", "S: a\n\nbody\n", B "S: a\n\nbody\n"),
    ROW("CRLF", "S: a\r\n\r\nbody\r\n", BC "S: a\r\n\r\nbody\r\n"),
    ROW("no final newline", "S: a\n\nbody", B "S: a\n\nbody"),
    ROW("header alone", "S: a\n", B "S: a\n"),
    ROW("header alone, no newline", "S: a", B "S: a"),
    ROW("no colon, no newline", "Sabc", B "Sabc"),
    ROW("header and empty line", "S: a\n\n", B "S: a\n\n"),
    ROW("body alone", "\nbody\n", B "\nbody\n"),
    ROW("body alone, CRLF", "\r\nbody\r\n", BC "\r\nbody\r\n"),
    ROW("NUL bytes", "S: \0a\0\n\nb\0d\0", B "S: \0a\0\n\nb\0d\0"),
    ROW("NUL begins a line", "\0S: a\n\0\n\n\0", B "\0S: a\n\0\n\n\0"),
    ROW("bare CR", "S: a\rb\n\r\r\n\nx\ry\r", B "S: a\rb\n\r\r\n\nx\ry\r"),
    ROW("CR at the end", "S: a\n\r", B "S: a\n\r"),
    ROW("mixed line ends", "S: a\r\nT: b\n\nx\r\ny\n", BC "S: a\r\nT: b\n\nx\r\ny\n"),
    ROW("8-bit", "S: \xe9\xff\n\n\x80\n", B "S: \xe9\xff\n\n\x80\n"),
    ROW("envelope line", "From a Mon\nS: a\n\nb\n", "From a Mon\n" B "S: a\n\nb\n"),
    ROW("envelope line LF, message CRLF", "From a\nS: a\r\n\r\n", "From a\n" BC "S: a\r\n\r\n"),
    ROW("envelope line alone", "From a\n", "From a\n" B),
    ROW("envelope line unended", "From a", "From a\n" B),
    ROW("start of an envelope line", "Fro", B "Fro"),
    ROW("From field", "From: a\n\n", B "From: a\n\n"),
    ROW("From line in the body", "S: a\n\nFrom x\n", B "S: a\n\nFrom x\n"),
    ROW("empty line after envelope", "From a\n\nb", "From a\n" B "\nb"),
    ROW("forged first", "X-Spam-Flag: NO\nS: a\n\n", B "S: a\n\n"),
    ROW("forged after the envelope", "From a\nX-Spam-Flag: NO\nS: a\n\n", "From a\n" B "S: a\n\n"),
    ROW("forged last", "S: a\nX-Bolter: x\n\nb", B "S: a\n\nb"),
    ROW("forged, any case", "x-SPAM-fLaG: x\nS: a\nX-BOLTER-X: y\n\n", B "S: a\n\n"),
    ROW("forged, folded", "X-Spam-Status: No,\n\tscore\n 1\nS: a\n b\n\n", B "S: a\n b\n\n"),
    ROW("forged, CRLF, folded", "X-Spam-A: No,\r\n\tb\r\nS: a\r\n\r\n", BC "S: a\r\n\r\n"),
    ROW("forged, blank before the colon", "X-Spam-Flag : x\nS: a\n\n", B "S: a\n\n"),
    ROW("forged, empty", "X-Spam-Flag:\nS: a\n\n", B "S: a\n\n"),
    ROW("forged, no newline", "S: a\nX-Spam-Flag: YES", B "S: a\n"),
    ROW("forged twice", "X-Spam-A: 1\nX-Spam-A: 2\n\n", B "\n"),
    ROW("forged behind a line without colon", "S: a\ngarbage\nX-Spam-A: 1\n\n",
        B "S: a\ngarbage\n\n"),
    ROW("our name in the body", "S: a\n\nX-Spam-Flag: YES\n", B "S: a\n\nX-Spam-Flag: YES\n"),
    ROW("our name in the body, CRLF", "S: a\r\n\r\nX-Spam-A: b\r\n",
        BC "S: a\r\n\r\nX-Spam-A: b\r\n"),
    ROW("our name without colon", "X-Spam-Flag\nS: a\n\n", B "X-Spam-Flag\nS: a\n\n"),
    ROW("our name in a folded line", "S: a\n X-Spam-Flag: x\n\n", B "S: a\n X-Spam-Flag: x\n\n"),
    ROW("names like ours", "X-Spamd: a\nXX-Spam-A: b\n\n", B "X-Spamd: a\nXX-Spam-A: b\n\n"),
    ROW("folded line first", " a\nS: b\n\n", B " a\nS: b\n\n"),
    ROW("line of blanks is no end", "S: a\n \nX-Spam-A: b\n\n", B "S: a\n \n\n"),
};
enum { N_ROWS = sizeof rows / sizeof *rows };

/* A stream into memory, and what is in it. */
struct memory {
    FILE *f;
    char *bytes;
    size_t n;
};

static void memory_open(struct memory *m)
{
    *m = (struct memory){0};
    m->f = open_memstream(&m->bytes, &m->n);
    if (!m->f)
        exit(99);
}

static void memory_close(struct memory *m)
{
    fclose(m->f);
    free(m->bytes);
}

static bool equal(const char *got, size_t n_got, const char *want, size_t n_want)
{
    return n_got == n_want && (n_got == 0 || memcmp(got, want, n_got) == 0);
}

/* Feed a message in pieces: cut at two places. */
static void feed_split(struct memory *out, const struct row *r, size_t a, size_t b)
{
    struct mark m;
    memory_open(out);
    mark_begin(&m, out->f, block, mark_eol(r->in, r->n_in));
    mark_feed(&m, r->in, a);
    mark_feed(&m, r->in + a, b - a);
    mark_feed(&m, r->in + b, r->n_in - b);
    mark_finish(&m);
    fflush(out->f);
}

static void every_message_is_marked_alike_on_every_split(struct check *c)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct row *r = &rows[i];
        for (size_t a = 0; a <= r->n_in; a++) {
            for (size_t b = a; b <= r->n_in; b++) {
                struct memory out;
                feed_split(&out, r, a, b);
                CHECK(c, equal(out.bytes, out.n, r->want, r->n_want),
                      "%s, cut at %zu and %zu: got \"%s\", want \"%s\"", r->name, a, b, out.bytes,
                      r->want);
                memory_close(&out);
            }
        }
    }
}

static void without_a_block_every_message_is_copied(struct check *c)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        struct memory out;
        struct mark m;
        memory_open(&out);
        mark_begin(&m, out.f, NULL, NULL);
        mark_feed(&m, rows[i].in, rows[i].n_in);
        mark_finish(&m);
        fflush(out.f);
        CHECK(c, equal(out.bytes, out.n, rows[i].in, rows[i].n_in), "%s", rows[i].name);
        memory_close(&out);
    }
}

static void long_name_of_ours_is_forged_and_another_is_not(struct check *c)
{
    char in[2 * MARK_NAME_MAX + 2] = "X-Spam-", *other = in + 1;
    memset(in + 7, 'a', sizeof in - 9);
    in[sizeof in - 2] = '\n';
    for (int ours = 0; ours < 2; ours++) {
        struct row r = {.in = ours ? in : other, .n_in = strlen(ours ? in : other)};
        struct memory out;
        feed_split(&out, &r, 1, 2);
        size_t want = strlen(B) + (ours ? 0 : r.n_in);
        CHECK(c, out.n == want, "got %zu bytes, want %zu", out.n, want);
        memory_close(&out);
    }
}

static void block_holds_every_field(struct check *c)
{
    struct field_set set = {.n = FIELD_MAX};
    char text[MARK_BLOCK_MAX];
    for (size_t i = 0; i < FIELD_MAX; i++) {
        set.field[i].name = "X-Spam-Status";
        memset(set.field[i].value, 'v', sizeof set.field[i].value - 1);
    }
    CHECK(c, mark_block(text, sizeof text, &set), "a full set does not fit");
    CHECK(c, !mark_block(text, 600, &set), "fits into 600 bytes");
    set = (struct field_set){.n = 2, .field = {{"N", "1"}, {"M", "2\n\t3"}}};
    mark_block(text, sizeof text, &set);
    CHECK(c, strcmp(text, "N: 1\nM: 2\n\t3\n") == 0, "got %s", text);
}

/* ---- From descriptor to stream ---- */

enum mood { AGREE, REFUSE, CRASH, HALF, HANG };

struct judge_order {
    enum mood mood;
    const char *bytes; /* what it must be shown; NULL: anything */
    size_t n;
};

static bool judge(void *ud, const char *bytes, size_t n, struct passthrough_report *out)
{
    const struct judge_order *o = ud;
    if (o->mood == CRASH)
        kill(getpid(), SIGKILL);
    if (o->mood == HALF)
        _exit(0);
    while (o->mood == HANG)
        pause();
    if (o->mood == REFUSE || (o->bytes && !equal(bytes, n, o->bytes, o->n)))
        return false;
    memcpy(out->block, block, sizeof block);
    out->decision = BOLTER_SPAM;
    return true;
}

/* A descriptor that reads these bytes. */
static int input_of(const char *bytes, size_t n)
{
    FILE *f = tmpfile();
    if (!f || fwrite(bytes, 1, n, f) != n || fflush(f) != 0)
        exit(99);
    int fd = dup(fileno(f));
    fclose(f);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static enum passthrough_result pass(struct memory *out, const char *bytes, size_t n, enum mood mood,
                                    bolter_class *decision)
{
    size_t shown = n < PASSTHROUGH_HELD_MAX ? n : PASSTHROUGH_HELD_MAX;
    struct judge_order o = {mood, bytes, shown};
    struct passthrough_judge j = {judge, &o, mood == HANG ? 1 : 60};
    int in = input_of(bytes, n);
    memory_open(out);
    enum passthrough_result result = passthrough(in, out->f, &j, decision);
    close(in);
    return result;
}

static void agreed_verdict_marks_the_message(struct check *c)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct row *r = &rows[i];
        struct memory out;
        bolter_class decision = BOLTER_HAM;
        CHECK(c, pass(&out, r->in, r->n_in, AGREE, &decision) == PASSED_MARKED, "%s", r->name);
        CHECK(c, decision == BOLTER_SPAM, "got %d", (int)decision);
        CHECK(c, equal(out.bytes, out.n, r->want, r->n_want), "%s: got \"%s\"", r->name, out.bytes);
        memory_close(&out);
    }
}

static void message_without_verdict_comes_out_whole_and_unmarked(struct check *c)
{
    static const enum mood moods[] = {REFUSE, CRASH, HALF};
    for (size_t i = 0; i < 3 * N_ROWS; i++) {
        const struct row *r = &rows[i / 3];
        struct memory out;
        bolter_class decision = BOLTER_UNSURE;
        CHECK(c, pass(&out, r->in, r->n_in, moods[i % 3], &decision) == PASSED_UNMARKED, "%s",
              r->name);
        CHECK(c, equal(out.bytes, out.n, r->in, r->n_in), "%s: got \"%s\"", r->name, out.bytes);
        memory_close(&out);
    }
}

static void judge_that_hangs_is_ended(struct check *c)
{
    struct memory out;
    bolter_class decision = BOLTER_UNSURE;
    CHECK(c, pass(&out, "S: a\n\n", 6, HANG, &decision) == PASSED_UNMARKED, "marked");
    CHECK(c, equal(out.bytes, out.n, "S: a\n\n", 6), "got \"%s\"", out.bytes);
    memory_close(&out);
}

/* A message of n bytes with a forged field, all 256 byte values, and a line of 1 MB. */
static char *big_message(size_t n)
{
    static const char head[] = "S: a\nX-Spam-Flag: NO\nT: ";
    char *bytes = malloc(n);
    if (!bytes)
        exit(99);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    memcpy(bytes, head, sizeof head - 1);
    memset(bytes + sizeof head - 1, 't', 1000000);
    memcpy(bytes + sizeof head - 1 + 1000000, "\n\n", 2);
    return bytes;
}

static void message_larger_than_what_is_held_is_whole(struct check *c)
{
    static const size_t beyond[] = {0, 1, 3000000};
    for (size_t i = 0; i < 2 * sizeof beyond / sizeof *beyond; i++) {
        size_t n = PASSTHROUGH_HELD_MAX + beyond[i / 2], forged = strlen("X-Spam-Flag: NO\n");
        bool agree = i % 2 == 0;
        char *bytes = big_message(n);
        struct memory out;
        bolter_class decision;
        enum passthrough_result got = pass(&out, bytes, n, agree ? AGREE : REFUSE, &decision);
        CHECK(c, got == (agree ? PASSED_MARKED : PASSED_UNMARKED), "got %d", (int)got);
        size_t start = agree ? 5 + forged : 0, marked = agree ? strlen(B "S: a\n") : 0;
        CHECK(c, out.n == n - start + marked, "got %zu bytes of %zu", out.n, n);
        CHECK(c, equal(out.bytes + marked, out.n - marked, bytes + start, n - start), "differs");
        memory_close(&out);
        free(bytes);
    }
}

static void full_output_is_broken_not_passed(struct check *c)
{
    FILE *full = fopen("/dev/full", "wb");
    if (!full) {
        check_skip(c, "no /dev/full");
        return;
    }
    bolter_class decision;
    struct judge_order o = {AGREE, "S: a\n\n", 6};
    struct passthrough_judge j = {judge, &o, 60};
    int in = input_of(o.bytes, o.n);
    CHECK(c, passthrough(in, full, &j, &decision) == PASSED_BROKEN, "passed");
    lseek(in, 0, SEEK_SET);
    CHECK(c, passthrough_unmarked(in, full) == PASSED_BROKEN, "passed unmarked");
    close(in);
    fclose(full);
}

static void unreadable_input_is_broken_not_passed(struct check *c)
{
    int in = open("/", O_RDONLY | O_DIRECTORY);
    bolter_class decision;
    struct judge_order o = {.mood = AGREE};
    struct passthrough_judge j = {judge, &o, 60};
    struct memory out;
    memory_open(&out);
    CHECK(c, passthrough(in, out.f, &j, &decision) == PASSED_BROKEN, "passed");
    CHECK(c, passthrough_unmarked(in, out.f) == PASSED_BROKEN, "passed unmarked");
    memory_close(&out);
    close(in);
}

/* Pages of address space in use, by the first number of statm. */
static size_t pages_in_use(void)
{
    size_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%zu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages;
}

/* In a child with little memory left: pass 8 MiB from in to a file. */
static _Noreturn void pass_starved(int in, int out, size_t limit)
{
    struct rlimit rl = {limit, limit};
    struct judge_order o = {.mood = AGREE};
    struct passthrough_judge j = {judge, &o, 60};
    bolter_class decision;
    FILE *f = fdopen(out, "wb");
    if (!f || setrlimit(RLIMIT_AS, &rl) != 0)
        _exit(99);
    _exit((int)passthrough(in, f, &j, &decision));
}

static void message_passes_unmarked_when_memory_runs_out(struct check *c)
{
    size_t used = pages_in_use() * (size_t)sysconf(_SC_PAGESIZE), n = 8 << 20;
    if (used == 0 || used > (size_t)1 << 40) {
        check_skip(c, "address space cannot be limited here");
        return;
    }
    char *bytes = big_message(n), *back = malloc(n);
    int in = input_of(bytes, n), out = input_of("", 0);
    pid_t child = fork();
    if (child == 0)
        pass_starved(in, out, used + (3 << 20));
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(c, WIFEXITED(status) && WEXITSTATUS(status) == PASSED_UNMARKED, "got status %d", status);
    lseek(out, 0, SEEK_SET);
    ssize_t got = back ? read(out, back, n) : -1;
    CHECK(c, got == (ssize_t)n && memcmp(bytes, back, n) == 0, "got %zd bytes", got);
    close(in);
    close(out);
    free(bytes);
    free(back);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(every_message_is_marked_alike_on_every_split),
        CASE(without_a_block_every_message_is_copied),
        CASE(long_name_of_ours_is_forged_and_another_is_not),
        CASE(block_holds_every_field),
        CASE(agreed_verdict_marks_the_message),
        CASE(message_without_verdict_comes_out_whole_and_unmarked),
        CASE(judge_that_hangs_is_ended),
        CASE(message_larger_than_what_is_held_is_whole),
        CASE(full_output_is_broken_not_passed),
        CASE(unreadable_input_is_broken_not_passed),
        CASE(message_passes_unmarked_when_memory_runs_out),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
