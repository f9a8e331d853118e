/*
 * askd.c - read a message, judge it as the command bolter would, answer in lines.
 *
 * As the command would: with the library's limits and the model's thresholds, not with the settings,
 * so that the same message gets the same verdict with and without the daemon.
 */
#include "milter/askd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "milter/ask.h"
#include "milter/field.h"
#include "milter/mark.h"
#include "milter/metrics.h"
#include "milter/operand.h"
#include "milter/snapshot.h"

/* More is not even read from a client: no message is larger. */
#define REQUEST_MAX ((size_t)64 << 20)
#define CHUNK       65536
/* Seconds in which it must have come: a client that dawdles holds the place of another. */
#define PATIENCE_S 60

struct request {
    int fd;
    const struct snapshot *snapshot;
    bolter_text *text;
    bool is_mail;
    const char *unscorable; /* as judge.h has it */
    char *plain; /* the text, of OPERAND_TEXT_MAX bytes at most */
    size_t n_plain, n_read;
    char chunk[CHUNK];
};

static bolter_status fail(bolter_error *err, bolter_status code, const char *text)
{
    err->code = code;
    snprintf(err->text, sizeof err->text, "%s", text);
    return code;
}

/* The first line, byte for byte: it is short. */
static bolter_status read_head(struct request *r, bolter_error *err)
{
    char line[32], want[32];
    size_t n = 0;
    while (n + 1 < sizeof line && recv(r->fd, line + n, 1, 0) == 1 && line[n] != '\n')
        n++;
    line[n] = 0;
    snprintf(want, sizeof want, "bolter %d mail", ASK_VERSION);
    r->is_mail = strcmp(line, want) == 0;
    snprintf(want, sizeof want, "bolter %d text", ASK_VERSION);
    bool known = r->is_mail || strcmp(line, want) == 0;
    return known ? BOLTER_OK : fail(err, BOLTER_E_FORMAT, "expected a request of version 1");
}

static bolter_status keep(struct request *r, size_t n, bolter_error *err)
{
    if (r->is_mail)
        return bolter_text_chunk(r->text, r->chunk, n, err);
    size_t room = OPERAND_TEXT_MAX - r->n_plain;
    if (!r->plain && !(r->plain = malloc(OPERAND_TEXT_MAX)))
        return fail(err, BOLTER_E_NOMEM, "no memory for the text");
    memcpy(r->plain + r->n_plain, r->chunk, n < room ? n : room);
    r->n_plain += n < room ? n : room;
    return BOLTER_OK;
}

static bolter_status read_body(struct request *r, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    double begin_s = metrics_clock();
    while (rc == BOLTER_OK) {
        if (metrics_clock() - begin_s > PATIENCE_S)
            return fail(err, BOLTER_E_TIMEOUT, "the message did not come in time");
        ssize_t n = recv(r->fd, r->chunk, sizeof r->chunk, 0);
        if (n == 0)
            return BOLTER_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (r->n_read += (size_t)n) > REQUEST_MAX)
            return fail(err, BOLTER_E_IO, n < 0 ? "the message did not come" : "more than 64 MiB");
        rc = keep(r, (size_t)n, err);
    }
    return rc;
}

static bolter_status judge(struct request *r, bolter_verdict *v, bolter_error *err)
{
    const struct settings *s = &r->snapshot->settings;
    const char *utf8;
    size_t n;
    bolter_status rc = r->is_mail
                           ? bolter_text_finish(r->text, &utf8, &n, err)
                           : bolter_text_plain(r->text, r->plain ? r->plain : "", r->n_plain, &utf8,
                                               &n, err);
    if (rc == BOLTER_OK && r->is_mail && r->n_read > 0)
        r->unscorable = bolter_text_unscorable(r->text);
    if (r->unscorable)
        return BOLTER_OK;
    if (rc == BOLTER_OK)
        rc = bolter_service_classify_text(r->snapshot->service, r->text, (uint32_t)s->timeout_ms, 0,
                                          NULL, NULL, v, err);
    if (rc == BOLTER_OK)
        v->truncated = v->truncated || bolter_text_truncated(r->text);
    return rc;
}

/* ---- The answer ----------------------------------------------------------------------------------- */

/* With two labels the verdict knows both; of more it knows one. */
static void print_scores(FILE *out, const bolter_model *m, const bolter_verdict *v)
{
    const bolter_model_info *info = bolter_model_info_of(m);
    for (int32_t i = 0; info->n_label == 2 && i < 2; i++)
        fprintf(out, "score %.9g %s\n",
                (double)(i == info->spam_label ? v->spam : 1.0F - v->spam),
                bolter_model_label(m, i));
}

static void print_fields(FILE *out, const bolter_model *m, const bolter_verdict *v)
{
    struct field_set set;
    struct style style;
    char block[MARK_BLOCK_MAX];
    const struct field_facts facts = {
        .verdict = v, .model = m, .required = bolter_model_info_of(m)->spam_threshold};
    style_default(&style);
    field_format(&set, &style, &facts);
    if (!mark_block(block, sizeof block, &set))
        return;
    for (const char *line = block; *line;) {
        size_t n = strcspn(line, "\n");
        fprintf(out, "field %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

static void print_verdict(FILE *out, const bolter_model *m, const bolter_verdict *v)
{
    fprintf(out, "bolter %d\ndecision %d\nlabel %d\nspam %.9g\nprob %.9g\n", ASK_VERSION,
            (int)v->decision, (int)v->label, (double)v->spam, (double)v->prob);
    fprintf(out,
            "tokens %zu\nwindows %zu\ntruncated %d\ndegraded %d\nqueue_ms %.3f\ncompute_ms %.3f\n"
            "model %s\n",
            v->n_tokens, v->n_windows, v->truncated, v->degraded, v->queue_ms, v->compute_ms, v->model_id);
    print_scores(out, m, v);
    print_fields(out, m, v);
    fputs("end\n", out);
}

static void send_answer(const struct request *r, const bolter_verdict *v, const bolter_error *err)
{
    char *answer = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&answer, &n);
    if (!out)
        return;
    if (err->code == BOLTER_OK && r->unscorable)
        fprintf(out, "bolter %d\ndecision %d\nunscorable %s\nmodel %s\nend\n", ASK_VERSION,
                (int)BOLTER_UNSURE, r->unscorable, bolter_model_info_of(r->snapshot->model)->id);
    else if (err->code == BOLTER_OK)
        print_verdict(out, r->snapshot->model, v);
    else
        fprintf(out, "bolter %d\nerror %s\n", ASK_VERSION, err->text);
    bool whole = fclose(out) == 0; /* only now is answer what was printed */
    const char *p = answer;
    for (ssize_t k; whole && n > 0 && (k = send(r->fd, p, n, MSG_NOSIGNAL)) > 0; n -= (size_t)k)
        p += k;
    free(answer);
}

static void serve(struct request *r)
{
    bolter_verdict v = {.decision = BOLTER_UNSURE};
    bolter_error err = {0};
    bolter_text_options o = {.layout = bolter_model_info_of(r->snapshot->model)->text_layout};
    bolter_status rc = bolter_text_open(&r->text, &o, &err);
    if (rc == BOLTER_OK)
        rc = read_head(r, &err);
    if (rc == BOLTER_OK)
        rc = read_body(r, &err);
    if (rc == BOLTER_OK)
        rc = judge(r, &v, &err);
    err.code = rc;
    send_answer(r, &v, &err);
    metrics_ask(rc == BOLTER_OK);
    bolter_text_free(r->text);
    free(r->plain);
}

void askd_answer(void *holder, int fd)
{
    struct request *r = calloc(1, sizeof *r);
    struct snapshot *s = r ? snapshot_acquire(holder) : NULL;
    if (s) {
        r->fd = fd;
        r->snapshot = s;
        serve(r);
    }
    snapshot_release(holder, s);
    free(r);
}
