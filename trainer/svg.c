/* svg.c - the few SVG elements that plots are made of. */
#include "trainer/svg.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* Length of a UTF-8 sequence by its first byte, 0 for a byte that begins none. */
static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Length of the UTF-8 sequence at s, or 0 if it is malformed or no character of XML. */
static size_t sequence(const char *s)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = sequence_length(u[0]);
    for (size_t i = 1; i < n; i++)
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xf0 && u[1] < 0x90);
    bool surrogate = u[0] == 0xed && u[1] > 0x9f;
    bool beyond = u[0] == 0xf4 && u[1] > 0x8f;
    bool not_xml = u[0] < 0x20 || (u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe);
    return overlong || surrogate || beyond || not_xml ? 0 : n;
}

void svg_escaped(FILE *out, const char *s)
{
    for (size_t n; *s; s += n > 0 ? n : 1) {
        n = sequence(s);
        if (n == 0)
            fputs("\xef\xbf\xbd", out);
        else if (*s == '<' || *s == '>' || *s == '&')
            fputs(*s == '<' ? "&lt;" : *s == '>' ? "&gt;" : "&amp;", out);
        else
            fwrite(s, 1, n, out);
    }
}

void svg_text(FILE *out, double x, double y, const char *anchor, const char *more,
              const char *text)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>", x, y, anchor, more);
    svg_escaped(out, text);
    fputs("</text>\n", out);
}

void svg_number(FILE *out, double x, double y, const char *anchor, double value, int decimals)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    if (decimals < 0 || fabs(value) >= 1e7)
        fprintf(out, "%g", value);
    else
        fprintf(out, "%.*f", decimals, value);
    fputs("</text>\n", out);
}

void svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *colour)
{
    fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1,
            x2, y2, colour);
}

void svg_dot(FILE *out, double x, double y, const char *colour)
{
    fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x, y, colour);
}
