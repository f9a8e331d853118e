/*
 * selector.h - the selectors before a rule, as far as they are understood: whom a rule may mean.
 *
 * Names: "tag", ".class", "tag.class", "#id", "tag#id", and "*" for any element.
 *
 * Source: Selectors Level 3.
 */
#ifndef BT_SELECTOR_H
#define BT_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

enum {
    BT_MAX_NAME = 127, /* bytes of a tag, a class or an id */
    BT_WEIGHT_TAG = 1,
    BT_WEIGHT_CLASS = 0x10,
    BT_WEIGHT_ID = 0x100
};

typedef struct bt_step {
    char text[2 * BT_MAX_NAME + 2]; /* the name, without a NUL */
    size_t n;
    unsigned weight;
} bt_step;

bool bt_selector_char(char c);
/* Leave out blanks at both ends. */
void bt_selector_trim(const char **s, const char **end);
/* Where the selector that begins at s ends: at its comma, or at the end. */
const char *bt_selector_end(const char *s, const char *end);
/* All selectors of a list are simple. One that is not may make browsers drop the whole rule. */
bool bt_selectors_are_simple(const char *s, const char *end);
/* Where the last step of a selector begins: behind the last blank or combinator outside of brackets. */
const char *bt_selector_last_step(const char *s, const char *end);
/*
 * The name of the elements that a step may mean, as far as it goes: "td.a:hover" gives "td.a". True: this is
 * all of the step.
 */
bool bt_selector_step(bt_step *name, const char *s, const char *end);
/*
 * A word that some element must have for the steps before the last one, which end at end: ".class", "#id" or
 * "[attribute". *s is moved there; its bytes, 0: none is known.
 */
size_t bt_selector_need(const char **s, const char *end);

#endif
