/*
 * property.c - properties that bear on whether text is seen, and what their values say.
 *
 * A value that is not understood says that the text is seen. Those of properties that are not in the table
 * are none of our business.
 *
 * Source: CSS 2.2, sections 8 to 11, 14 and 15; CSS Values and Units Level 4, section 6.
 */
#include "text/property.h"

#include <string.h>

#include "text/css.h"

static const bt_value shown = {.says = BT_SAYS_SHOWN};
static const bt_value hidden = {.says = BT_SAYS_HIDDEN};

/* What every property may have as its value. */
static bool is_wide(const char *value)
{
    static const char *const words[] = {"inherit", "initial", "unset", "revert", "revert-layer", NULL};
    return bt_css_is_among(value, words);
}

/* A length: NUMBER in px, FACTOR of a font size; NOTHING: it is not one. A bare number is one if it is 0. */
static bt_value read_length(const char *s)
{
    static const struct {
        const char *unit;
        double px, factor;
    } units[] = {{"px", 1, 0},    {"pt", 4.0 / 3, 0}, {"pc", 16, 0}, {"in", 96, 0},  {"cm", 37.8, 0},
                 {"mm", 3.78, 0}, {"rem", 16, 0},     {"em", 0, 1},  {"%", 0, 0.01}, {"ex", 0, 0.5}};
    double number;
    if (!bt_css_number(&s, &number))
        return (bt_value){0};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(s, units[i].unit) == 0)
            return (bt_value){.says = units[i].px > 0 ? BT_SAYS_NUMBER : BT_SAYS_FACTOR,
                              .number = (float)(number * (units[i].px + units[i].factor))};
    bool zero = number == 0 && (!*s || strcmp(s, "vw") == 0 || strcmp(s, "vh") == 0);
    return (bt_value){.says = zero ? BT_SAYS_NUMBER : BT_SAYS_NOTHING};
}

static bt_value read_display(const char *v)
{
    static const char *const blocks[] = {"block", "inline-block", "list-item", "flow-root", NULL};
    if (strcmp(v, "none") == 0)
        return hidden;
    if (strcmp(v, "inline") == 0 || strcmp(v, "initial") == 0 || strcmp(v, "unset") == 0)
        return (bt_value){.says = BT_SAYS_INLINE};
    if (strcmp(v, "contents") == 0)
        return (bt_value){.says = BT_SAYS_CONTENTS};
    if (strncmp(v, "table", 5) == 0 || strcmp(v, "inline-table") == 0)
        return (bt_value){.says = BT_SAYS_TABLE};
    return bt_css_is_among(v, blocks) ? (bt_value){.says = BT_SAYS_BLOCK} : shown;
}

static bt_value read_visibility(const char *v)
{
    if (strcmp(v, "inherit") == 0 || strcmp(v, "unset") == 0)
        return (bt_value){.says = BT_SAYS_INHERIT};
    return strcmp(v, "hidden") == 0 || strcmp(v, "collapse") == 0 ? hidden : shown;
}

static bt_value read_opacity(const char *v)
{
    double number;
    if (!bt_css_number(&v, &number) || (*v && strcmp(v, "%") != 0))
        return shown;
    return number < (*v ? 10 : 0.1) ? hidden : shown;
}

static bt_value read_font_size(const char *v)
{
    double number;
    const char *unit = v;
    bt_value length = read_length(v);
    if (strcmp(v, "inherit") == 0 || strcmp(v, "unset") == 0)
        return (bt_value){.says = BT_SAYS_INHERIT};
    /* Pages of the old kind take a bare number for px. */
    bool bare = length.says == BT_SAYS_NOTHING && bt_css_number(&unit, &number) && !*unit;
    if (bare && number <= (double)BT_TINY)
        return (bt_value){0};
    return length.says == BT_SAYS_NOTHING || length.number < 0 ? shown : length;
}

/* The size among the words of the font property, perhaps with a line height behind it. */
static bt_value read_font(const char *v)
{
    char word[BT_MAX_DECLARATION + 1];
    if (is_wide(v))
        return read_font_size(v);
    for (size_t n; *v; v += n + (v[n] == ' ')) {
        n = strcspn(v, " ");
        size_t len = strcspn(v, "/ ");
        memcpy(word, v, len);
        word[len] = 0;
        bt_value length = read_length(word);
        if (length.says != BT_SAYS_NOTHING)
            return length;
    }
    return shown;
}

static bt_value read_text_color(const char *v)
{
    bt_color c = bt_color_read(v);
    if (strcmp(v, "inherit") == 0 || strcmp(v, "unset") == 0 || strcmp(v, "currentcolor") == 0)
        return (bt_value){.says = BT_SAYS_INHERIT};
    return c.opacity == BT_COLOR_UNKNOWN ? shown : (bt_value){.says = BT_SAYS_COLOR, .color = c};
}

static bt_value read_ground(const char *v)
{
    static const bt_value clear = {.says = BT_SAYS_COLOR, .color = {.opacity = BT_COLOR_CLEAR}};
    bt_color c = bt_color_read(v);
    if (strcmp(v, "initial") == 0 || strcmp(v, "unset") == 0)
        return clear;
    return c.opacity == BT_COLOR_UNKNOWN ? shown : (bt_value){.says = BT_SAYS_COLOR, .color = c};
}

static bt_value read_image(const char *v)
{
    bool none = strcmp(v, "none") == 0 || strcmp(v, "initial") == 0 || strcmp(v, "unset") == 0;
    return none ? (bt_value){.says = BT_SAYS_AUTO} : shown;
}

static bt_value read_size(const char *v)
{
    static const char *const words[] = {"auto", "none", "initial", "unset", NULL};
    bt_value length = read_length(v);
    if (bt_css_is_among(v, words))
        return (bt_value){.says = BT_SAYS_AUTO};
    if (length.says == BT_SAYS_NUMBER && length.number >= 0 && length.number <= BT_TINY)
        return hidden;
    return length.says == BT_SAYS_FACTOR && length.number == 0 ? hidden : shown;
}

static bt_value read_overflow(const char *v)
{
    return strcmp(v, "hidden") == 0 || strcmp(v, "hidden hidden") == 0 ? hidden : shown;
}

/* One axis: hidden leaves bars to scroll on the other. */
static bt_value read_overflow_axis(const char *v)
{
    return strcmp(v, "hidden") == 0 ? (bt_value){0} : shown;
}

static bt_value read_position(const char *v)
{
    static const char *const words[] = {"static", "relative", "absolute", "fixed"};
    for (int i = 0; i < 4; i++)
        if (strcmp(v, words[i]) == 0)
            return (bt_value){.says = BT_SAYS_NUMBER, .number = (float)i};
    return strcmp(v, "initial") == 0 || strcmp(v, "unset") == 0 ? (bt_value){.says = BT_SAYS_NUMBER} : shown;
}

static bt_value read_float(const char *v)
{
    return strcmp(v, "none") == 0 ? (bt_value){.says = BT_SAYS_AUTO} : shown;
}

/* Anything that is not zero. */
static bt_value read_room(const char *v)
{
    for (size_t n; *v; v += n + (v[n] == ' ')) {
        char word[BT_MAX_DECLARATION + 1];
        n = strcspn(v, " ");
        memcpy(word, v, n);
        word[n] = 0;
        bt_value length = read_length(word);
        bool none = strcmp(word, "initial") == 0 || strcmp(word, "unset") == 0 || strcmp(word, "auto") == 0;
        if (!none && (length.says == BT_SAYS_NOTHING || length.number > 0))
            return shown;
    }
    return (bt_value){0};
}

static bt_value read_paint(const char *v)
{
    static const char *const harmless[] = {"none",       "normal",      "inherit",     "initial", "unset",
                                           "border-box", "padding-box", "content-box", NULL};
    return bt_css_is_among(v, harmless) ? (bt_value){0} : shown;
}

static bt_value read_margin(const char *v)
{
    for (const char *s = v; *s; s++)
        if (*s == '(' || (*s == '-' && ((s[1] >= '0' && s[1] <= '9') || s[1] == '.')))
            return shown;
    return (bt_value){0};
}

static void set_all_shown(bt_style *s, unsigned rank)
{
    for (int p = 0; p < BT_N_PROPERTIES; p++)
        bt_style_set(s, (bt_property)p, shown, rank, true);
}

/* A word of a list of values, brackets included. */
static size_t next_word(char *word, const char *v)
{
    size_t n = 0, depth = 0;
    for (; v[n] && (depth > 0 || v[n] != ' '); n++) {
        depth += v[n] == '(';
        depth -= v[n] == ')' && depth > 0;
    }
    memcpy(word, v, n);
    word[n] = 0;
    return n + (v[n] == ' ');
}

/* The background property: an image, and a color, which is clear unless it is among the words. */
static void declare_background(bt_style *s, const char *v, unsigned rank, bool doubt)
{
    static const char *const layout[] = {"none",  "repeat", "repeat-x", "repeat-y", "no-repeat", "scroll",
                                         "fixed", "left",   "right",    "top",      "bottom",    "center",
                                         "cover", "/",      "contain",  "auto",     NULL};
    bt_value color = read_ground("transparent"), image = {.says = BT_SAYS_AUTO};
    char word[BT_MAX_DECLARATION + 1];
    while (*v) {
        v += next_word(word, v);
        bool number = strchr("0123456789.+-", *word) != NULL;
        if (strchr(word, '(') && strncmp(word, "rgb", 3) != 0 && strncmp(word, "hsl", 3) != 0)
            image = shown;
        else if (!number && !bt_css_is_among(word, layout))
            color = read_ground(word);
    }
    bt_style_set(s, BT_GROUND, color, rank, doubt);
    bt_style_set(s, BT_GROUND_IMAGE, image, rank, doubt);
}

static const struct property {
    const char *name; /* with a * behind it: the beginning of a name */
    bt_property property;
    bt_value (*read)(const char *value);
} properties[] = {
    {"display", BT_DISPLAY, read_display},
    {"visibility", BT_VISIBILITY, read_visibility},
    {"opacity", BT_OPACITY, read_opacity},
    {"font-size", BT_FONT_SIZE, read_font_size},
    {"font", BT_FONT_SIZE, read_font},
    {"color", BT_TEXT_COLOR, read_text_color},
    {"background-color", BT_GROUND, read_ground},
    {"background-image", BT_GROUND_IMAGE, read_image},
    {"height", BT_HEIGHT, read_size},
    {"block-size", BT_HEIGHT, read_size},
    {"width", BT_WIDTH, read_size},
    {"inline-size", BT_WIDTH, read_size},
    {"max-height", BT_MAX_HEIGHT, read_size},
    {"max-block-size", BT_MAX_HEIGHT, read_size},
    {"max-width", BT_MAX_WIDTH, read_size},
    {"max-inline-size", BT_MAX_WIDTH, read_size},
    {"overflow", BT_OVERFLOW, read_overflow},
    {"overflow-*", BT_OVERFLOW, read_overflow_axis},
    {"position", BT_POSITION, read_position},
    {"float", BT_FLOAT, read_float},
    {"padding*", BT_ROOM_Y, read_room},
    {"padding*", BT_ROOM_X, read_room},
    {"min-height", BT_ROOM_Y, read_room},
    {"min-block-size", BT_ROOM_Y, read_room},
    {"min-width", BT_ROOM_X, read_room},
    {"min-inline-size", BT_ROOM_X, read_room},
    {"text-shadow", BT_PAINT, read_paint},
    {"-webkit-text-fill-color", BT_PAINT, read_paint},
    {"-webkit-text-stroke*", BT_PAINT, read_paint},
    {"mix-blend-mode", BT_PAINT, read_paint},
    {"filter", BT_PAINT, read_paint},
    {"-webkit-filter", BT_PAINT, read_paint},
    {"background-clip", BT_PAINT, read_paint},
    {"-webkit-background-clip", BT_PAINT, read_paint},
    {"transform", BT_SHIFT, read_paint},
    {"-webkit-transform", BT_SHIFT, read_paint},
    {"translate", BT_SHIFT, read_paint},
    {"margin*", BT_SHIFT, read_margin},
};

static bool is_named(const char *name, const char *pattern)
{
    size_t n = strlen(pattern);
    bool begins = n > 0 && pattern[n - 1] == '*';
    return begins ? strncmp(name, pattern, n - 1) == 0 : strcmp(name, pattern) == 0;
}

/* Names that can stand for any other, or change any later. */
static bool is_anything(const char *name)
{
    return strchr(name, '\\') || strcmp(name, "all") == 0 || strncmp(name, "animation", 9) == 0 ||
           strncmp(name, "-webkit-animation", 17) == 0;
}

void bt_property_declare(bt_style *s, const char *name, const char *value, unsigned rank, bool doubt)
{
    bool opaque = strchr(value, '\\') != NULL;
    if (is_anything(name))
        set_all_shown(s, rank);
    else if (strcmp(name, "background") == 0 && !opaque)
        declare_background(s, value, rank, doubt);
    else if (strcmp(name, "background") == 0)
        bt_style_set(s, BT_GROUND_IMAGE, shown, rank, doubt);
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (is_named(name, properties[i].name))
            bt_style_set(s, properties[i].property, opaque ? shown : properties[i].read(value), rank, doubt);
}
