/* looks.h - how the elements of a tree look: its style sheets, its attributes, and hidden.h's answer. */
#ifndef BT_LOOKS_H
#define BT_LOOKS_H

#include "text/hidden.h"
#include "text/sheet.h"
#include "text/tree.h"

typedef struct bt_looks {
    bt_sheet sheet;
} bt_looks;

/* Read the style elements of a tree. E_NOMEM; to be closed in any case. */
bolter_status bt_looks_open(bt_looks *l, const GumboNode *root);
/* The look of an element in its parent, or of the root, whose parent is NULL. */
bt_look bt_looks_of(const bt_looks *l, const GumboNode *element, const bt_look *parent, bt_box box);
void bt_looks_close(bt_looks *l);

#endif
