/*
 * glyph.c - characters by GLib's Unicode tables.
 *
 * Lower case is that of single characters (g_unichar_tolower), the same in every locale; rules that
 * depend on neighbours, such as that of the Greek final sigma, are not followed.
 */
#include "words/glyph.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

static enum bt_glyph_kind ascii_kind(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')
        return BT_GLYPH_WORD;
    if (c == ' ' || (c >= 0x9 && c <= 0xd) || (c >= 0x1c && c <= 0x1f))
        return BT_GLYPH_BLANK;
    return c == '$' || c == '!' || c == '?' || c == '%' ? BT_GLYPH_SIGN : BT_GLYPH_OTHER;
}

static enum bt_glyph_kind kind_of(gunichar c)
{
    if (g_unichar_isalnum(c))
        return BT_GLYPH_WORD;
    if (g_unichar_isspace(c) || c == 0x85)
        return BT_GLYPH_BLANK;
    return c == 0xa3 || c == 0x20ac ? BT_GLYPH_SIGN : BT_GLYPH_OTHER;
}

size_t bt_glyph_read(bt_glyph *g, const char *s, size_t n)
{
    unsigned char byte = (unsigned char)*s;
    if (byte < 0x80) {
        unsigned char lower = byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : byte;
        g->utf8[0] = (char)lower;
        g->n = 1;
        g->kind = ascii_kind(lower);
        return 1;
    }
    gunichar c = g_utf8_get_char_validated(s, (gssize)(n < 4 ? n : 4));
    if (c == (gunichar)-1 || c == (gunichar)-2) {
        memcpy(g->utf8, "\xef\xbf\xbd", 3);
        g->n = 3;
        g->kind = BT_GLYPH_OTHER;
        return 1;
    }
    g->kind = kind_of(c);
    char six[6]; /* what GLib may write */
    g->n = (size_t)g_unichar_to_utf8(g_unichar_tolower(c), six);
    memcpy(g->utf8, six, sizeof g->utf8);
    return bt_glyph_bytes(*s);
}

size_t bt_glyph_bytes(char lead)
{
    unsigned char c = (unsigned char)lead;
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}
