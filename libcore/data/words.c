/* words.c - the folded words of a text, in one pass over its characters. */
#include "data/words.h"

#include <string.h>
#include <strings.h>

struct writer {
    bt_buf *out;
    size_t start;
    bool in_word, in_number;
};

/* Bytes of "http://" or "https://" at s, 0: none. */
static size_t scheme(const char *s, size_t n)
{
    static const char *const names[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t m = strlen(names[i]);
        if (n > m && strncasecmp(s, names[i], m) == 0)
            return m;
    }
    return 0;
}

/* The address that begins at s goes up to white space. */
static size_t address(const char *s, size_t n)
{
    size_t i = scheme(s, n);
    while (i > 0 && i < n && (unsigned char)s[i] > ' ')
        i++;
    return i;
}

/* The small letter of a capital, in the blocks where they lie in parallel; Unicode's chart. */
static uint32_t fold(uint32_t point)
{
    if (point >= 'A' && point <= 'Z')
        return point + 32;
    if (point >= 0xc0 && point <= 0xde && point != 0xd7)
        return point + 32;
    if ((point >= 0x391 && point <= 0x3a9) || (point >= 0x410 && point <= 0x42f))
        return point + 32;
    return point >= 0x400 && point <= 0x40f ? point + 80 : point;
}

/* fold() keeps a letter in its length of one or two bytes. */
static bool put_letter(bt_buf *out, const char *s, size_t len, uint32_t point)
{
    uint32_t small = fold(point);
    if (small == point)
        return bt_buf_append(out, s, len);
    char two[2] = {(char)(0xc0 | small >> 6), (char)(0x80 | (small & 0x3f))};
    return small < 0x80 ? bt_buf_append_char(out, (char)small) : bt_buf_append(out, two, 2);
}

/* Begin a word where none is open. */
static bool open_word(struct writer *w)
{
    bool first = w->in_word || w->out->len == w->start;
    w->in_word = true;
    return first || bt_buf_append_char(w->out, ' ');
}

/* Take what begins at s; *used becomes its bytes. */
static bool take(struct writer *w, const bt_charclass *classes, const char *s, size_t n,
                 size_t *used)
{
    if (!w->in_word && (*used = address(s, n)) > 0) {
        bool ok = open_word(w) && bt_buf_append_char(w->out, 'u');
        w->in_word = w->in_number = false;
        return ok;
    }
    uint32_t point = bt_codepoint((const unsigned char *)s, n, used);
    enum bt_class class = point == '_' ? BT_LETTER : bt_class_of(classes, point);
    bool counting = w->in_number;
    w->in_number = class == BT_NUMBER;
    if (class == BT_LETTER)
        return open_word(w) && put_letter(w->out, s, *used, point);
    if (class == BT_NUMBER)
        return counting || (open_word(w) && bt_buf_append_char(w->out, '0'));
    w->in_word = false;
    return true;
}

bolter_status bt_words_append(bt_buf *out, const bt_charclass *classes, const char *utf8, size_t n)
{
    struct writer w = {.out = out, .start = out->len};
    bool ok = true;
    for (size_t i = 0, used; ok && i < n; i += used)
        ok = take(&w, classes, utf8 + i, n - i, &used);
    if (ok && out->len == w.start && n > 0)
        ok = bt_buf_append(out, utf8, n);
    return ok ? BOLTER_OK : bt_buf_room(out) == 0 ? BOLTER_E_LIMIT : BOLTER_E_NOMEM;
}
