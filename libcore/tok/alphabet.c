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
