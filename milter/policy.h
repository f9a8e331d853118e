/*
 * policy.h - what to do with a message: a function of the verdict or the failure and the settings,
 * and of nothing else.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "bolter.h"
#include "conf/settings.h"

enum action {
    ACTION_MARK,    /* accept, with our fields */
    ACTION_ACCEPT,  /* accept without them: there is no verdict */
    ACTION_REJECT,  /* refuse for good */
    ACTION_TEMPFAIL /* refuse for now */
};

/* The word for an action in the log. */
const char *policy_action_name(enum action a);
const char *policy_class_name(bolter_class c);

/* The threshold that decides: the setting, or else the model's own. */
double policy_spam_threshold(const struct settings *s, const bolter_model_info *m);
/* Set v->decision by that threshold; between the model's unsure threshold and it, unsure. */
void policy_decide(bolter_verdict *v, const struct settings *s, const bolter_model_info *m);
/* MARK or, for spam at or above reject_threshold from nobody who authenticated, REJECT. */
enum action policy_of_verdict(const bolter_verdict *v, const struct settings *s,
                              bool authenticated);
/* A copy of text with '%' doubled, as libmilter wants it. */
void policy_reply_text(char *out, size_t cap, const char *text);

#endif
