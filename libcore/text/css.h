/* css.h - numbers and words in the values of style sheets. */
#ifndef BT_CSS_H
#define BT_CSS_H

#include <stdbool.h>

/*
 * Read a number at *s, which moves behind it, to its unit; false, with *value 0, where there is none. Not
 * the C library's: a locale may want a comma.
 */
bool bt_css_number(const char **s, double *value);
/* Is word in a list that ends with NULL? */
bool bt_css_is_among(const char *word, const char *const *list);

#endif
