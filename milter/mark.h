/*
 * mark.h - put a block of header fields into a message that streams by.
 *
 * The block goes to the top of the header, below an mbox "From " line. Fields that only we may
 * write (field_is_ours()) are left out with their folded lines, up to the first empty line. Every
 * other byte comes out as it went in.
 */
#ifndef MARK_H
#define MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "milter/field.h"

/* Room for the fields of a set as text. */
#define MARK_BLOCK_MAX (FIELD_MAX * (FIELD_VALUE_MAX + STYLE_NAME_MAX + 4))

/* A field name is compared after at most so many bytes of its line. */
#define MARK_NAME_MAX 256

enum mark_state { MARK_FIRST, MARK_ENVELOPE, MARK_NAME, MARK_LINE, MARK_BODY };

struct mark {
    FILE *out;
    const char *block;
    const char *eol;
    enum mark_state state;
    bool drop; /* the field that this line belongs to is forged */
    char held[MARK_NAME_MAX];
    size_t n_held;
};

/* The fields as "Name: value\n" each, NUL-terminated; false if cap is too small. */
bool mark_block(char *block, size_t cap, const struct field_set *set);
/* "\r\n" or "\n": how the message that begins with these bytes ends its header lines. */
const char *mark_eol(const char *bytes, size_t n);

/*
 * Begin; block (line ends "\n") and eol are borrowed until mark_finish(). Without a block (NULL)
 * nothing is inserted and nothing removed.
 */
void mark_begin(struct mark *m, FILE *out, const char *block, const char *eol);
/* The next bytes of the message, split anywhere. Write errors stay in ferror(out). */
void mark_feed(struct mark *m, const char *bytes, size_t n);
/* The message has ended. */
void mark_finish(struct mark *m);

#endif
