/* charclass.c - letters, numbers and white space, packed four code points to a byte. */
#include "tok/charclass.h"

#include <string.h>

struct range {
    uint32_t first, last;
};

#include "tok/charclass-table.h"

/* The property White_Space; it has neither U+001C..1F nor U+200B. */
static const struct range spaces[] = {
    {0x9, 0xd},       {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},     {0x1680, 0x1680},
    {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

static void mark(bt_charclass *t, const struct range *ranges, size_t n, enum bt_class class)
{
    for (size_t i = 0; i < n; i++)
        for (uint32_t p = ranges[i].first; p <= ranges[i].last; p++) {
            bool four = p % 4 == 0 && ranges[i].last - p >= 3;
            unsigned bits = four ? class * 0x55u : (unsigned)class << (p % 4 * 2);
            t->packed[p / 4] = (uint8_t)(t->packed[p / 4] | bits);
            p += four ? 3 : 0;
        }
}

void bt_charclass_init(bt_charclass *t)
{
    memset(t, 0, sizeof *t);
    mark(t, letters, sizeof letters / sizeof *letters, BT_LETTER);
    mark(t, numbers, sizeof numbers / sizeof *numbers, BT_NUMBER);
    mark(t, spaces, sizeof spaces / sizeof *spaces, BT_SPACE);
    for (uint32_t p = 0; p < sizeof t->ascii; p++)
        t->ascii[p] = (uint8_t)bt_class_of(t, p);
}

/* Bytes of the sequence that starts with lead, or 0. */
static size_t sequence_len(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

uint32_t bt_codepoint(const unsigned char *s, size_t n, size_t *len)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t want = sequence_len(s[0]);
    *len = 1;
    if (want == 1)
        return s[0];
    if (want == 0 || want > n)
        return 0xfffd;
    uint32_t point = s[0] & (0x7fu >> want);
    for (size_t i = 1; i < want; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0xfffd;
        point = point << 6 | (s[i] & 0x3fu);
    }
    if (point < smallest[want] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0xfffd;
    *len = want;
    return point;
}
