/*
 * color.h - colors of style sheets and of attributes, and whether the eye tells two apart.
 *
 * Source: CSS Color Module Level 4, sections 4 to 6; for attributes HTML, "rules for parsing a legacy color".
 */
#ifndef BT_COLOR_H
#define BT_COLOR_H

#include <stdbool.h>

typedef enum bt_opacity {
    BT_COLOR_UNKNOWN, /* not read, or half transparent: the same as no other */
    BT_COLOR_CLEAR,   /* not to be seen at all */
    BT_COLOR_OPAQUE
} bt_opacity;

typedef struct bt_color {
    unsigned char opacity; /* bt_opacity */
    unsigned char channel[3];
} bt_color;

/* A value in lower case: a name of the common ones, #rgb, #rgba, #rrggbb, #rrggbbaa, rgb(), rgba(). */
bt_color bt_color_read(const char *value);
/* The same of an attribute, in any case and perhaps without its #. */
bt_color bt_color_read_attribute(const char *value);
/* Both are known and opaque, and no channel differs by more than a few units. */
bool bt_color_alike(bt_color a, bt_color b);

#endif
