/* tree.h - gumbo's tree of an HTML part, within limits. */
#ifndef BT_TREE_H
#define BT_TREE_H

#include <stddef.h>

#include <gumbo.h>

#include "bolter.h"

typedef struct bt_tree {
    const GumboNode *root; /* the html element; lives until bt_tree_close() */
    struct bt_tree_block *blocks;
} bt_tree;

/* Parse n bytes. E_LIMIT: they are not for a parser, see bt_strip_tags(); E_NOMEM. A tree that was not opened
 * need not be closed. */
bolter_status bt_tree_open(bt_tree *t, const char *html, size_t n);
void bt_tree_close(bt_tree *t);
/* The value of an element's attribute, or NULL. */
const char *bt_tree_attribute(const GumboNode *node, const char *name);

#endif
