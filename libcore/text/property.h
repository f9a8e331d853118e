/* property.h - properties that bear on whether text is seen, and what their values say. */
#ifndef BT_PROPERTY_H
#define BT_PROPERTY_H

#include "text/style.h"

enum { BT_MAX_DECLARATION = 255 /* bytes of a declaration; of a longer one the value is not understood */ };

/* Both in lower case, with single blanks, of at most BT_MAX_DECLARATION bytes together. */
void bt_property_declare(bt_style *s, const char *name, const char *value, unsigned rank, bool doubt);

#endif
