/*
 * classify.c - main of bolter: one of two ways.
 *
 *     passthrough   standard input -> held -> verdict -> standard output, marked
 *     report        standard input or operands -> verdicts -> lines, and an exit status
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bolter.h"
#include "milter/arguments.h"
#include "milter/complain.h"
#include "milter/judge.h"
#include "milter/operand.h"
#include "milter/output.h"
#include "milter/passthrough.h"

enum { EXIT_ERROR = 3, EXIT_TEMPFAIL = 75 };

static int verdict_status(bolter_class decision)
{
    return decision == BOLTER_SPAM ? 0 : decision == BOLTER_HAM ? 1 : 2;
}

/* ---- Passthrough ---- */

static bool write_block(const struct judge *j, const bolter_verdict *v,
                        struct passthrough_report *out)
{
    struct field_set set;
    struct style style;
    const struct field_facts facts = {.verdict = v,
                                      .model = j->model,
                                      .required = bolter_model_info_of(j->model)->spam_threshold};
    style_default(&style);
    field_format(&set, &style, &facts);
    field_explain(&set, j->piece, j->n_pieces, v->decision == BOLTER_SPAM);
    out->decision = v->decision;
    return mark_block(out->block, sizeof out->block, &set);
}

static bool judge_for_passthrough(void *ud, const char *bytes, size_t n,
                                  struct passthrough_report *out)
{
    const struct arguments *a = ud;
    struct judge j;
    bolter_verdict v = {0};
    bolter_error err = {0};
    bolter_status rc = judge_open(&j, a->model_dir, &err);
    if (rc == BOLTER_OK)
        rc = judge_bytes(&j, true, bytes, n, &v, &err);
    if (rc == BOLTER_OK && a->explain)
        rc = judge_explain(&j, &err);
    if (rc != BOLTER_OK)
        complain("%s", err.text);
    bool ok = rc == BOLTER_OK && write_block(&j, &v, out);
    judge_close(&j);
    return ok;
}

static int run_passthrough(struct arguments *a)
{
    struct passthrough_judge judge = {judge_for_passthrough, a, a->timeout_s};
    bolter_class decision = BOLTER_UNSURE;
    if (passthrough(STDIN_FILENO, stdout, &judge, &decision) != PASSED_MARKED)
        return EXIT_TEMPFAIL;
    return a->exit_verdict ? verdict_status(decision) : 0;
}

/* ---- Report ---- */

struct report {
    struct judge judge;
    enum output_format format;
    bool explain;
    float *scores;
    bolter_class last;
};

static bool report_one(void *ud, const char *id, bool is_mail, const char *bytes, size_t n)
{
    struct report *r = ud;
    bolter_verdict v = {0};
    bolter_error err = {0};
    bolter_status rc = judge_bytes(&r->judge, is_mail, bytes, n, &v, &err);
    if (rc == BOLTER_OK && r->format == OUTPUT_JSON)
        rc = judge_scores(&r->judge, &v, r->scores, &err);
    if (rc == BOLTER_OK && r->explain)
        rc = judge_explain(&r->judge, &err);
    if (rc != BOLTER_OK) {
        complain("%s: %s", id ? id : "standard input", err.text);
        return false;
    }
    struct output_row row = {.id = id,
                             .verdict = &v,
                             .model = r->judge.model,
                             .scores = r->scores,
                             .pieces = r->explain ? r->judge.piece : NULL,
                             .n_pieces = r->judge.n_pieces};
    output_row(stdout, r->format, &row);
    r->last = v.decision;
    return true;
}

static int report_all(struct report *r, const struct arguments *a)
{
    size_t n = 0;
    bool ok = operand_each(a->paths, a->n_paths, a->kind, report_one, r, &n);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain("standard output: %s", strerror(errno));
        return EXIT_ERROR;
    }
    if (ok && n == 0)
        complain("no message in the input");
    if (!ok || n == 0)
        return EXIT_ERROR;
    return n == 1 ? verdict_status(r->last) : 0;
}

static int run_report(const struct arguments *a)
{
    struct report r = {.format = a->format, .explain = a->explain};
    bolter_error err = {0};
    if (judge_open(&r.judge, a->model_dir, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return EXIT_ERROR;
    }
    int status = EXIT_ERROR;
    r.scores = calloc((size_t)bolter_model_info_of(r.judge.model)->n_label, sizeof *r.scores);
    if (r.scores)
        status = report_all(&r, a);
    else
        complain("no memory for the scores");
    free(r.scores);
    judge_close(&r.judge);
    return status;
}

/* ---- Main ---- */

/* A file opened later must not get the number of a closed standard stream. */
static bool standard_streams_open(void)
{
    if (fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0) {
        complain("standard input or output is closed");
        return false;
    }
    return fcntl(STDERR_FILENO, F_GETFD) >= 0 || open("/dev/null", O_WRONLY) == STDERR_FILENO;
}

/*
 * OpenBLAS starts a thread a processor when it is loaded, each with 40 MB of address space, and
 * waits for ever where a limit refuses them. One thread is all we use: under a limit, start again
 * and say so.
 */
static void start_with_one_thread(char **argv)
{
    static const char name[] = "OPENBLAS_NUM_THREADS";
    struct rlimit limit;
    if (getenv(name) || getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    if (setenv(name, "1", 1) == 0)
        execv("/proc/self/exe", argv); /* where this fails, go on as we are */
}

int main(int argc, char **argv)
{
    struct arguments a;
    start_with_one_thread(argv);
    signal(SIGPIPE, SIG_IGN);
    bool usable = arguments_parse(&a, argc, argv);
    if (!standard_streams_open())
        return a.passthrough ? EXIT_TEMPFAIL : EXIT_ERROR;
    if (!usable && !a.passthrough)
        return EXIT_ERROR;
    if (!usable) {
        passthrough_unmarked(STDIN_FILENO, stdout);
        return EXIT_TEMPFAIL;
    }
    if (a.help)
        arguments_help();
    else if (a.version)
        printf("bolter %s\n", bolter_version());
    else
        return a.passthrough ? run_passthrough(&a) : run_report(&a);
    return fflush(stdout) == 0 ? 0 : EXIT_ERROR;
}
