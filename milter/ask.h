/*
 * ask.h - have a running bolter-milter judge a message, so that many deliveries share its model.
 *
 * The protocol, over a unix socket, one message a connection: the client sends a line
 *
 *     bolter 1 mail            or "text"
 *
 * and the bytes, and shuts down its side. The daemon answers with lines "KEY VALUE" and closes:
 *
 *     bolter 1                 version of the protocol
 *     decision 2               bolter_class
 *     label 1                  index of the most probable label
 *     spam 0.998123014         and prob, for that label
 *     tokens 312
 *     truncated 0              and degraded
 *     queue_ms 0.1             and compute_ms
 *     model 0123456789abcdef
 *     score 0.001877 ham       for each label, in order; none where the model has more than two labels
 *     unscorable encrypted     or "empty": there is nothing to judge, and of these lines there are only
 *                              the first two, with "unsure", the model and this one
 *     field X-Spam-Flag: YES   the lines of the header fields
 *     end
 *
 * or with "error TEXT". Unknown keys are passed over, so that keys can be added.
 */
#ifndef ASK_H
#define ASK_H

#include "bolter.h"
#include "milter/mark.h"

#define ASK_VERSION   1
#define ASK_LABELS    16
#define ASK_LABEL_MAX 64

struct ask_reply {
    bolter_verdict verdict;
    char unscorable[16]; /* why there is no verdict but the model's id; "": there is one */
    size_t n_label; /* of the scores; 0: the daemon could not tell them */
    char label[ASK_LABELS][ASK_LABEL_MAX];
    float score[ASK_LABELS];
    char block[MARK_BLOCK_MAX]; /* the header fields, as of mark_block() */
};

/*
 * Ask the daemon at spec (unix:PATH or an absolute path) about n bytes of a mail, or of plain text;
 * wait at most timeout_s for each step. E_ARG, E_IO (nobody answers), E_TIMEOUT, E_FORMAT, or what the
 * daemon says is wrong with the message (E_MISMATCH).
 */
bolter_status ask(const char *spec, bool is_mail, const char *bytes, size_t n, unsigned timeout_s,
                  struct ask_reply *out, bolter_error *err);

#endif
