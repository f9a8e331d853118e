/*
 * mail.h - one message in flight: what a mail server hands over in pieces, put together again as
 * raw bytes up to a limit, and the forged fields seen on the way. Knows no milter. One thread at a
 * time.
 */
#ifndef MAIL_H
#define MAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "bolter.h"
#include "milter/address.h"
#include "milter/forged.h"

struct mail;

#define MAIL_SUBJECT_MAX 1500 /* bytes of a subject that are kept */

/*
 * max_message and max_tail bytes are read, laid out as the model's template says; style, which is
 * borrowed, tells what is forged. NULL without memory.
 */
struct mail *mail_open(const struct settings *s, const struct style *style, const char *layout);
void mail_free(struct mail *m);

/* A field as libmilter gives it: no blank after the colon, no line end, folds as LF and a blank. */
void mail_header(struct mail *m, const char *name, const char *value);
void mail_end_of_header(struct mail *m);
void mail_body(struct mail *m, const void *bytes, size_t n);
/* True once further bytes change nothing. */
bool mail_full(const struct mail *m);
const struct forged *mail_forged(const struct mail *m);
/* The address of the one From field, or "". */
const char *mail_from(const struct mail *m);
/* The first subject as it came, perhaps folded, cut where it is very long; "" without any. */
const char *mail_subject(const struct mail *m);
/* How many subjects there are. */
unsigned long mail_subjects(const struct mail *m);

/* The text that a model reads, owned by m. The first failure of any step above is reported here. */
bolter_status mail_finish(struct mail *m, const char **utf8, size_t *n, bolter_error *err);
/* After mail_finish(): what it is the text of, owned by m. */
bolter_text *mail_text(struct mail *m);
/* After mail_finish(): something was left out because of a limit. */
bool mail_truncated(const struct mail *m);
/* After mail_finish(): "empty" or "encrypted" if there is nothing to judge, else NULL. */
const char *mail_unscorable(const struct mail *m);

#endif
