/* policy.c - verdict, levels and settings -> action; pure. */
#include "milter/policy.h"

#include <string.h>

const char *policy_action_name(enum action a)
{
    static const char *const names[N_ACTIONS] = {
        [ACTION_ACCEPT] = "accept",     [ACTION_MARK] = "mark",
        [ACTION_SUBJECT] = "subject",   [ACTION_QUARANTINE] = "quarantine",
        [ACTION_REDIRECT] = "redirect", [ACTION_TEMPFAIL] = "tempfail",
        [ACTION_DISCARD] = "discard",   [ACTION_REJECT] = "reject"};
    return names[a];
}

void policy_levels(struct levels *out, const struct settings *s)
{
    *out = (struct levels){.unsure_at = s->unsure_at,
                           .at = {[ACTION_ACCEPT] = SETTINGS_NEVER,
                                  [ACTION_MARK] = s->tag_at,
                                  [ACTION_SUBJECT] = s->subject_at,
                                  [ACTION_QUARANTINE] = s->quarantine_at,
                                  [ACTION_REDIRECT] = s->redirect_at,
                                  [ACTION_TEMPFAIL] = s->tempfail_at,
                                  [ACTION_DISCARD] = s->discard_at,
                                  [ACTION_REJECT] = s->reject_at},
                           .mode = MODE_FULL};
}

double *policy_level(struct levels *l, const char *name, size_t n)
{
    const struct {
        const char *name;
        double *at;
    } known[] = {{"unsure_at", &l->unsure_at},
                 {"tag_at", &l->at[ACTION_MARK]},
                 {"subject_at", &l->at[ACTION_SUBJECT]},
                 {"quarantine_at", &l->at[ACTION_QUARANTINE]},
                 {"redirect_at", &l->at[ACTION_REDIRECT]},
                 {"tempfail_at", &l->at[ACTION_TEMPFAIL]},
                 {"discard_at", &l->at[ACTION_DISCARD]},
                 {"reject_at", &l->at[ACTION_REJECT]}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == n && memcmp(known[i].name, name, n) == 0)
            return known[i].at;
    return NULL;
}

bool policy_threshold_proven(const bolter_model_info *m, double at)
{
    return m->proof && m->proof->proved && at >= m->proof->threshold;
}

/* A level as a number: at or above it, or SETTINGS_NEVER. */
static double resolved(double at, double of_model)
{
    return at < 0 ? of_model : at;
}

/* A verdict on less of a message than usual is none to lose mail by, and no proof is about it. */
static bool may_refuse(double at, const struct settings *s, const bolter_model_info *m,
                       const bolter_verdict *v)
{
    if (v->degraded)
        return false;
    if (s->reject_to_tag == SETTINGS_AUTO)
        return policy_threshold_proven(m, at);
    return s->reject_to_tag == SETTINGS_NO;
}

enum action policy_of_verdict(const struct levels *l, const struct settings *s,
                              const bolter_model_info *m, const bolter_verdict *v)
{
    double spam = (double)v->spam;
    if (spam < resolved(l->at[ACTION_MARK], m->spam_threshold))
        return ACTION_MARK;
    for (enum action a = ACTION_REJECT; a > ACTION_MARK; a--) {
        double at = resolved(l->at[a], m->spam_threshold);
        if (spam >= at && (a < ACTION_TEMPFAIL || may_refuse(at, s, m, v)))
            return a;
    }
    return ACTION_MARK;
}

/* Not the model decided here, so its proof does not matter. */
enum action policy_of_denied(const struct settings *s)
{
    enum action a = (enum action)(ACTION_MARK + s->denied);
    return a >= ACTION_TEMPFAIL && s->reject_to_tag == SETTINGS_YES ? ACTION_MARK : a;
}

void policy_begin(struct ruling *r)
{
    *r = (struct ruling){.action = ACTION_REJECT};
}

void policy_add(struct ruling *r, const struct levels *l, const struct settings *s,
                const bolter_model_info *m, const bolter_verdict *v)
{
    double required = resolved(l->at[ACTION_MARK], m->spam_threshold);
    double unsure_at = resolved(l->unsure_at, m->unsure_threshold);
    enum action a = l->mode == MODE_FULL ? policy_of_verdict(l, s, m, v) : ACTION_MARK;
    r->action = a < r->action ? a : r->action;
    r->required = required > r->required ? required : r->required;
    r->unsure_at = unsure_at > r->unsure_at ? unsure_at : r->unsure_at;
}

bolter_class policy_class(const struct ruling *r, double spam)
{
    if (spam >= r->required)
        return BOLTER_SPAM;
    return spam >= r->unsure_at ? BOLTER_UNSURE : BOLTER_HAM;
}

double policy_spam_threshold(const struct settings *s, const bolter_model_info *m)
{
    return resolved(s->tag_at, m->spam_threshold);
}

void policy_decide(bolter_verdict *v, const struct settings *s, const bolter_model_info *m)
{
    struct levels l;
    struct ruling r;
    policy_levels(&l, s);
    policy_begin(&r);
    policy_add(&r, &l, s, m, v);
    v->decision = policy_class(&r, (double)v->spam);
}
