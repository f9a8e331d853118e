/* ask.c - connect, send, read lines. */
#include "milter/ask.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Longest answer: fields, labels and a few lines. */
#define ANSWER_MAX (MARK_BLOCK_MAX + 8192)

static bolter_status fail(bolter_error *err, bolter_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bolter_status fail(bolter_error *err, bolter_status code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err->code = code;
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return code;
}

static bolter_status fail_errno(bolter_error *err, const char *spec, const char *doing)
{
    bool late = errno == EAGAIN || errno == EWOULDBLOCK;
    return fail(err, late ? BOLTER_E_TIMEOUT : BOLTER_E_IO, "%s: cannot %s: %s", spec, doing,
                late ? "no answer in time" : strerror(errno));
}

static bolter_status reach(const char *spec, unsigned timeout_s, int *out, bolter_error *err)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = (time_t)timeout_s};
    const char *path = strncmp(spec, "unix:", 5) == 0 ? spec + 5 : spec;
    if (*path != '/' || strlen(path) >= sizeof sun.sun_path)
        return fail(err, BOLTER_E_ARG, "%.80s: expected unix:PATH with a path of at most 107 bytes",
                    spec);
    memcpy(sun.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail_errno(err, spec, "open a socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (const struct sockaddr *)&sun, sizeof sun) != 0) {
        bolter_status rc = fail_errno(err, spec, "connect");
        close(fd);
        return rc;
    }
    *out = fd;
    return BOLTER_OK;
}

static bolter_status put(int fd, const char *spec, const char *bytes, size_t n, bolter_error *err)
{
    while (n > 0) {
        ssize_t k = send(fd, bytes, n, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return fail_errno(err, spec, "send");
        bytes += k;
        n -= (size_t)k;
    }
    return BOLTER_OK;
}

static bolter_status get(int fd, const char *spec, char answer[ANSWER_MAX + 1], bolter_error *err)
{
    size_t n = 0;
    for (ssize_t k = 1; k != 0; n += k > 0 ? (size_t)k : 0) {
        if (n == ANSWER_MAX)
            return fail(err, BOLTER_E_FORMAT, "%s: the answer is too long", spec);
        k = recv(fd, answer + n, ANSWER_MAX - n, 0);
        if (k < 0 && errno != EINTR)
            return fail_errno(err, spec, "read");
    }
    answer[n] = 0;
    return BOLTER_OK;
}

/* ---- The answer ----------------------------------------------------------------------------------- */

static bool take_score(struct ask_reply *r, const char *value)
{
    char *end;
    if (r->n_label == ASK_LABELS)
        return false;
    r->score[r->n_label] = (float)strtod(value, &end);
    if (end == value || *end != ' ')
        return false;
    snprintf(r->label[r->n_label++], ASK_LABEL_MAX, "%s", end + 1);
    return true;
}

static bool take_field(struct ask_reply *r, const char *value)
{
    size_t n = strlen(r->block);
    int more = snprintf(r->block + n, sizeof r->block - n, "%s\n", value);
    return more > 0 && (size_t)more < sizeof r->block - n;
}

static bool take_number(bolter_verdict *v, const char *key, const char *value)
{
    double x = strtod(value, NULL);
    if (strcmp(key, "decision") == 0)
        v->decision = x == BOLTER_SPAM ? BOLTER_SPAM : x == BOLTER_HAM ? BOLTER_HAM : BOLTER_UNSURE;
    else if (strcmp(key, "label") == 0)
        v->label = (int32_t)strtol(value, NULL, 10);
    else if (strcmp(key, "spam") == 0)
        v->spam = (float)x;
    else if (strcmp(key, "prob") == 0)
        v->prob = (float)x;
    else if (strcmp(key, "tokens") == 0)
        v->n_tokens = strtoul(value, NULL, 10);
    else if (strcmp(key, "windows") == 0)
        v->n_windows = strtoul(value, NULL, 10);
    else if (strcmp(key, "truncated") == 0)
        v->truncated = x != 0;
    else if (strcmp(key, "degraded") == 0)
        v->degraded = x != 0;
    else if (strcmp(key, "queue_ms") == 0)
        v->queue_ms = x;
    else if (strcmp(key, "compute_ms") == 0)
        v->compute_ms = x;
    return true;
}

/* One line; false if it cannot be. */
static bool take(struct ask_reply *r, const char *key, const char *value)
{
    if (strcmp(key, "score") == 0)
        return take_score(r, value);
    if (strcmp(key, "field") == 0)
        return take_field(r, value);
    if (strcmp(key, "unscorable") == 0)
        snprintf(r->unscorable, sizeof r->unscorable, "%s",
                 strcmp(value, "encrypted") == 0 ? "encrypted" : "empty"); /* it is printed as it is */
    if (strcmp(key, "model") == 0)
        snprintf(r->verdict.model_id, sizeof r->verdict.model_id, "%s", value);
    return take_number(&r->verdict, key, value);
}

static bolter_status parse(char *answer, const char *spec, struct ask_reply *r, bolter_error *err)
{
    bool known = false;
    *r = (struct ask_reply){.n_label = 0};
    for (char *line = answer, *next; *line; line = next) {
        size_t n = strcspn(line, "\n");
        next = line + n + (line[n] == '\n');
        line[n] = 0;
        char *value = line + strcspn(line, " ");
        value += *value == ' ' ? (*value = 0, 1) : 0;
        if (strcmp(line, "end") == 0 && known)
            return BOLTER_OK;
        if (strcmp(line, "error") == 0)
            return fail(err, BOLTER_E_MISMATCH, "%s: %s", spec, value);
        if (strcmp(line, "bolter") == 0)
            known = strtol(value, NULL, 10) == ASK_VERSION;
        else if (!known || !take(r, line, value))
            break;
    }
    return fail(err, BOLTER_E_FORMAT, "%s: the answer is not that of a bolter-milter", spec);
}

bolter_status ask(const char *spec, bool is_mail, const char *bytes, size_t n, unsigned timeout_s,
                  struct ask_reply *out, bolter_error *err)
{
    char answer[ANSWER_MAX + 1], head[32];
    int fd = -1;
    bolter_status rc = reach(spec, timeout_s, &fd, err);
    if (rc != BOLTER_OK)
        return rc;
    snprintf(head, sizeof head, "bolter %d %s\n", ASK_VERSION, is_mail ? "mail" : "text");
    rc = put(fd, spec, head, strlen(head), err);
    if (rc == BOLTER_OK)
        rc = put(fd, spec, bytes, n, err);
    if (rc == BOLTER_OK && shutdown(fd, SHUT_WR) != 0)
        rc = fail_errno(err, spec, "send");
    if (rc == BOLTER_OK)
        rc = get(fd, spec, answer, err);
    if (rc == BOLTER_OK)
        rc = parse(answer, spec, out, err);
    close(fd);
    return rc;
}
