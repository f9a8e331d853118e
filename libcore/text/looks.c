/*
 * looks.c - how the elements of a tree look: its style sheets, its attributes, and hidden.h's answer.
 */
#include "text/looks.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t\r\n\f"

/* The node behind this one and all that is in it, or NULL. */
static const GumboNode *next_outside(const GumboNode *node, const GumboNode *root)
{
    for (; node != root; node = node->parent) {
        const GumboVector *siblings = &node->parent->v.element.children;
        if (node->index_within_parent + 1 < siblings->length)
            return siblings->data[node->index_within_parent + 1];
    }
    return NULL;
}

static const GumboNode *next_node(const GumboNode *node, const GumboNode *root)
{
    bool inside = node->type == GUMBO_NODE_ELEMENT && node->v.element.children.length > 0;
    return inside ? node->v.element.children.data[0] : next_outside(node, root);
}

static bolter_status read_style(bt_looks *l, const GumboNode *style)
{
    const GumboVector *children = &style->v.element.children;
    const char *type = bt_tree_attribute(style, "type"), *media = bt_tree_attribute(style, "media");
    bolter_status status = BOLTER_OK;
    if (type && *type && strcasecmp(type, "text/css") != 0)
        return status;
    for (unsigned i = 0; i < children->length && status == BOLTER_OK; i++) {
        const GumboNode *child = children->data[i];
        if (child->type == GUMBO_NODE_TEXT || child->type == GUMBO_NODE_CDATA)
            status = bt_sheet_add(&l->sheet, child->v.text.text, strlen(child->v.text.text), media);
    }
    return status;
}

/* Tell the sheet what there is, where rules in doubt ask. */
static void meet(bt_sheet *sheet, const GumboNode *element)
{
    const GumboVector *attributes = &element->v.element.attributes;
    for (unsigned i = 0; i < attributes->length; i++) {
        const GumboAttribute *a = attributes->data[i];
        bt_sheet_meet(sheet, '[', a->name, strlen(a->name));
        if (strcasecmp(a->name, "id") == 0)
            bt_sheet_meet(sheet, '#', a->value, strlen(a->value));
        if (strcasecmp(a->name, "class") != 0)
            continue;
        for (const char *s = a->value; *s;) {
            s += strspn(s, BLANKS);
            size_t n = strcspn(s, BLANKS);
            bt_sheet_meet(sheet, '.', s, n);
            s += n;
        }
    }
}

bolter_status bt_looks_open(bt_looks *l, const GumboNode *root)
{
    bolter_status status = BOLTER_OK;
    bt_sheet_init(&l->sheet);
    for (const GumboNode *node = root; node && status == BOLTER_OK; node = next_node(node, root))
        if (node->type == GUMBO_NODE_ELEMENT && node->v.element.tag == GUMBO_TAG_STYLE)
            status = read_style(l, node);
    for (const GumboNode *node = root; node && l->sheet.n_needs > 0; node = next_node(node, root))
        if (node->type == GUMBO_NODE_ELEMENT)
            meet(&l->sheet, node);
    if (status == BOLTER_OK)
        bt_sheet_seal(&l->sheet);
    return status;
}

void bt_looks_close(bt_looks *l)
{
    bt_sheet_free(&l->sheet);
}

bt_look bt_looks_of(const bt_looks *l, const GumboNode *element, const bt_look *parent, bt_box box)
{
    const bt_look root = bt_look_root();
    const GumboVector *attributes = &element->v.element.attributes;
    const char *tag = gumbo_normalized_tagname(element->v.element.tag);
    const char *id = NULL, *class_words = NULL, *style = NULL;
    bt_style s = {0};
    bt_hint_tag(&s, tag);
    for (unsigned i = 0; i < attributes->length; i++) {
        const GumboAttribute *a = attributes->data[i];
        if (strcasecmp(a->name, "id") == 0)
            id = a->value;
        else if (strcasecmp(a->name, "class") == 0)
            class_words = a->value;
        else if (strcasecmp(a->name, "style") == 0)
            style = a->value;
        else
            bt_hint_attribute(&s, tag, a->name, a->value);
    }
    bt_sheet_look_up(&l->sheet, &s, tag, id, class_words);
    if (style)
        bt_style_inline(&s, style);
    return bt_look_child(parent ? parent : &root, &s, box);
}
