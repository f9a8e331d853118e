/* alphabet.c - bytes written as printable characters. */
#include "tok/alphabet.h"

#include "tok/charclass.h"

static bool is_itself(unsigned byte)
{
    return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

void bt_alphabet_init(bt_alphabet *a)
{
    for (size_t i = 0; i < sizeof a->byte / sizeof *a->byte; i++)
        a->byte[i] = -1;
    unsigned other = 0x100;
    for (unsigned byte = 0; byte < 256; byte++)
        a->byte[is_itself(byte) ? byte : other++] = (int16_t)byte;
    uint8_t rank = 0;
    for (size_t i = 0; i < sizeof a->byte / sizeof *a->byte; i++) {
        if (a->byte[i] < 0)
            continue;
        a->order[rank] = (uint8_t)a->byte[i];
        a->rank[a->byte[i]] = rank++;
    }
}

void bt_alphabet_encode(const bt_alphabet *a, uint8_t byte, char text[3])
{
    unsigned point = 0;
    while (a->byte[point] != byte)
        point++;
    size_t n = 0;
    if (point >= 0x80)
        text[n++] = (char)(0xc0 | point >> 6);
    text[n++] = (char)(point < 0x80 ? point : 0x80 | (point & 0x3f));
    text[n] = 0;
}

bolter_status bt_alphabet_decode(const bt_alphabet *a, const char *text, size_t n, bt_buf *b)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t before = b->len, len;
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; i < n && rc == BOLTER_OK; i += len) {
        uint32_t point = bt_codepoint(s + i, n - i, &len);
        if (point >= sizeof a->byte / sizeof *a->byte || a->byte[point] < 0)
            rc = BOLTER_E_FORMAT;
        else if (!bt_buf_append_char(b, (char)a->byte[point]))
            rc = BOLTER_E_NOMEM;
    }
    if (rc != BOLTER_OK)
        b->len = before;
    return rc;
}
