/* policy.c - verdict or failure, settings -> action; pure. */
#include "milter/policy.h"

const char *policy_action_name(enum action a)
{
    switch (a) {
    case ACTION_MARK:
        return "mark";
    case ACTION_ACCEPT:
        return "accept";
    case ACTION_REJECT:
        return "reject";
    case ACTION_TEMPFAIL:
        return "tempfail";
    }
    return "unknown";
}

const char *policy_class_name(bolter_class c)
{
    switch (c) {
    case BOLTER_HAM:
        return "ham";
    case BOLTER_UNSURE:
        return "unsure";
    case BOLTER_SPAM:
        return "spam";
    }
    return "unknown";
}

double policy_spam_threshold(const struct settings *s, const bolter_model_info *m)
{
    return s->spam_threshold > 0 ? s->spam_threshold : m->spam_threshold;
}

void policy_decide(bolter_verdict *v, const struct settings *s, const bolter_model_info *m)
{
    double spam = (double)v->spam;
    if (spam >= policy_spam_threshold(s, m))
        v->decision = BOLTER_SPAM;
    else
        v->decision = spam >= m->unsure_threshold ? BOLTER_UNSURE : BOLTER_HAM;
}

enum action policy_of_verdict(const bolter_verdict *v, const struct settings *s, bool authenticated)
{
    bool refuse = s->reject_threshold > 0 && (double)v->spam >= s->reject_threshold &&
                  v->decision == BOLTER_SPAM && !authenticated;
    return refuse ? ACTION_REJECT : ACTION_MARK;
}

void policy_reply_text(char *out, size_t cap, const char *text)
{
    size_t n = 0;
    for (const char *p = text; *p && n + 2 < cap; p++) {
        out[n++] = *p;
        if (*p == '%')
            out[n++] = '%';
    }
    out[n] = 0;
}
