/*
 * policy.h - what to do with a message: a function of the verdict, the levels of the recipients and
 * the settings, and of nothing else. failure.h has what becomes of one without a verdict.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "bolter.h"
#include "conf/settings.h"

/* From the mildest to the strongest; those from MARK on are in the order of the setting denied. */
enum action {
    ACTION_ACCEPT,     /* accept without our fields: there is no verdict */
    ACTION_MARK,       /* accept, with our fields */
    ACTION_SUBJECT,    /* and with a word before the subject */
    ACTION_QUARANTINE, /* the mail server holds it */
    ACTION_REDIRECT,   /* another recipient gets it */
    ACTION_TEMPFAIL,   /* refuse for now */
    ACTION_DISCARD,    /* accept and throw away */
    ACTION_REJECT      /* refuse for good */
};
enum { N_ACTIONS = ACTION_REJECT + 1 };

/* How mail from or to somebody is treated, from the mildest; values of the settings. */
enum mode {
    MODE_SKIP = SETTINGS_SKIP,   /* neither scored nor marked */
    MODE_SCORE = SETTINGS_SCORE, /* marked, and delivered whatever the score */
    MODE_FULL = SETTINGS_FULL
};

/* From which score on what happens to mail for a recipient, as configured. */
struct levels {
    double unsure_at;
    double at[N_ACTIONS]; /* of MARK: tag_at. ACCEPT has none */
    enum mode mode;
};

/* What holds for all recipients of a message together. */
struct ruling {
    enum action action;
    double required, unsure_at; /* thresholds of the header's verdict */
};

/* The word for an action in the log. */
const char *policy_action_name(enum action a);

/* The levels of the settings, of mode FULL. */
void policy_levels(struct levels *out, const struct settings *s);
/* A level by its name of n bytes, such as "tag_at"; NULL if there is none. */
double *policy_level(struct levels *l, const char *name, size_t n);

/* True if it is proven, as the model's card says, what a threshold here or lower promises. */
bool policy_threshold_proven(const bolter_model_info *m, double at);
/*
 * What a recipient's levels ask for: MARK below tag_at, else the strongest action whose level is
 * reached. TEMPFAIL, DISCARD and REJECT are left out as reject_to_tag says, and where the verdict
 * is degraded.
 */
enum action policy_of_verdict(const struct levels *l, const struct settings *s,
                              const bolter_model_info *m, const bolter_verdict *v);
/* What the setting denied asks for; MARK where reject_to_tag is yes and it would refuse. */
enum action policy_of_denied(const struct settings *s);
/* Start a ruling, and add recipients: the mildest action and the highest thresholds win. */
void policy_begin(struct ruling *r);
void policy_add(struct ruling *r, const struct levels *l, const struct settings *s,
                const bolter_model_info *m, const bolter_verdict *v);
/* ham, unsure or spam by the thresholds of a ruling. */
bolter_class policy_class(const struct ruling *r, double spam);

/* The threshold that decides for a recipient without levels of his own. */
double policy_spam_threshold(const struct settings *s, const bolter_model_info *m);
/* Set v->decision for such a recipient. */
void policy_decide(bolter_verdict *v, const struct settings *s, const bolter_model_info *m);

#endif
