/*
 * words.h - the words of a text, folded, so that copies of a text that differ in case, numbers,
 * addresses of the web, marks and blanks alone have the same words.
 */
#ifndef BT_WORDS_H
#define BT_WORDS_H

#include "base/buf.h"
#include "bolter.h"
#include "tok/charclass.h"

/*
 * Append the words of n bytes of UTF-8 to out, one blank between them. A word is a run of letters,
 * numbers and "_"; letters of the Latin, Greek and Cyrillic alphabets become small, each run of
 * numbers becomes "0", and "http://..." up to a blank is the word "u". A text without a word, such
 * as
 * "!!!", is appended as it is. E_NOMEM, E_LIMIT.
 */
bolter_status bt_words_append(bt_buf *out, const bt_charclass *classes, const char *utf8, size_t n);

#endif
