/*
 * answer.c - from a whole message to an action.
 *
 *     sender, client, recipients -> standing: skip, score, full, denied
 *     text -> verdict (unless skipped or denied) -> ruling -> action -> what the server is told
 *
 * A failure of ours leads to ACCEPT or TEMPFAIL and to nothing else: it never destroys mail.
 */
#include "milter/answer.h"

#include <stdio.h>
#include <string.h>

#include "milter/act.h"
#include "milter/field.h"
#include "milter/log.h"
#include "milter/rules.h"

#define ID_MAX    64
#define LABEL_MAX 48

/* What is known about one message when it is answered. */
struct outcome {
    bolter_status status;
    bolter_error err;
    bolter_verdict verdict;
    struct standing standing;
    struct ruling ruling;
    enum action action;
    struct act_reply reply;
    struct field_set fields;
    bolter_piece piece[FIELD_PIECES];
    size_t n_pieces;
};

static void fail(struct outcome *o, bolter_status status, const char *text)
{
    o->status = status;
    o->err = (bolter_error){.code = status};
    snprintf(o->err.text, sizeof o->err.text, "%s", text);
}

static const bolter_model_info *info_of(const struct question *q)
{
    return bolter_model_info_of(q->snapshot->model);
}

/* What spoke for spam. It is an extra: a message goes on without it. */
static void explain(struct outcome *o, const struct question *q, const struct mta *mta,
                    const char *utf8, size_t n)
{
    const struct settings *s = &q->snapshot->settings;
    double left_ms = (double)s->timeout_ms - o->verdict.queue_ms - o->verdict.compute_ms;
    bolter_error err = {0};
    if (s->explain != SETTINGS_YES || (double)o->verdict.spam < o->ruling.unsure_at || left_ms < 1)
        return;
    if (bolter_service_explain(q->snapshot->service, utf8, n, (uint32_t)left_ms,
                               (uint32_t)s->progress_ms, mta->progress, mta->ud, o->piece,
                               FIELD_PIECES, &o->n_pieces, &err) == BOLTER_OK)
        return;
    o->n_pieces = 0;
    log_write(SETTINGS_LOG_DEBUG, "no explanation: %s", err.text);
}

static void classify(struct outcome *o, const struct question *q, const struct mta *mta)
{
    const struct settings *s = &q->snapshot->settings;
    const char *utf8;
    size_t n;
    o->status = mail_finish(q->mail, &utf8, &n, &o->err);
    if (o->status == BOLTER_OK)
        o->status = bolter_service_classify(q->snapshot->service, utf8, n, (uint32_t)s->timeout_ms,
                                            (uint32_t)s->progress_ms, mta->progress, mta->ud,
                                            &o->verdict, &o->err);
    if (o->status != BOLTER_OK)
        return;
    o->verdict.truncated = o->verdict.truncated || mail_truncated(q->mail);
    rules_rule(&o->ruling, q->snapshot->rules, s, q->envelope, info_of(q), (double)o->verdict.spam);
    o->verdict.decision = policy_class(&o->ruling, (double)o->verdict.spam);
    explain(o, q, mta, utf8, n);
}

/* The postmaster has spoken: the model is not asked. */
static void deny(struct outcome *o, const struct question *q)
{
    const bolter_model_info *m = info_of(q);
    o->verdict =
        (bolter_verdict){.decision = BOLTER_SPAM, .label = m->spam_label, .prob = 1, .spam = 1};
    snprintf(o->verdict.model_id, sizeof o->verdict.model_id, "%s", m->id);
    rules_deny(&o->ruling, q->snapshot->rules, &q->snapshot->settings, q->envelope, m);
}

/* Nothing but an attack looks like this, and it must not pass with a verdict of its own. */
static void refuse_attack(struct outcome *o, const struct settings *s)
{
    fail(o, BOLTER_E_LIMIT, "more forged fields than can be removed");
    o->action = ACTION_REJECT;
    o->reply = (struct act_reply){(int)s->reject_code, s->reject_dsn,
                                  "Message refused: too many X-Spam fields"};
}

static void decide(struct outcome *o, const struct question *q, const struct mta *mta)
{
    const struct settings *s = &q->snapshot->settings;
    if (o->status != BOLTER_OK) {
        o->action = policy_of_failure(o->status, s);
        return;
    }
    o->action = act_possible(o->ruling.action, mta, q->envelope);
    if (o->standing.mode != MODE_FULL)
        o->action = ACTION_MARK;
    if (o->action == ACTION_TEMPFAIL)
        o->reply = (struct act_reply){(int)s->tempfail_code, s->tempfail_dsn, s->tempfail_text};
    if (o->action == ACTION_REJECT)
        o->reply = (struct act_reply){(int)s->reject_code, s->reject_dsn, s->reject_text};
}

static void judge(struct outcome *o, const struct question *q, const struct mta *mta)
{
    const struct snapshot *snap = q->snapshot;
    if (!q->mail) {
        fail(o, BOLTER_E_NOMEM, "no memory for the message");
        o->action = policy_of_failure(o->status, &snap->settings);
        return;
    }
    if (mail_forged(q->mail)->too_many > 0) {
        refuse_attack(o, &snap->settings);
        return;
    }
    o->standing = rules_standing(snap->rules, &snap->settings, q->envelope, mail_from(q->mail));
    if (o->standing.mode == MODE_SKIP) {
        o->action = ACTION_ACCEPT;
        return;
    }
    if (o->standing.denied)
        deny(o, q);
    else
        classify(o, q, mta);
    decide(o, q, mta);
}

static bool carry_out(struct outcome *o, const struct question *q, const struct mta *mta)
{
    struct act a = {.action = o->action,
                    .settings = &q->snapshot->settings,
                    .mail = q->mail,
                    .envelope = q->envelope,
                    .fields = &o->fields,
                    .reply = o->reply};
    if (o->action >= ACTION_MARK && o->action <= ACTION_REDIRECT) {
        const struct field_facts facts = {.verdict = &o->verdict,
                                          .model = q->snapshot->model,
                                          .required = o->ruling.required,
                                          .denied = o->standing.denied};
        field_format(&o->fields, &q->snapshot->rules->style, &facts);
        field_explain(&o->fields, o->piece, o->n_pieces, o->verdict.decision == BOLTER_SPAM);
    }
    return act_carry_out(&a, mta);
}

static void log_verdict(const struct outcome *o, const struct question *q)
{
    char id[ID_MAX], label[LABEL_MAX];
    const bolter_verdict *v = &o->verdict;
    log_write(SETTINGS_LOG_INFO,
              "id=%s verdict=%s label=%s score=%.4f action=%s tokens=%zu truncated=%s "
              "queued_ms=%.1f computed_ms=%.1f model=%s forged=%lu%s",
              log_word(id, sizeof id, q->id), policy_class_name(v->decision),
              log_word(label, sizeof label, bolter_model_label(q->snapshot->model, v->label)),
              (double)v->spam, policy_action_name(o->action), v->n_tokens,
              v->truncated ? "yes" : "no", v->queue_ms, v->compute_ms, v->model_id,
              mail_forged(q->mail)->count, o->standing.denied ? " denied=yes" : "");
}

static void log_outcome(const struct outcome *o, const struct question *q)
{
    char id[ID_MAX];
    if (o->status != BOLTER_OK)
        log_write(SETTINGS_LOG_WARNING, "id=%s failure=%s action=%s reason=\"%s\"",
                  log_word(id, sizeof id, q->id), bolter_status_name(o->status),
                  policy_action_name(o->action), o->err.text);
    else if (o->standing.mode == MODE_SKIP)
        log_write(SETTINGS_LOG_INFO, "id=%s skipped=yes action=%s forged=%lu",
                  log_word(id, sizeof id, q->id), policy_action_name(o->action),
                  mail_forged(q->mail)->count);
    else
        log_verdict(o, q);
}

enum action answer_message(const struct question *q, const struct mta *mta)
{
    struct outcome o = {.standing = {.mode = MODE_FULL}};
    judge(&o, q, mta);
    /* Half of the changes are worse than none: a server that could not be told tries again later.
     */
    if (!carry_out(&o, q, mta)) {
        fail(&o, BOLTER_E_IO, "the mail server did not take the changes");
        o.action = ACTION_TEMPFAIL;
    }
    log_outcome(&o, q);
    return o.action;
}
