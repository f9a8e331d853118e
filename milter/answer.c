/* answer.c - from a whole message to an action. */
#include "milter/answer.h"

#include <stdio.h>

#include "milter/failure.h"
#include "milter/field.h"
#include "milter/metrics.h"
#include "milter/record.h"

/* What is known about one message when it is answered. */
struct outcome {
    bolter_status status;
    bolter_error err;
    enum failure failure;
    bolter_verdict verdict;
    enum action action;
    char reply[SETTINGS_TEXT_MAX + 1]; /* text of a refusal */
};

static void fail(struct outcome *o, bolter_status status, const char *text)
{
    o->status = status;
    o->failure = failure_of(status);
    o->err = (bolter_error){.code = status};
    snprintf(o->err.text, sizeof o->err.text, "%s", text);
}

static void classify(struct outcome *o, const struct question *q, const struct mta *mta)
{
    const struct settings *s = &q->snapshot->settings;
    const char *utf8;
    size_t n;
    if (!q->mail) {
        fail(o, BOLTER_E_NOMEM, "no memory for the message");
        return;
    }
    if (mail_forged(q->mail)->too_many > 0) {
        fail(o, BOLTER_E_LIMIT, "more forged fields than can be removed");
        return;
    }
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
    o->status = bolter_service_classify(q->snapshot->service, utf8, n, (uint32_t)s->timeout_ms,
                                        (uint32_t)s->progress_ms, mta->progress, mta->ud,
                                        &o->verdict, &o->err);
    o->failure = failure_of(o->status);
    o->verdict.truncated = o->verdict.truncated || mail_truncated(q->mail);
}

static void decide(struct outcome *o, const struct question *q)
{
    const struct settings *s = &q->snapshot->settings;
    snprintf(o->reply, sizeof o->reply, "%s", s->reject_text);
    if (q->mail && mail_forged(q->mail)->too_many > 0) {
        /* Nothing but an attack looks like this, and it must not pass with a verdict of its own. */
        snprintf(o->reply, sizeof o->reply, "Message refused: too many X-Spam fields");
        o->action = ACTION_REJECT;
        return;
    }
    if (o->failure != FAILURE_NONE) {
        o->action = failure_action(o->failure, s);
        return;
    }
    policy_decide(&o->verdict, s, bolter_model_info_of(q->snapshot->model));
    o->action = policy_of_verdict(&o->verdict, s, q->authenticated);
}

/* Each field goes above all others, so the last of ours goes first. */
static bool insert_fields(const struct outcome *o, const struct question *q, const struct mta *mta)
{
    const struct snapshot *snap = q->snapshot;
    struct field_set set;
    if (o->failure != FAILURE_NONE)
        return failure_mark(o->failure, mta);
    field_format(&set, &o->verdict, snap->model,
                 policy_spam_threshold(&snap->settings, bolter_model_info_of(snap->model)));
    for (size_t i = set.n; i > 0; i--)
        if (!mta->insert_header(mta->ud, set.field[i - 1].name, set.field[i - 1].value))
            return false;
    return true;
}

static bool refuse(const struct outcome *o, const struct settings *s, const struct mta *mta)
{
    char code[8], text[2 * sizeof o->reply];
    snprintf(code, sizeof code, "%d", (int)s->reject_code);
    policy_reply_text(text, sizeof text, o->reply);
    return mta->reply(mta->ud, code, s->reject_dsn, text);
}

static bool carry_out(const struct outcome *o, const struct question *q, const struct mta *mta)
{
    switch (o->action) {
    case ACTION_MARK:
        return (!q->mail || forged_remove(mail_forged(q->mail), mta)) && insert_fields(o, q, mta);
    case ACTION_ACCEPT:
        return !q->mail || forged_remove(mail_forged(q->mail), mta);
    case ACTION_REJECT:
        return refuse(o, &q->snapshot->settings, mta);
    case ACTION_TEMPFAIL:
        break;
    }
    return true;
}

static void log_verdict(const struct outcome *o, const struct question *q)
{
    const bolter_verdict *v = &o->verdict;
    struct record r;
    record_begin(&r);
    record_word(&r, "id", q->id);
    record_word(&r, "verdict", policy_class_name(v->decision));
    record_word(&r, "label", bolter_model_label(q->snapshot->model, v->label));
    record_number(&r, "score", (double)v->spam, 4);
    record_word(&r, "action", policy_action_name(o->action));
    record_number(&r, "tokens", (double)v->n_tokens, 0);
    record_bool(&r, "truncated", v->truncated);
    record_bool(&r, "degraded", v->degraded);
    record_number(&r, "queued_ms", v->queue_ms, 1);
    record_number(&r, "computed_ms", v->compute_ms, 1);
    record_word(&r, "model", v->model_id);
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

/* The log line, and the counters. */
static void note(const struct outcome *o, const struct question *q, double seconds)
{
    bool judged = o->failure == FAILURE_NONE;
    if (judged)
        log_verdict(o, q);
    else
        log_failure(o, q);
    metrics_message(policy_action_name(o->action),
                    judged ? policy_class_name(o->verdict.decision) : failure_name(o->failure),
                    judged ? &o->verdict : NULL, seconds);
}

enum action answer_message(const struct question *q, const struct mta *mta)
{
    struct outcome o = {.status = BOLTER_OK};
    double begin_s = metrics_clock();
    classify(&o, q, mta);
    decide(&o, q);
    /* Half of the changes are worse than none: a server that could not be told tries again later.
     */
    if (!carry_out(&o, q, mta)) {
        fail(&o, BOLTER_E_IO, "the mail server did not take the changes");
        o.action = ACTION_TEMPFAIL;
    }
    note(&o, q, metrics_clock() - begin_s);
    return o.action;
}
