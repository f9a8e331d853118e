/* svg.h - the few SVG elements that plots are made of. Coordinates in pixels. */
#ifndef SVG_H
#define SVG_H

#include <stdio.h>

/* Text as XML: escaped; what XML or UTF-8 cannot hold becomes U+FFFD. */
void svg_escaped(FILE *out, const char *s);
/* A text element at the base line; anchor "start", "middle" or "end", more attributes or "". */
void svg_text(FILE *out, double x, double y, const char *anchor, const char *more,
              const char *text);
/* A number as a text element, with so many decimals; -1: as %g. */
void svg_number(FILE *out, double x, double y, const char *anchor, double value, int decimals);
void svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *colour);
void svg_dot(FILE *out, double x, double y, const char *colour);

#endif
