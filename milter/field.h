/*
 * field.h - the header fields that carry a verdict: one set of them for the daemon and the command.
 *
 *     X-Spam-Flag: YES                                   (spam only)
 *     X-Spam-Status: No, score=0.0021 required=0.9700 ...
 *     X-Spam-Score: 0.0021
 *     X-Spam-Level: ***
 *     X-Bolter: label=ham, model=0123456789abcdef, tokens=87, ms=12
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

#define FIELD_MAX 8

struct field {
    const char *name;
    char value[512]; /* without the name, colon, space and final newline */
};

struct field_set {
    size_t n;
    struct field field[FIELD_MAX];
};

/*
 * The fields for a verdict of m, in the order in which they stand in the header. spam_threshold is
 * the one that decided (the model's own or a setting).
 */
void field_format(struct field_set *out, const bolter_verdict *v, const bolter_model *m,
                  double spam_threshold);
/* True for a name of n bytes that only we may write: X-Spam-* and X-Bolter*, in any case. */
bool field_is_ours(const char *name, size_t n);

#endif
