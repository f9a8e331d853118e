/*
 * color.c - colors of style sheets and of attributes, and whether the eye tells two apart.
 */
#include "text/color.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/css.h"

enum {
    ALIKE = 8,         /* units of a channel that nobody sees */
    MAX_ATTRIBUTE = 31 /* bytes of a color in an attribute */
};

static const struct name {
    const char *name;
    unsigned rgb;
} names[] = {
    {"aliceblue", 0xf0f8ff},   {"aqua", 0x00ffff},        {"azure", 0xf0ffff},      {"beige", 0xf5f5dc},
    {"black", 0x000000},       {"blue", 0x0000ff},        {"brown", 0xa52a2a},      {"coral", 0xff7f50},
    {"crimson", 0xdc143c},     {"cyan", 0x00ffff},        {"darkblue", 0x00008b},   {"darkgray", 0xa9a9a9},
    {"darkgreen", 0x006400},   {"darkgrey", 0xa9a9a9},    {"darkred", 0x8b0000},    {"dimgray", 0x696969},
    {"dimgrey", 0x696969},     {"floralwhite", 0xfffaf0}, {"fuchsia", 0xff00ff},    {"gainsboro", 0xdcdcdc},
    {"ghostwhite", 0xf8f8ff},  {"gold", 0xffd700},        {"gray", 0x808080},       {"green", 0x008000},
    {"grey", 0x808080},        {"honeydew", 0xf0fff0},    {"ivory", 0xfffff0},      {"lavender", 0xe6e6fa},
    {"lightblue", 0xadd8e6},   {"lightgray", 0xd3d3d3},   {"lightgreen", 0x90ee90}, {"lightgrey", 0xd3d3d3},
    {"lightyellow", 0xffffe0}, {"lime", 0x00ff00},        {"linen", 0xfaf0e6},      {"magenta", 0xff00ff},
    {"maroon", 0x800000},      {"mintcream", 0xf5fffa},   {"navy", 0x000080},       {"olive", 0x808000},
    {"orange", 0xffa500},      {"pink", 0xffc0cb},        {"purple", 0x800080},     {"red", 0xff0000},
    {"seashell", 0xfff5ee},    {"silver", 0xc0c0c0},      {"skyblue", 0x87ceeb},    {"snow", 0xfffafa},
    {"teal", 0x008080},        {"white", 0xffffff},       {"whitesmoke", 0xf5f5f5}, {"yellow", 0xffff00},
};

static bt_color rgb(unsigned value)
{
    return (bt_color){BT_COLOR_OPAQUE,
                      {(unsigned char)(value >> 16 & 0xff), (unsigned char)(value >> 8 & 0xff),
                       (unsigned char)(value & 0xff)}};
}

static unsigned char opacity_of(double alpha)
{
    return alpha <= 0.05 ? BT_COLOR_CLEAR : alpha >= 1 ? BT_COLOR_OPAQUE : BT_COLOR_UNKNOWN;
}

static bt_color read_hex(const char *s)
{
    unsigned digit[8] = {0};
    size_t n = strlen(s);
    if ((n != 3 && n != 4 && n != 6 && n != 8) || strspn(s, "0123456789abcdef") != n)
        return (bt_color){0};
    for (size_t i = 0; i < n; i++)
        digit[i] = (unsigned)(s[i] <= '9' ? s[i] - '0' : s[i] - 'a' + 10);
    unsigned value = 0, pair[4] = {0, 0, 0, 0xff};
    for (size_t i = 0; i < (n <= 4 ? n : n / 2); i++)
        pair[i] = n <= 4 ? digit[i] * 17 : digit[2 * i] * 16 + digit[2 * i + 1];
    value = pair[0] << 16 | pair[1] << 8 | pair[2];
    bt_color c = rgb(value);
    c.opacity = opacity_of(pair[3] / 255.0);
    return c;
}

/* What stands between the parentheses of rgb() or rgba(). */
static bt_color read_channels(const char *s)
{
    double value[4] = {0, 0, 0, 1};
    int n = 0;
    for (s += strspn(s, " "); *s && *s != ')' && n < 4; s += strspn(s, " ,/"), n++) {
        if (!bt_css_number(&s, &value[n]))
            return (bt_color){0};
        if (*s == '%') {
            value[n] *= n < 3 ? 2.55 : 0.01;
            s++;
        }
        if (n < 3)
            value[n] = fmin(fmax(value[n], 0), 255);
    }
    if (n < 3 || strcmp(s, ")") != 0)
        return (bt_color){0};
    bt_color c =
        rgb((unsigned)(value[0] + 0.5) << 16 | (unsigned)(value[1] + 0.5) << 8 | (unsigned)(value[2] + 0.5));
    c.opacity = opacity_of(value[3]);
    return c;
}

static int compare(const void *key, const void *name)
{
    return strcmp(key, ((const struct name *)name)->name);
}

bt_color bt_color_read(const char *value)
{
    if (*value == '#')
        return read_hex(value + 1);
    if (strncmp(value, "rgb(", 4) == 0)
        return read_channels(value + 4);
    if (strncmp(value, "rgba(", 5) == 0)
        return read_channels(value + 5);
    if (strcmp(value, "transparent") == 0)
        return (bt_color){.opacity = BT_COLOR_CLEAR};
    const struct name *found = bsearch(value, names, sizeof names / sizeof *names, sizeof *names, compare);
    return found ? rgb(found->rgb) : (bt_color){0};
}

bt_color bt_color_read_attribute(const char *value)
{
    char text[MAX_ATTRIBUTE + 1];
    size_t n = 0;
    for (value += strspn(value, " \t\r\n\f"); value[n] && n < MAX_ATTRIBUTE; n++)
        text[n] = value[n] >= 'A' && value[n] <= 'Z' ? (char)(value[n] - 'A' + 'a') : value[n];
    while (n > 0 && strchr(" \t\r\n\f", text[n - 1]))
        n--;
    text[n] = 0;
    size_t digits = strspn(text, "0123456789abcdef");
    if (text[digits] == 0 && (n == 3 || n == 6))
        return read_hex(text);
    /* An attribute knows neither transparency nor functions: what they give is anybody's guess. */
    bool plain = *text == '#' ? n == 4 || n == 7 : strcmp(text, "transparent") != 0 && !strchr(text, '(');
    return plain ? bt_color_read(text) : (bt_color){0};
}

bool bt_color_alike(bt_color a, bt_color b)
{
    bool alike = a.opacity == BT_COLOR_OPAQUE && b.opacity == BT_COLOR_OPAQUE;
    for (int i = 0; i < 3; i++)
        alike = alike && abs(a.channel[i] - b.channel[i]) <= ALIKE;
    return alike;
}
