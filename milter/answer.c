/*
 * answer.c - from a whole message to an action.
 *
 *     sender, client, recipients -> standing: skip, score, full, denied
 *     text -> verdict (unless skipped or denied) -> ruling -> action -> what the server is told
 *
 * A failure of ours leads to ACCEPT, to a field that says so, or to TEMPFAIL: it never destroys
 * mail.
 */
#include "milter/answer.h"

#include <stdio.h>

#include "milter/act.h"
#include "milter/failure.h"
#include "milter/field.h"
#include "milter/log.h"
#include "milter/metrics.h"
#include "milter/record.h"
#include "milter/rules.h"

/* What is known about one message when it is answered. */
struct outcome {
    bolter_status status;
    bolter_error err;
    enum failure failure;
    bolter_verdict verdict;
    struct standing standing;
    struct ruling ruling;
    enum action action;
    struct act_reply reply;
    char reply_text[200]; /* of a reply that no setting words */
    struct field_set fields;
    bolter_piece piece[FIELD_PIECES];
    size_t n_pieces;
};

static void fail(struct outcome *o, bolter_status status, const char *text)
{
    o->status = status;
    o->failure = failure_of(status);
    o->err = (bolter_error){.code = status};
    snprintf(o->err.text, sizeof o->err.text, "%s", text);
}

static const bolter_model_info *info_of(const struct question *q)
{
    return bolter_model_info_of(q->snapshot->model);
}

/* What spoke for spam. It is an extra: a message goes on without it, and does while many wait. */
static void explain(struct outcome *o, const struct question *q, const struct mta *mta,
                    const char *utf8, size_t n)
{
    const struct settings *s = &q->snapshot->settings;
    double left_ms = (double)s->timeout_ms - o->verdict.queue_ms - o->verdict.compute_ms;
    bolter_error err = {0};
    if (s->explain != SETTINGS_YES || (double)o->verdict.spam < o->ruling.unsure_at ||
        o->verdict.degraded || left_ms < 1)
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
    o->failure = failure_of(o->status);
    if (o->status != BOLTER_OK)
        return;
    const char *unscorable = mail_unscorable(q->mail);
    if (unscorable) {
        o->failure = FAILURE_UNSCORABLE;
        snprintf(o->err.text, sizeof o->err.text, "the message is %s", unscorable);
        return;
    }
    o->status = bolter_service_classify_text(
        q->snapshot->service, mail_text(q->mail), (uint32_t)s->timeout_ms, (uint32_t)s->progress_ms,
        mta->progress, mta->ud, &o->verdict, &o->err);
    o->failure = failure_of(o->status);
    if (o->status != BOLTER_OK)
        return;
    o->verdict.truncated = o->verdict.truncated || mail_truncated(q->mail);
    rules_rule(&o->ruling, q->snapshot->rules, s, q->envelope, info_of(q), &o->verdict);
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
static void refuse_attack(struct outcome *o, const struct settings *s, const struct forged *f)
{
    char reason[200];
    snprintf(reason, sizeof reason,
             "%lu forged fields; at most %d, of %d names of up to %d bytes, can be removed",
             f->count + f->too_many, FORGED_FIELDS, FORGED_NAMES, FORGED_NAME_MAX);
    fail(o, BOLTER_E_LIMIT, reason);
    snprintf(o->reply_text, sizeof o->reply_text,
             "Message refused: too many X-Spam- or X-Bolter header fields (limit: %d of %d names)",
             FORGED_FIELDS, FORGED_NAMES);
    o->action = ACTION_REJECT;
    o->reply = (struct act_reply){(int)s->reject_code, s->reject_dsn, o->reply_text};
}

static void decide(struct outcome *o, const struct question *q, const struct mta *mta)
{
    const struct settings *s = &q->snapshot->settings;
    if (o->failure != FAILURE_NONE) {
        o->action = failure_action(o->failure, s);
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
        o->action = failure_action(o->failure, &snap->settings);
        return;
    }
    if (mail_forged(q->mail)->too_many > 0) {
        refuse_attack(o, &snap->settings, mail_forged(q->mail));
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
    if (o->failure != FAILURE_NONE && o->action == ACTION_MARK)
        return (!q->mail || forged_remove(mail_forged(q->mail), mta)) &&
               failure_mark(o->failure, mta);
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
    const bolter_verdict *v = &o->verdict;
    struct record r;
    record_begin(&r);
    record_word(&r, "id", q->id);
    record_word(&r, "verdict", bolter_class_name(v->decision));
    record_word(&r, "label", bolter_model_label(q->snapshot->model, v->label));
    record_number(&r, "score", (double)v->spam, 4);
    record_word(&r, "action", policy_action_name(o->action));
    record_bool(&r, "denied", o->standing.denied);
    record_number(&r, "windows", (double)v->n_windows, 0); /* of denied mail none */
    record_number(&r, "tokens", (double)v->n_tokens, 0);
    record_bool(&r, "truncated", v->truncated);
    record_bool(&r, "degraded", v->degraded);
    record_number(&r, "queued_ms", v->queue_ms, 1);
    record_number(&r, "computed_ms", v->compute_ms, 1);
    record_word(&r, "model", v->model_id);
    record_number(&r, "forged", (double)mail_forged(q->mail)->count, 0);
    record_write(&r, SETTINGS_LOG_INFO);
}

static void log_skipped(const struct outcome *o, const struct question *q)
{
    struct record r;
    record_begin(&r);
    record_word(&r, "id", q->id);
    record_bool(&r, "skipped", true);
    record_word(&r, "action", policy_action_name(o->action));
    record_number(&r, "forged", (double)mail_forged(q->mail)->count, 0);
    record_write(&r, SETTINGS_LOG_INFO);
}

static void log_failure(const struct outcome *o, const struct question *q)
{
    struct record r;
    record_begin(&r);
    record_word(&r, "id", q->id);
    record_word(&r, "failure", failure_name(o->failure));
    record_word(&r, "action", policy_action_name(o->action));
    record_text(&r, "reason", o->err.text);
    /* A message without content is nobody's fault. */
    bool harmless = o->failure == FAILURE_UNSCORABLE;
    record_write(&r, harmless ? SETTINGS_LOG_INFO : SETTINGS_LOG_WARNING);
}

/* Why a message has no verdict, or which one. */
static const char *reason_of(const struct outcome *o)
{
    if (o->failure != FAILURE_NONE)
        return failure_name(o->failure);
    if (o->standing.mode == MODE_SKIP)
        return "skipped";
    return o->standing.denied ? "denied" : bolter_class_name(o->verdict.decision);
}

static enum hours_kind kind_of(const struct outcome *o)
{
    if (o->failure != FAILURE_NONE && o->failure != FAILURE_UNSCORABLE)
        return HOURS_FAILED;
    if (o->failure != FAILURE_NONE || o->standing.mode == MODE_SKIP)
        return HOURS_OTHER;
    return (enum hours_kind)o->verdict.decision;
}

static void count(const struct outcome *o, double seconds)
{
    /* The score of denied mail is none of the model's. */
    bool judged =
        o->failure == FAILURE_NONE && o->standing.mode != MODE_SKIP && !o->standing.denied;
    metrics_message(&(struct metrics_answer){.action = policy_action_name(o->action),
                                             .reason = reason_of(o),
                                             .kind = kind_of(o),
                                             .refused = o->action >= ACTION_TEMPFAIL,
                                             .verdict = judged ? &o->verdict : NULL,
                                             .seconds = seconds});
}

static void write_log(const struct outcome *o, const struct question *q)
{
    if (o->failure != FAILURE_NONE)
        log_failure(o, q);
    else if (o->standing.mode == MODE_SKIP)
        log_skipped(o, q);
    else
        log_verdict(o, q);
}

enum action answer_message(const struct question *q, const struct mta *mta)
{
    struct outcome o = {.standing = {.mode = MODE_FULL}};
    double begin_s = metrics_clock();
    judge(&o, q, mta);
    /* Half of the changes are worse than none: a server that could not be told tries again later.
     */
    if (!carry_out(&o, q, mta)) {
        fail(&o, BOLTER_E_IO, "the mail server did not take the changes");
        o.action = ACTION_TEMPFAIL;
    }
    write_log(&o, q);
    count(&o, metrics_clock() - begin_s);
    return o.action;
}
