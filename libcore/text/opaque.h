/*
 * opaque.h - what programs wrote for programs in the text of a mail: the tail of a tracking link, keys,
 * signatures, encoded files. Nobody reads them, they say nothing of the sender's intent, and a model takes
 * their random letters for what it has seen of random letters.
 */
#ifndef BT_OPAQUE_H
#define BT_OPAQUE_H

#include "base/buf.h"

/*
 * Shorten, in a text in normal form:
 *
 *   a web address      with more than 32 bytes behind the host: to the first ? or #, to 24 at most, and "..."
 *   a word of 32 bytes or more in which letters, digits and signs take turns: to 8 bytes and "..."
 *   lines of such words: to the first; the two short ones that may end them go, too
 *
 * What is short stays as it is, and a second time changes nothing. Linear; never longer than before.
 */
void bt_opaque_shorten(bt_buf *text);

#endif
