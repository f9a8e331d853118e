/*
 * operand.h - what a command line names, message by message: standard input, or files, mboxes,
 * Maildirs and directories read as corpora.
 */
#ifndef OPERAND_H
#define OPERAND_H

#include <stdbool.h>
#include <stddef.h>

enum operand_kind {
    OPERAND_MAIL, /* RFC 5322 messages; of files, whatever their kind is found to be */
    OPERAND_TEXT, /* one plain text a file */
    OPERAND_LINES /* one plain text a line */
};

/* Bytes of a message, and of a text or a line, on standard input that are read, not the rest. */
#define OPERAND_MAIL_MAX ((size_t)64 << 20)
#define OPERAND_TEXT_MAX ((size_t)1 << 20)

/* One message; id is NULL for a single one on standard input. False if it could not be classified.
 */
typedef bool (*operand_fn)(void *ud, const char *id, bool is_mail, const char *bytes, size_t n);

/*
 * Call fn for each message of a path ("-": standard input), or, with n_paths 0, of standard input.
 * *n_messages counts them. False if reading or any call failed; reading goes on with the next path,
 * and the reason was said on standard error.
 */
bool operand_each(char *const *paths, size_t n_paths, enum operand_kind kind, operand_fn fn,
                  void *ud, size_t *n_messages);

#endif
