/*
 * hidden.c - does the reader see an element's text?
 *
 * Source: CSS 2.2, sections 8 to 11 and 14 to 15; HTML, "Rendering", for tags and attributes.
 */
#include "text/hidden.h"

#include <string.h>
#include <strings.h>

#include "text/css.h"

enum { NOT_CUT_OFF, CUT_OFF, CUT_OFF_IN_PLACE };

bt_look bt_look_root(void)
{
    return (bt_look){.font_px = 16,
                     .color = {.opacity = BT_COLOR_OPAQUE},
                     .ground = {.opacity = BT_COLOR_OPAQUE, .channel = {255, 255, 255}}};
}

static bt_says says(const bt_style *s, bt_property p)
{
    return (bt_says)s->value[p].says;
}

/* ---- One element ---- */

static void inherit(bt_look *look, const bt_style *s)
{
    const bt_value *font = &s->value[BT_FONT_SIZE], *color = &s->value[BT_TEXT_COLOR];
    if (font->says == BT_SAYS_NUMBER)
        look->font_px = font->number;
    else if (font->says == BT_SAYS_FACTOR)
        look->font_px *= font->number;
    else if (font->says == BT_SAYS_SHOWN)
        look->font_px = 16;
    if (color->says == BT_SAYS_COLOR)
        look->color = color->color;
    else if (color->says == BT_SAYS_SHOWN)
        look->color.opacity = BT_COLOR_UNKNOWN;
    if (says(s, BT_VISIBILITY) == BT_SAYS_HIDDEN)
        look->invisible = true;
    else if (says(s, BT_VISIBILITY) == BT_SAYS_SHOWN)
        look->invisible = false;
    look->painted = look->painted || says(s, BT_PAINT) == BT_SAYS_SHOWN;
}

static bt_place place_of(const bt_style *s)
{
    const bt_value *v = &s->value[BT_POSITION];
    return v->says == BT_SAYS_SHOWN ? BT_FIXED : (bt_place)v->number;
}

static bool is_block(const bt_style *s, bt_box box, bt_place place)
{
    bt_says display = says(s, BT_DISPLAY);
    bool block = display == BT_SAYS_BLOCK || (display == BT_SAYS_NOTHING && box == BT_BOX_BLOCK);
    return block || (place >= BT_ABSOLUTE && display != BT_SAYS_TABLE && box != BT_BOX_OTHER &&
                     says(s, BT_POSITION) != BT_SAYS_SHOWN);
}

static bool is_cut_off(const bt_style *s)
{
    bool low = says(s, BT_HEIGHT) == BT_SAYS_HIDDEN || says(s, BT_MAX_HEIGHT) == BT_SAYS_HIDDEN;
    bool narrow = says(s, BT_WIDTH) == BT_SAYS_HIDDEN || says(s, BT_MAX_WIDTH) == BT_SAYS_HIDDEN;
    low = low && says(s, BT_ROOM_Y) != BT_SAYS_SHOWN;
    narrow = narrow && says(s, BT_ROOM_X) != BT_SAYS_SHOWN;
    return says(s, BT_OVERFLOW) == BT_SAYS_HIDDEN && (low || narrow);
}

/* Text may reach beyond the element's own background. */
static bool may_overflow(const bt_style *s)
{
    bool high = says(s, BT_HEIGHT) == BT_SAYS_SHOWN || says(s, BT_HEIGHT) == BT_SAYS_HIDDEN ||
                says(s, BT_MAX_HEIGHT) == BT_SAYS_SHOWN || says(s, BT_MAX_HEIGHT) == BT_SAYS_HIDDEN;
    bool wide = says(s, BT_WIDTH) == BT_SAYS_HIDDEN || says(s, BT_MAX_WIDTH) == BT_SAYS_HIDDEN;
    return (high || wide) && says(s, BT_OVERFLOW) != BT_SAYS_HIDDEN;
}

static void cut_off(bt_look *look, const bt_style *s, bool block, bt_place place)
{
    if ((look->cut_off == CUT_OFF && place >= BT_ABSOLUTE) ||
        (look->cut_off == CUT_OFF_IN_PLACE && place == BT_FIXED))
        look->cut_off = NOT_CUT_OFF;
    else if (look->cut_off == CUT_OFF && place == BT_RELATIVE)
        look->cut_off = CUT_OFF_IN_PLACE;
    if (block && is_cut_off(s) && says(s, BT_POSITION) != BT_SAYS_SHOWN)
        look->cut_off = place == BT_STATIC ? CUT_OFF : CUT_OFF_IN_PLACE;
}

static void find_ground(bt_look *look, const bt_style *s, bt_box box, bool block, bt_place place)
{
    const bt_value *ground = &s->value[BT_GROUND];
    bool elsewhere =
        place != BT_STATIC || says(s, BT_SHIFT) == BT_SAYS_SHOWN || says(s, BT_FLOAT) == BT_SAYS_SHOWN;
    bool is_inline = !block && box != BT_BOX_OTHER;
    if (elsewhere || (look->inline_ground && !is_inline))
        look->ground.opacity = BT_COLOR_UNKNOWN;
    if (says(s, BT_GROUND_IMAGE) == BT_SAYS_SHOWN || ground->says == BT_SAYS_SHOWN) {
        look->ground.opacity = BT_COLOR_UNKNOWN;
    } else if (ground->says == BT_SAYS_COLOR && ground->color.opacity == BT_COLOR_OPAQUE) {
        look->ground = ground->color;
        look->inline_ground = is_inline;
        if (block && may_overflow(s))
            look->ground.opacity = BT_COLOR_UNKNOWN;
    }
}

bt_look bt_look_child(const bt_look *parent, const bt_style *style, bt_box box)
{
    bt_look look = *parent;
    bt_place place = place_of(style);
    bool block = is_block(style, box, place);
    inherit(&look, style);
    if (says(style, BT_DISPLAY) == BT_SAYS_CONTENTS)
        return look; /* it has no box */
    look.gone =
        look.gone || says(style, BT_DISPLAY) == BT_SAYS_HIDDEN || says(style, BT_OPACITY) == BT_SAYS_HIDDEN;
    cut_off(&look, style, block, place);
    find_ground(&look, style, box, block, place);
    return look;
}

bool bt_look_hides_all(const bt_look *look)
{
    return look->gone || look->invisible || look->cut_off != NOT_CUT_OFF;
}

bool bt_look_takes_room(const bt_look *look)
{
    return !bt_look_hides_all(look) && look->font_px > BT_TINY;
}

bool bt_look_hides_text(const bt_look *look)
{
    bool colorless = look->color.opacity == BT_COLOR_CLEAR || bt_color_alike(look->color, look->ground);
    return !bt_look_takes_room(look) || (colorless && !look->painted);
}

/* ---- Tags and attributes ---- */

static void hint(bt_style *s, bt_property p, bt_says says)
{
    bt_style_set(s, p, (bt_value){.says = (unsigned char)says}, BT_RANK_HINT, false);
}

static void hint_color(bt_style *s, bt_property p, bt_color color)
{
    bt_value v = {.says = color.opacity == BT_COLOR_OPAQUE ? BT_SAYS_COLOR : BT_SAYS_SHOWN, .color = color};
    bt_style_set(s, p, v, BT_RANK_HINT, false);
}

void bt_hint_tag(bt_style *s, const char *tag)
{
    static const char *const own_font[] = {"button", "select", "textarea", "input", NULL};
    static const char *const own_color[] = {"button", "select", "textarea", "input", "option", "mark", NULL};
    if (bt_css_is_among(tag, own_font))
        hint(s, BT_FONT_SIZE, BT_SAYS_SHOWN);
    if (bt_css_is_among(tag, own_color)) {
        hint(s, BT_TEXT_COLOR, BT_SAYS_SHOWN);
        hint(s, BT_GROUND, BT_SAYS_SHOWN);
    }
}

void bt_hint_attribute(bt_style *s, const char *tag, const char *name, const char *value)
{
    static const char *const grounds[] = {"body", "table", "thead", "tbody", "tfoot", "tr", "td", "th", NULL};
    bool font = strcmp(tag, "font") == 0;
    if (strcmp(name, "hidden") == 0) {
        hint(s, BT_DISPLAY, BT_SAYS_HIDDEN);
    } else if (strcmp(name, "bgcolor") == 0 && *value) {
        if (bt_css_is_among(tag, grounds))
            hint_color(s, BT_GROUND, bt_color_read_attribute(value));
        else
            hint(s, BT_GROUND, BT_SAYS_SHOWN);
    } else if (strcmp(name, "background") == 0 && *value) {
        hint(s, BT_GROUND_IMAGE, BT_SAYS_SHOWN);
    } else if ((font && strcmp(name, "color") == 0) ||
               (strcmp(tag, "body") == 0 && strcmp(name, "text") == 0)) {
        hint_color(s, BT_TEXT_COLOR, bt_color_read_attribute(value));
    } else if (font && strcmp(name, "size") == 0) {
        hint(s, BT_FONT_SIZE, BT_SAYS_SHOWN);
    } else if (strcmp(tag, "a") == 0 && strcmp(name, "href") == 0) {
        hint(s, BT_TEXT_COLOR, BT_SAYS_SHOWN); /* the reader's own color of links */
    } else if (strcmp(name, "align") == 0 &&
               (strcasecmp(value, "left") == 0 || strcasecmp(value, "right") == 0) &&
               strcmp(tag, "table") == 0) {
        hint(s, BT_FLOAT, BT_SAYS_SHOWN);
    }
}
