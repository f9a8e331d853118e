/* gutenberg.h - where the book begins and ends in a file of Project Gutenberg. */
#ifndef BT_GUTENBERG_H
#define BT_GUTENBERG_H

#include <stddef.h>

/*
 * Narrow *text (n bytes) to what stands between the line "*** START OF ..." and the line "*** END OF ...",
 * both of THE or THIS PROJECT GUTENBERG EBOOK, without blank lines at either end. A side without its line
 * stays as it is.
 */
void bt_gutenberg_book(const char **text, size_t *n);

#endif
