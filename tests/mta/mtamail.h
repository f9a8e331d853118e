/*
 * mtamail.h - a message as an MTA holds it while a milter looks at it: header fields that can be
 * inserted, changed and deleted, and a body that stays as it was.
 *
 * What nobody changes is printed byte for byte as it was read, with LF or CRLF line ends. On the
 * wire fields lose the one space after the colon and the carriage returns of their folds, and body
 * lines end in CRLF, as Postfix and Sendmail send them.
 */
#ifndef MTAMAIL_H
#define MTAMAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct mta_field {
    char *text; /* "Name: value" with folds and the final line end; owned, with a NUL after it */
    size_t len; /* bytes of text */
    size_t name_len; /* bytes before the colon */
    bool trace; /* the MTA's own Received: stands in the list, but the filter does not see it */
};

struct mta_mail {
    struct mta_field *field;
    size_t n_fields;
    const char *eol;  /* the line end of its first line */
    const char *body; /* borrows from the bytes that were parsed */
    size_t body_len;
    bool separated; /* an empty line stood between header and body */
};

/*
 * Split n bytes, which must outlive the mail, into fields and body, and put a Received field of the
 * MTA on top. The first line that is no field ends the header. False without memory.
 */
bool mta_mail_parse(struct mta_mail *mail, const char *bytes, size_t n);
/*
 * Append the name and value of a field as they go over the wire, each with its NUL. A NUL within
 * the value ends it, as it does in Postfix.
 */
bool mta_field_wire(const struct mta_field *f, bt_buf *out);
/* Append the body as it goes over the wire: every line end CRLF. */
bool mta_mail_wire_body(const struct mta_mail *mail, bt_buf *out);
/*
 * Insert a field so that it becomes number index from 0, the MTA's own Received counted; past the
 * end it becomes the last. Folds in value are LF and a blank.
 */
bool mta_mail_insert(struct mta_mail *mail, size_t index, const char *name, const char *value);
/*
 * Give the index-th field (from 1, the MTA's own not counted) of this name, in any case, another
 * value, or remove it where value is empty. Past the last one a value is appended as a new field.
 */
bool mta_mail_change(struct mta_mail *mail, size_t index, const char *name, const char *value);
/* Append the whole message, without the MTA's own Received. */
bool mta_mail_print(const struct mta_mail *mail, bt_buf *out);
void mta_mail_free(struct mta_mail *mail);

#endif
