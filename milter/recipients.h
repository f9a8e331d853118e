/*
 * recipients.h - recipients with levels of their own, from a file.
 *
 *     example.org              tag_at=0.9 reject_at=never
 *     .example.com             mode=score
 *     postmaster@example.org   mode=skip
 *
 * An entry is an address, a domain or .domain (names.h), and what differs from the settings: any of
 * the levels from unsure_at to reject_at, and the mode. The most exact entry counts, alone.
 */
#ifndef RECIPIENTS_H
#define RECIPIENTS_H

#include "bolter.h"
#include "milter/policy.h"

struct recipients;

/* Read the file over the usual levels. E_IO, E_FORMAT and E_LIMIT name it, and the line; E_NOMEM.
 */
bolter_status recipients_open(struct recipients **out, const char *path, const struct levels *usual,
                              bolter_error *err);
/* The levels of a recipient of an envelope, or NULL: the usual ones. r may be NULL. */
const struct levels *recipients_find(const struct recipients *r, const char *recipient);
/* True if some entry may lead to this action. */
bool recipients_use(const struct recipients *r, enum action a);
void recipients_close(struct recipients *r);

#endif
