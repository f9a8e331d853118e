/*
 * normal.c - one form for all text that a model reads.
 *
 * One pass, character by character. Blanks are written as they come and taken back when what
 * follows them shows that they end a line or the text, so every byte is written and removed at most
 * once.
 */
#include "text/normal.h"

#include <string.h>

/* What a character does. */
enum kind { VISIBLE, BLANK, NEWLINE, NOTHING };

struct writer {
    bt_buf *out;
    size_t start; /* where the text begins in out */
    bt_normal how;
};

size_t bt_utf8_char(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* Forms that are too long, surrogates, and numbers past U+10FFFF. */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

size_t bt_utf8_cut(const char *s, size_t n)
{
    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static enum kind kind_of(const char *s, size_t len)
{
    static const struct {
        char bytes[4];
        enum kind kind;
    } table[] = {
        {"\xc2\xad", NOTHING},     /* U+00AD soft hyphen */
        {"\xe2\x80\x8b", NOTHING}, /* U+200B zero width space */
        {"\xe2\x80\x8c", NOTHING}, /* U+200C zero width non-joiner */
        {"\xe2\x80\x8d", NOTHING}, /* U+200D zero width joiner */
        {"\xe2\x81\xa0", NOTHING}, /* U+2060 word joiner */
        {"\xef\xbb\xbf", NOTHING}, /* U+FEFF byte order mark */
        {"\xc2\xa0", BLANK},       /* U+00A0 no-break space */
    };
    if (len == 1) {
        unsigned char c = (unsigned char)s[0];
        if (c > ' ' && c != 0x7f)
            return VISIBLE;
        return c == ' ' || c == '\t' ? BLANK : c == '\n' || c == '\r' ? NEWLINE : NOTHING;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strlen(table[i].bytes) == len && memcmp(s, table[i].bytes, len) == 0)
            return table[i].kind;
    return VISIBLE;
}

static bool ends_with(const struct writer *w, const char *set)
{
    return w->out->len > w->start && strchr(set, w->out->data[w->out->len - 1]);
}

static void take_back(struct writer *w, const char *set)
{
    while (ends_with(w, set))
        w->out->data[--w->out->len] = 0;
}

static bolter_status put(struct writer *w, const char *s, size_t n)
{
    if (bt_buf_room(w->out) < n)
        return BOLTER_E_LIMIT;
    return bt_buf_append(w->out, s, n) ? BOLTER_OK : BOLTER_E_NOMEM;
}

static bolter_status put_blank(struct writer *w, const char *s, size_t n)
{
    if (w->how == BT_NORMAL_PLAIN)
        return w->out->len > w->start ? put(w, s, n) : BOLTER_OK;
    if (w->out->len == w->start || ends_with(w, "\n "))
        return BOLTER_OK;
    if (ends_with(w, "\t")) {
        w->out->data[w->out->len - 1] = ' ';
        return BOLTER_OK;
    }
    return put(w, *s == '\t' && w->how == BT_NORMAL_MAIL ? "\t" : " ", 1);
}

static bolter_status put_newline(struct writer *w)
{
    if (w->how == BT_NORMAL_LINE)
        return put_blank(w, " ", 1);
    if (w->how == BT_NORMAL_MAIL)
        take_back(w, " \t");
    if (w->out->len == w->start)
        return BOLTER_OK;
    bool two =
        w->out->len - w->start >= 2 && memcmp(w->out->data + w->out->len - 2, "\n\n", 2) == 0;
    return w->how == BT_NORMAL_MAIL && two ? BOLTER_OK : put(w, "\n", 1);
}

/* Runs of printable ASCII, most of all text, are copied whole. */
static size_t ascii_run(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && s[i] > ' ' && s[i] < 0x7f)
        i++;
    return i;
}

static bolter_status put_run(struct writer *w, const char *s, size_t n)
{
    size_t room = bt_buf_room(w->out);
    bolter_status status = put(w, s, n < room ? n : room);
    return status != BOLTER_OK || n <= room ? status : BOLTER_E_LIMIT;
}

/*
 * Carriage returns are line ends, but those before a line feed belong to its line end: of "=0D" before
 * the end of a line of quoted-printable, a message with CRLF makes two, one with LF alone makes one.
 */
static bolter_status put_line_ends(struct writer *w, const char *s, size_t n, size_t *used)
{
    size_t cr = 0;
    while (cr < n && s[cr] == '\r')
        cr++;
    bool one = cr < n && s[cr] == '\n';
    *used = cr + one;
    bolter_status status = put_newline(w);
    for (size_t i = 1; i < cr && !one && status == BOLTER_OK; i++)
        status = put_newline(w);
    return status;
}

/* Write the character at s, or line ends; *used becomes the bytes that they took. */
static bolter_status put_char(struct writer *w, const char *s, size_t n, size_t *used)
{
    *used = bt_utf8_char(s, n);
    if (*used == 0) {
        *used = 1;
        return put(w, "\xef\xbf\xbd", 3);
    }
    switch (kind_of(s, *used)) {
    case BLANK:
        return put_blank(w, s, *used);
    case NEWLINE:
        return put_line_ends(w, s, n, used);
    case NOTHING:
        return BOLTER_OK;
    case VISIBLE:
        break;
    }
    return put(w, s, *used);
}

bolter_status bt_normal_append(bt_buf *out, const char *s, size_t n, bt_normal how)
{
    struct writer w = {.out = out, .start = out->len, .how = how};
    bolter_status status = BOLTER_OK;
    for (size_t i = 0, used; i < n && status == BOLTER_OK; i += used) {
        used = ascii_run(s + i, n - i);
        if (used > 0)
            status = put_run(&w, s + i, used);
        else
            status = put_char(&w, s + i, n - i, &used);
    }
    take_back(&w, " \t\n");
    return status;
}
