/*
 * passthrough.h - a message from one descriptor to a stream, marked with its verdict; whole and
 * unmarked if there is none.
 */
#ifndef PASSTHROUGH_H
#define PASSTHROUGH_H

#include <stdio.h>

#include "milter/field.h"
#include "milter/mark.h"

/* So much of a message is held in memory while it is judged; what follows streams through. */
#define PASSTHROUGH_HELD_MAX ((size_t)16 << 20)

/* What the judge found: the decision, and the block of fields of mark_block(). */
struct passthrough_report {
    bolter_class decision;
    char block[MARK_BLOCK_MAX];
};

struct passthrough_judge {
    /*
     * Judge a message (its first PASSTHROUGH_HELD_MAX bytes, if longer) and return true with *out
     * filled in. Runs in a child process, so that it may even crash; it prints its own diagnostics.
     */
    bool (*judge)(void *ud, const char *bytes, size_t n, struct passthrough_report *out);
    void *ud;
    unsigned timeout_s; /* after so many seconds it is ended */
};

enum passthrough_result {
    PASSED_MARKED,
    PASSED_UNMARKED, /* the message is whole; why it is unmarked was said on standard error */
    PASSED_BROKEN    /* reading or writing failed: the output is not the whole message */
};

/* Copy in to out, which is flushed. *decision is set when the message was marked. */
enum passthrough_result passthrough(int in, FILE *out, const struct passthrough_judge *judge,
                                    bolter_class *decision);
/* The same without asking anyone; PASSED_UNMARKED or PASSED_BROKEN. */
enum passthrough_result passthrough_unmarked(int in, FILE *out);

#endif
