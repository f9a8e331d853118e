/* answer.c - from a whole message to an action. */
#include "milter/answer.h"

#include <stdio.h>
#include <string.h>

#include "milter/field.h"
#include "milter/log.h"

#define ID_MAX    64
#define LABEL_MAX 48

/* What is known about one message when it is answered. */
struct outcome {
    bolter_status status;
    bolter_error err;
    bolter_verdict verdict;
    enum action action;
    char reply[SETTINGS_TEXT_MAX + 1]; /* text of a refusal */
};

static void fail(struct outcome *o, bolter_status status, const char *text)
{
    o->status = status;
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
    if (o->status != BOLTER_OK)
        return;
    o->status = bolter_service_classify(q->snapshot->service, utf8, n, (uint32_t)s->timeout_ms,
                                        (uint32_t)s->progress_ms, mta->progress, mta->ud,
                                        &o->verdict, &o->err);
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
    if (o->status != BOLTER_OK) {
        o->action = policy_of_failure(o->status, s);
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
        return forged_remove(mail_forged(q->mail), mta) && insert_fields(o, q, mta);
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
    char id[ID_MAX], label[LABEL_MAX];
    const bolter_verdict *v = &o->verdict;
    log_write(SETTINGS_LOG_INFO,
              "id=%s verdict=%s label=%s score=%.4f action=%s tokens=%zu truncated=%s "
              "queued_ms=%.1f computed_ms=%.1f model=%s forged=%lu",
              log_word(id, sizeof id, q->id), policy_class_name(v->decision),
              log_word(label, sizeof label, bolter_model_label(q->snapshot->model, v->label)),
              (double)v->spam, policy_action_name(o->action), v->n_tokens,
              v->truncated ? "yes" : "no", v->queue_ms, v->compute_ms, v->model_id,
              mail_forged(q->mail)->count);
}

static void log_outcome(const struct outcome *o, const struct question *q)
{
    char id[ID_MAX];
    if (o->status == BOLTER_OK)
        log_verdict(o, q);
    else
        log_write(SETTINGS_LOG_WARNING, "id=%s failure=%s action=%s reason=\"%s\"",
                  log_word(id, sizeof id, q->id), bolter_status_name(o->status),
                  policy_action_name(o->action), o->err.text);
}

enum action answer_message(const struct question *q, const struct mta *mta)
{
    struct outcome o = {.status = BOLTER_OK};
    classify(&o, q, mta);
    decide(&o, q);
    /* Half of the changes are worse than none: a server that could not be told tries again later.
     */
    if (!carry_out(&o, q, mta)) {
        fail(&o, BOLTER_E_IO, "the mail server did not take the changes");
        o.action = ACTION_TEMPFAIL;
    }
    log_outcome(&o, q);
    return o.action;
}
