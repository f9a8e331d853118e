/*
 * charset.c - bytes in the encoding a sender declared, or seems to have meant, to UTF-8.
 *
 * Only encodings of the table reach iconv: the C library knows hundreds, some with a history of
 * memory errors, and a sender must not choose among those.
 */
#include "text/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "text/normal.h"

static const char fallback[] = "WINDOWS-1252", hz[] = "HZ";

/* Valid multi-byte characters from which on UTF-8 is no accident. */
enum { SURE_UTF8 = 4 };

/*
 * Declared name without its punctuation -> name for iconv: where a superset is in common use under
 * the name of its subset, the superset. NULL is UTF-8.
 */
static const struct {
    const char *declared, *name;
} charsets[] = {
    {"utf8", NULL},
    {"unicode11utf8", NULL},
    {"latin1", fallback},
    {"iso88591", fallback},
    {"gb2312", "GB18030"},
    {"gb231280", "GB18030"},
    {"csgb2312", "GB18030"},
    {"csiso58gb231280", "GB18030"},
    {"isoir58", "GB18030"},
    {"chinese", "GB18030"},
    {"gbk", "GB18030"},
    {"gb18030", "GB18030"},
    {"cp936", "GB18030"},
    {"xgbk", "GB18030"},
    {"euccn", "GB18030"},
    {"hzgb2312", hz},
    {"hz", hz},
    {"big5", "BIG5-HKSCS"},
    {"big5hkscs", "BIG5-HKSCS"},
    {"cp950", "BIG5-HKSCS"},
    {"euctw", "EUC-TW"},
    {"shiftjis", "CP932"},
    {"sjis", "CP932"},
    {"xsjis", "CP932"},
    {"cp932", "CP932"},
    {"windows31j", "CP932"},
    {"eucjp", "EUC-JP"},
    {"xeucjp", "EUC-JP"},
    {"iso2022jp", "ISO-2022-JP-2"},
    {"iso2022jp2", "ISO-2022-JP-2"},
    {"euckr", "CP949"},
    {"ksc5601", "CP949"},
    {"ksc56011987", "CP949"},
    {"ksc56011989", "CP949"},
    {"cp949", "CP949"},
    {"iso2022kr", "ISO-2022-KR"},
    {"koi8r", "KOI8-R"},
    {"koi8u", "KOI8-U"},
    {"koi8ru", "KOI8-U"},
    {"tis620", "CP874"},
    {"windows874", "CP874"},
    {"macintosh", "MACINTOSH"},
    {"ibm437", "CP437"},
    {"cp437", "CP437"},
    {"ibm850", "CP850"},
    {"cp850", "CP850"},
    {"ibm866", "CP866"},
    {"cp866", "CP866"},
    {"ibm852", "CP852"},
    {"cp852", "CP852"},
    {"utf7", "UTF-7"},
    {"unicode11utf7", "UTF-7"},
    {"utf16", "UTF-16"},
    {"utf16le", "UTF-16LE"},
    {"utf16be", "UTF-16BE"},
    {"utf32", "UTF-32"},
    {"utf32le", "UTF-32LE"},
    {"utf32be", "UTF-32BE"},
    {"iso88592", "ISO-8859-2"},
    {"iso88593", "ISO-8859-3"},
    {"iso88594", "ISO-8859-4"},
    {"iso88595", "ISO-8859-5"},
    {"iso88596", "ISO-8859-6"},
    {"iso88597", "ISO-8859-7"},
    {"iso88598", "ISO-8859-8"},
    {"iso88598i", "ISO-8859-8"},
    {"iso88599", "WINDOWS-1254"},
    {"iso885910", "ISO-8859-10"},
    {"iso885911", "CP874"},
    {"iso885913", "ISO-8859-13"},
    {"iso885914", "ISO-8859-14"},
    {"iso885915", "ISO-8859-15"},
    {"iso885916", "ISO-8859-16"},
    {"windows1250", "CP1250"},
    {"windows1251", "CP1251"},
    {"windows1252", fallback},
    {"windows1253", "CP1253"},
    {"windows1254", "CP1254"},
    {"windows1255", "CP1255"},
    {"windows1256", "CP1256"},
    {"windows1257", "CP1257"},
    {"windows1258", "CP1258"},
    {"cp1250", "CP1250"},
    {"cp1251", "CP1251"},
    {"cp1252", fallback},
    {"cp1253", "CP1253"},
    {"cp1254", "CP1254"},
    {"cp1255", "CP1255"},
    {"cp1256", "CP1256"},
    {"cp1257", "CP1257"},
    {"cp1258", "CP1258"},
};

/* Lower-case letters and digits of a declared name. */
static void plain_name(char *name, size_t size, const char *declared)
{
    size_t n = 0;
    for (; declared && *declared && n + 1 < size; declared++) {
        char c = *declared;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            name[n++] = c;
    }
    name[n] = 0;
}

/* Count characters of several bytes, and bytes that are no UTF-8. */
static void count_utf8(const char *s, size_t n, size_t *good, size_t *bad)
{
    *good = *bad = 0;
    for (size_t i = 0, len; i < n; i += len ? len : 1) {
        len = bt_utf8_char(s + i, n - i);
        *good += len > 1;
        *bad += len == 0;
    }
}

const char *bt_charset_of(const char *declared, const char *bytes, size_t n)
{
    char name[24];
    size_t good, bad;
    count_utf8(bytes, n, &good, &bad);
    if (good >= SURE_UTF8 && bad == 0)
        return NULL;
    plain_name(name, sizeof name, declared);
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        if (charsets[i].name && strcmp(name, charsets[i].declared) == 0)
            return charsets[i].name;
    /* Declared as UTF-8, undeclared or unknown. A message cut inside a character has bad bytes too.
     */
    return bad == 0 || good > bad ? NULL : fallback;
}

static bolter_status put(bt_buf *out, const char *s, size_t n)
{
    if (bt_buf_room(out) < n)
        return BOLTER_E_LIMIT;
    return bt_buf_append(out, s, n) ? BOLTER_OK : BOLTER_E_NOMEM;
}

/* What iconv still holds back: a last letter that an accent could have followed. */
static bolter_status flush(bt_buf *out, iconv_t cd)
{
    char block[64], *to = block;
    size_t room = sizeof block;
    (void)iconv(cd, NULL, NULL, &to, &room);
    return put(out, block, sizeof block - room);
}

/* Bytes of the units that an encoding is made of: less must not be skipped, or the rest is misread. */
static size_t unit_of(const char *name)
{
    return strncmp(name, "UTF-16", 6) == 0 ? 2 : strncmp(name, "UTF-32", 6) == 0 ? 4 : 1;
}

static bolter_status convert(bt_buf *out, iconv_t cd, size_t unit, char *in, size_t n)
{
    bolter_status status = BOLTER_OK;
    while (n > 0 && status == BOLTER_OK) {
        char block[4096], *to = block;
        size_t room = sizeof block, before = n;
        int failed = iconv(cd, &in, &n, &to, &room) == (size_t)-1 ? errno : 0;
        status = put(out, block, sizeof block - room);
        bool stuck = failed == E2BIG && n == before && room == sizeof block;
        if (status == BOLTER_OK && n > 0 && (failed == EILSEQ || failed == EINVAL || stuck)) {
            size_t wrong = n < unit ? n : unit;
            in += wrong;
            n -= wrong;
            status = put(out, "\xef\xbf\xbd", 3);
        }
    }
    return status == BOLTER_OK ? flush(out, cd) : status;
}

/* ---- HZ ---- */

/*
 * The text n bytes of HZ (RFC 1843) as EUC-CN, into out of n bytes: between "~{" and "~}" characters of
 * two bytes, which get their high bits; "~~" is a tilde, and a tilde at the end of a line joins it to the
 * next. An unfinished shift ends with its line, as the RFC has it; what is no HZ stays. The length.
 */
static size_t hz_to_euc(char *out, const char *in, size_t n)
{
    size_t len = 0;
    bool shifted = false;
    for (size_t i = 0; i < n; i++) {
        char c = in[i], next = i + 1 < n ? in[i + 1] : 0;
        bool escape = c == '~' && ((!shifted && (next == '{' || next == '~' || next == '\n')) ||
                                   (shifted && next == '}'));
        bool pair = shifted && c > 0x20 && c < 0x7f && next > 0x20 && next < 0x7f;
        if (escape) {
            shifted = next == '{';
            if (next == '~')
                out[len++] = c;
            i++;
        } else if (pair) {
            out[len++] = (char)(c | 0x80);
            out[len++] = (char)(next | 0x80);
            i++;
        } else {
            shifted = shifted && c != '\n';
            out[len++] = c;
        }
    }
    return len;
}

static bolter_status convert_hz(bt_buf *out, const char *bytes, size_t n)
{
    char *euc = bt_alloc(n + 1);
    if (!euc)
        return BOLTER_E_NOMEM;
    size_t len = hz_to_euc(euc, bytes, n);
    bolter_status status = bt_charset_convert(out, "GB18030", euc, len);
    bt_release(euc);
    return status;
}

/* ---- All ---- */

bolter_status bt_charset_convert(bt_buf *out, const char *from, const char *bytes, size_t n)
{
    if (strcmp(from, hz) == 0) /* which the GNU C library does not know */
        return convert_hz(out, bytes, n);
    iconv_t cd = iconv_open("UTF-8", from);
    if (cd == (iconv_t)-1) /* a C library without this encoding */
        return put(out, bytes, n);
    /* iconv's prototype lacks the const that its contract has. */
    union {
        const char *bytes;
        char *in;
    } u = {.bytes = bytes};
    bolter_status status = convert(out, cd, unit_of(from), u.in, n);
    iconv_close(cd);
    return status;
}
