/*
 * rules.h - what the settings lead to besides numbers: our fields' wording, networks, lists, and
 * the levels of recipients. Read once, with the settings, and shared by all threads.
 */
#ifndef RULES_H
#define RULES_H

#include "bolter.h"
#include "milter/envelope.h"
#include "milter/list.h"
#include "milter/network.h"
#include "milter/policy.h"
#include "milter/recipients.h"
#include "milter/style.h"

struct rules {
    struct style style;
    struct levels usual; /* of recipients without others */
    struct network *local;
    size_t n_local;
    struct list *accept, *deny;
    struct recipients *recipients;
};

/* How a message is treated before its content is known. */
struct standing {
    enum mode mode;
    bool denied; /* only where mode is FULL */
};

/* Read everything that the settings name. E_IO, E_FORMAT, E_LIMIT, E_NOMEM. */
bolter_status rules_open(struct rules **out, const struct settings *s, bolter_error *err);
void rules_close(struct rules *r);

/*
 * Authenticated users, our networks and the accept list each have a mode, and the mildest that
 * applies counts; the deny list counts where none of them applies. SKIP also if every recipient has
 * it. from is the address of the From field, or "".
 */
struct standing rules_standing(const struct rules *r, const struct settings *s,
                               const struct envelope *e, const char *from);
/* The ruling for all recipients of a message together. */
void rules_rule(struct ruling *out, const struct rules *r, const struct settings *s,
                const struct envelope *e, const bolter_model_info *m, const bolter_verdict *v);
/* The same for a denied message, which counts as spam whatever its score. */
void rules_deny(struct ruling *out, const struct rules *r, const struct settings *s,
                const struct envelope *e, const bolter_model_info *m);

#endif
