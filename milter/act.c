/* act.c - carry out what was decided. */
#include "milter/act.h"

#include <stdio.h>
#include <string.h>

#define SUBJECTS_MAX   100 /* each but the first costs the server a search of its header */
#define FIRST_LINE_MAX 900 /* of a subject with our word before it; RFC 5322, 2.1.1 allows 998 */
#define REPLY_LINE_MAX 980 /* of libmilter */

enum action act_possible(enum action a, const struct mta *mta, const struct envelope *e)
{
    bool redirect = mta->add_recipient && mta->delete_recipient && !e->incomplete;
    if ((a == ACTION_QUARANTINE && !mta->quarantine) || (a == ACTION_REDIRECT && !redirect))
        return ACTION_MARK;
    return a;
}

/* Each field goes above all others, so the last of ours goes first. */
static bool mark(const struct act *a, const struct mta *mta)
{
    const struct field_set *set = a->fields;
    if (!forged_remove(mail_forged(a->mail), mta))
        return false;
    for (size_t i = set->n; i > 0; i--)
        if (!mta->insert_header(mta->ud, set->field[i - 1].name, set->field[i - 1].value))
            return false;
    return true;
}

/* A message has one subject. Of several the first stays, so that none can hide the word. */
static bool tag_subject(const struct act *a, const struct mta *mta)
{
    const char *tag = a->settings->subject_tag, *old = mail_subject(a->mail);
    char value[MAIL_SUBJECT_MAX + 100];
    unsigned long n = mail_subjects(a->mail);
    if (n == 0)
        return mta->insert_header(mta->ud, "Subject", tag);
    for (; n > 1 && n <= SUBJECTS_MAX; n--)
        if (!mta->change_header(mta->ud, "Subject", n, NULL))
            return false;
    bool fits = strlen(tag) + strcspn(old, "\n") < FIRST_LINE_MAX;
    snprintf(value, sizeof value, "%s%s%s", tag, !*old ? "" : fits ? " " : "\n ", old);
    return mta->change_header(mta->ud, "Subject", 1, value);
}

static bool redirect(const struct act *a, const struct mta *mta)
{
    const struct envelope *e = a->envelope;
    field_orig_to(a->fields, e->recipient, e->n_recipients);
    for (size_t i = 0; i < e->n_recipients; i++)
        if (!mta->delete_recipient(mta->ud, e->recipient[i]))
            return false;
    char address[SETTINGS_TEXT_MAX + 3];
    snprintf(address, sizeof address, "<%s>", a->settings->redirect_to);
    return mta->add_recipient(mta->ud, address);
}

/* libmilter formats a text once more: '%' stands doubled. Returns the line behind. */
static const char *copy_line(char out[REPLY_LINE_MAX], const char *text)
{
    size_t n = 0;
    for (; *text && *text != '\n'; text++) {
        if (n + 3 > REPLY_LINE_MAX)
            continue;
        out[n++] = *text;
        if (*text == '%')
            out[n++] = '%';
    }
    out[n] = 0;
    return text + (*text == '\n');
}

static bool refuse(const struct act_reply *r, const struct mta *mta)
{
    char code[8], line[SETTINGS_REPLY_LINES][REPLY_LINE_MAX];
    const char *lines[SETTINGS_REPLY_LINES];
    size_t n = 0;
    if (!r->text)
        return true;
    for (const char *text = r->text; *text && n < SETTINGS_REPLY_LINES; n++) {
        text = copy_line(line[n], text);
        lines[n] = line[n];
    }
    snprintf(code, sizeof code, "%d", r->code);
    return mta->reply(mta->ud, code, r->dsn, lines, n);
}

bool act_carry_out(struct act *a, const struct mta *mta)
{
    switch (a->action) {
    case ACTION_ACCEPT:
        return !a->mail || forged_remove(mail_forged(a->mail), mta);
    case ACTION_MARK:
        return mark(a, mta);
    case ACTION_SUBJECT:
        return mark(a, mta) && tag_subject(a, mta);
    case ACTION_QUARANTINE:
        return mark(a, mta) && mta->quarantine(mta->ud, a->settings->quarantine_reason);
    case ACTION_REDIRECT:
        return redirect(a, mta) && mark(a, mta);
    case ACTION_TEMPFAIL:
    case ACTION_REJECT:
        return refuse(&a->reply, mta);
    case ACTION_DISCARD:
        break;
    }
    return true;
}
