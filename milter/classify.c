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
#include <unistd.h>

#include "bolter.h"
#include "milter/arguments.h"
#include "milter/ask.h"
#include "milter/complain.h"
#include "milter/judge.h"
#include "milter/operand.h"
#include "milter/output.h"
#include "milter/passthrough.h"

enum { EXIT_ERROR = 3, EXIT_TEMPFAIL = 75 };

#define LOADING "%s; loading the model instead"

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

/* As a milter does without other orders: no field, and none that pretends to be ours. */
static bool write_nothing(struct passthrough_report *out)
{
    out->decision = BOLTER_UNSURE;
    out->block[0] = 0;
    return true;
}

/* The daemon's verdict, in half the time that there is: if it has none, there is the other half. */
static bool ask_for_passthrough(const struct arguments *a, const char *bytes, size_t n,
                                struct passthrough_report *out)
{
    static struct ask_reply reply;
    bolter_error err = {0};
    bolter_status rc = ask(a->socket, true, bytes, n, (a->timeout_s + 1) / 2, &reply, &err);
    if (rc == BOLTER_OK && (*reply.block || *reply.unscorable)) {
        out->decision = reply.verdict.decision;
        memcpy(out->block, reply.block, sizeof out->block);
        return true;
    }
    complain(LOADING, rc == BOLTER_OK ? "the daemon gave no header fields" : err.text);
    return false;
}

static void say_what_is_assumed(const struct judge *j)
{
    char text[512];
    if (bolter_model_assumed(j->model, text, sizeof text))
        complain("warning: %s", text);
}

static bool judge_for_passthrough(void *ud, const char *bytes, size_t n,
                                  struct passthrough_report *out)
{
    const struct arguments *a = ud;
    if (a->socket && ask_for_passthrough(a, bytes, n, out))
        return true;
    struct judge j;
    bolter_verdict v = {0};
    bolter_error err = {0};
    bolter_status rc = judge_open(&j, a->model_dir, a->precision, &err);
    if (rc == BOLTER_OK)
        say_what_is_assumed(&j);
    if (rc == BOLTER_OK)
        rc = judge_bytes(&j, true, bytes, n, &v, &err);
    if (rc == BOLTER_OK && a->explain && !j.unscorable)
        rc = judge_explain(&j, &err);
    if (rc != BOLTER_OK)
        complain("%s", err.text);
    bool ok = rc == BOLTER_OK && (j.unscorable ? write_nothing(out) : write_block(&j, &v, out));
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
    const struct arguments *arguments;
    const char *socket; /* of the daemon, until it failed once */
    struct judge judge; /* opened when it is needed */
    const char **label; /* of the judge's model, with room for their scores */
    float *scores;
    bolter_class last;
};

static void put_row(struct report *r, const struct output_row *row)
{
    output_row(stdout, r->arguments->format, row);
    r->last = row->verdict->decision;
}

/* Load the model, at the first message that needs it. */
static bolter_status open_judge(struct report *r, bolter_error *err)
{
    if (r->judge.model)
        return BOLTER_OK;
    bolter_status rc = judge_open(&r->judge, r->arguments->model_dir, r->arguments->precision, err);
    if (rc != BOLTER_OK)
        return rc;
    say_what_is_assumed(&r->judge);
    size_t n = (size_t)bolter_model_info_of(r->judge.model)->n_label;
    r->label = calloc(n, sizeof *r->label);
    r->scores = calloc(n, sizeof *r->scores);
    if (!r->label || !r->scores) {
        *err = (bolter_error){.code = BOLTER_E_NOMEM, .text = "no memory for the scores"};
        return err->code;
    }
    for (size_t i = 0; i < n; i++)
        r->label[i] = bolter_model_label(r->judge.model, (int32_t)i);
    return BOLTER_OK;
}

/* By the daemon; false, and the model is loaded from then on, if it cannot. */
static bool report_asked(struct report *r, const char *id, bool is_mail, const char *bytes, size_t n)
{
    static struct ask_reply reply;
    const char *label[ASK_LABELS];
    bolter_error err = {0};
    bolter_status rc =
        ask(r->socket, is_mail, bytes, n, r->arguments->timeout_s, &reply, &err);
    bool in_range = reply.verdict.label >= 0 && (size_t)reply.verdict.label < reply.n_label;
    if (rc == BOLTER_OK &&
        (in_range || *reply.unscorable || r->arguments->format != OUTPUT_JSON)) {
        for (size_t i = 0; i < reply.n_label; i++)
            label[i] = reply.label[i];
        put_row(r, &(struct output_row){.id = id,
                                        .verdict = &reply.verdict,
                                        .unscorable = *reply.unscorable ? reply.unscorable : NULL,
                                        .n_label = reply.n_label,
                                        .label = label,
                                        .scores = reply.score});
        return true;
    }
    complain(LOADING, rc == BOLTER_OK ? "the daemon does not tell the scores of all labels"
                                      : err.text);
    r->socket = NULL;
    return false;
}

static bool report_one(void *ud, const char *id, bool is_mail, const char *bytes, size_t n)
{
    struct report *r = ud;
    bolter_verdict v = {0};
    bolter_error err = {0};
    if (r->socket && report_asked(r, id, is_mail, bytes, n))
        return true;
    bolter_status rc = open_judge(r, &err);
    if (rc == BOLTER_OK)
        rc = judge_bytes(&r->judge, is_mail, bytes, n, &v, &err);
    bool scored = rc == BOLTER_OK && !r->judge.unscorable;
    if (scored && r->arguments->format == OUTPUT_JSON)
        rc = judge_scores(&r->judge, &v, r->scores, &err);
    if (rc == BOLTER_OK && scored && r->arguments->explain)
        rc = judge_explain(&r->judge, &err);
    if (rc != BOLTER_OK) {
        complain("%s: %s", id ? id : "standard input", err.text);
        return false;
    }
    put_row(r, &(struct output_row){
                   .id = id,
                   .verdict = &v,
                   .unscorable = r->judge.unscorable,
                   .n_label = (size_t)bolter_model_info_of(r->judge.model)->n_label,
                   .label = r->label,
                   .scores = r->scores,
                   .pieces = r->arguments->explain ? r->judge.piece : NULL,
                   .n_pieces = r->judge.n_pieces});
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
    struct report r = {.arguments = a, .socket = a->socket};
    bolter_error err = {0};
    int status = EXIT_ERROR;
    /* Without a daemon, a model that does not open is said once, not for each message. */
    if (a->socket || open_judge(&r, &err) == BOLTER_OK)
        status = report_all(&r, a);
    else
        complain("%s", err.text);
    free(r.label);
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

int main(int argc, char **argv)
{
    struct arguments a;
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
