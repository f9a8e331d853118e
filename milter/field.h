/*
 * field.h - the header fields that carry a verdict: one set of them for the daemon and the command.
 *
 *     X-Spam-Flag: YES                                   (spam only)
 *     X-Spam-Status: No, score=0.0021 required=0.9700 ...
 *     X-Spam-Score: 0.0021
 *     X-Spam-Level: ***
 *     X-Bolter: label=ham, model=0123456789abcdef, tokens=87, ms=12, truncated=0,
 *       degraded=0
 *     X-Bolter-Explain: +3.21 "Buy now"; -0.40 "kind regards"          (where it is asked for)
 *     X-Spam-Orig-To: ann@example.org                                  (redirected mail only)
 *
 * The grammar is SpamAssassin's, ASCII, each line under 998 bytes, folded below 78 with "\n\t". A
 * field about ham never contains the letters "yes". Fields that came with the message under any of
 * these names are forged and are removed.
 */
#ifndef FIELD_H
#define FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "bolter.h"
#include "milter/style.h"

#define FIELD_MAX       (STYLE_FIELDS + 2)
#define FIELD_VALUE_MAX 900
#define FIELD_PIECES    3 /* of an explanation */

struct field {
    const char *name;                /* borrowed from the style */
    char value[FIELD_VALUE_MAX + 1]; /* without the name, colon, space and final newline */
};

struct field_set {
    size_t n;
    struct field field[FIELD_MAX];
};

/* What the fields say. */
struct field_facts {
    const bolter_verdict *verdict;
    const bolter_model *model;
    double required; /* the threshold that decided */
    bool denied;     /* the sender is on the deny list */
};

/* The fields of a verdict, in the order in which they stand in the header. */
void field_format(struct field_set *out, const struct style *style, const struct field_facts *f);
/* Add the field that explains a verdict by the first pieces, at most FIELD_PIECES; none for n 0. */
void field_explain(struct field_set *out, const bolter_piece *pieces, size_t n, bool spam);
/* Add the field that names the recipients of redirected mail. */
void field_orig_to(struct field_set *out, char *const *recipients, size_t n);

/* True for a name of n bytes that begins with X-Spam- or X-Bolter, in any case. */
bool field_is_ours(const char *name, size_t n);
/* True if n bytes contain the letters "yes" in any case. */
bool field_says_yes(const char *text, size_t n);

#endif
