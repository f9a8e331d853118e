/*
 * plot.c - line plots as SVG. The picture brings its own white ground, so that it reads the same on
 * a dark page; most colours are those of Okabe and Ito, which the colour-blind tell apart.
 */
#include "trainer/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "trainer/svg.h"

static const char *const colours[PLOT_COLOURS] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                     "#e69f00", "#56b4e9", "#000000", "#b3a100"};
static const char large[] = "font-size=\"14\"";
static const char ink[] = "#222222", grey[] = "#8a8a8a", faint[] = "#e4e4e4";

/* The area of the curves in pixels, and what its edges stand for after the axes' maps. */
struct frame {
    FILE *out;
    double left, top, width, height;
    double x0, x1, y0, y1;
};

/* ---- Numbers ---- */

static double mapped(const struct plot_axis *a, double value)
{
    return a->map ? a->map(value) : value;
}

size_t plot_ticks(double low, double high, size_t n, double tick[PLOT_MAX_TICKS])
{
    if (!isfinite(low) || !isfinite(high) || !(low < high) || n == 0)
        return 0;
    double rough = (high - low) / (double)n, power = pow(10, floor(log10(rough)));
    double digit = rough / power; /* 1 up to 10 */
    double step = power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
    double first = ceil(low / step - 1e-9), last = floor(high / step + 1e-9);
    size_t count = 0;
    if (!isfinite(first) || !isfinite(last) || fabs(first) > 1e15 || fabs(last) > 1e15)
        return 0;
    for (double k = first; k <= last && count < PLOT_MAX_TICKS; k++)
        tick[count++] = k * step + 0.0; /* not -0 */
    return count;
}

/* Digits after the point that show every tick exactly; -1 if more than six would be needed. */
static int decimals_of(const double *tick, size_t n, double factor)
{
    for (int d = 0; d <= 6; d++) {
        bool exact = true;
        for (size_t i = 0; i < n; i++) {
            double shifted = tick[i] * factor * pow(10, d);
            exact = exact && fabs(shifted - round(shifted)) < 1e-6 * fmax(1, fabs(shifted));
        }
        if (exact)
            return d;
    }
    return -1;
}

/* ---- Ranges ---- */

static void widen(const struct plot_axis *a, const double *value, size_t n, double *low,
                  double *high)
{
    for (size_t i = 0; value && i < n; i++) {
        double v = mapped(a, value[i]);
        if (isfinite(v)) {
            *low = fmin(*low, v);
            *high = fmax(*high, v);
        }
    }
}

/* What the ends of an axis stand for, after its map: as asked for, else where its points end. */
static void set_range(const struct plot_axis *a, double low, double high, double *from,
                      double *to)
{
    bool is_free = a->min == 0 && a->max == 0;
    double min = is_free ? NAN : mapped(a, a->min), max = is_free ? NAN : mapped(a, a->max);
    if (!(low <= high)) /* no point at all */
        low = 0, high = 1;
    if (!(high - low > 1e-9 * fmax(fabs(low), 1e-6))) { /* a single value: in the middle */
        double half = fmax(0.5 * fabs(low), 0.5);
        low -= half;
        high += half;
    }
    *from = isfinite(min) ? min : low;
    *to = isfinite(max) ? max : high;
    if (!(*from < *to)) { /* the points lie beyond the only end that was asked for */
        *from = low;
        *to = high;
    }
}

static void find_ranges(struct frame *f, const struct plot *p)
{
    double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
    for (size_t i = 0; i < p->n_series; i++) {
        const struct plot_series *s = &p->series[i];
        widen(&p->x, s->x, s->n, &x0, &x1);
        widen(&p->y, s->y, s->n, &y0, &y1);
        widen(&p->y, s->low, s->n, &y0, &y1);
        widen(&p->y, s->high, s->n, &y0, &y1);
    }
    double margin = y0 < y1 ? 0.05 * (y1 - y0) : 0;
    set_range(&p->x, x0, x1, &f->x0, &f->x1);
    set_range(&p->y, y0 - margin, y1 + margin, &f->y0, &f->y1);
}

static double place_x(const struct frame *f, double mapped_x)
{
    return f->left + f->width * (mapped_x - f->x0) / (f->x1 - f->x0);
}

static double place_y(const struct frame *f, double mapped_y)
{
    return f->top + f->height * (f->y1 - mapped_y) / (f->y1 - f->y0);
}

/* Place of a point; false for one that cannot be drawn. Renderers dislike places far outside. */
static bool place(const struct frame *f, const struct plot *p, double x, double y, double *px,
                  double *py)
{
    *px = place_x(f, mapped(&p->x, x));
    *py = place_y(f, mapped(&p->y, y));
    if (!isfinite(*px) || !isfinite(*py))
        return false;
    *px = fmax(-1e4, fmin(1e4, *px));
    *py = fmax(-1e4, fmin(1e4, *py));
    return true;
}

static bool inside(const struct frame *f, double x, double y)
{
    return x > f->left - 0.5 && x < f->left + f->width + 0.5 && y > f->top - 0.5 &&
           y < f->top + f->height + 0.5;
}

/* ---- Axes ---- */

/* Ticks of an axis between the mapped values from and to. */
static size_t ticks_of(const struct plot_axis *a, double from, double to, size_t about,
                       double tick[PLOT_MAX_TICKS])
{
    if (!a->tick)
        return plot_ticks(from, to, about, tick);
    size_t n = 0;
    double slack = 1e-9 * (to - from);
    for (size_t i = 0; i < a->n_tick && n < PLOT_MAX_TICKS; i++) {
        double m = mapped(a, a->tick[i]);
        if (m >= from - slack && m <= to + slack)
            tick[n++] = a->tick[i];
    }
    return n;
}

static void draw_x(const struct frame *f, const struct plot *p)
{
    double tick[PLOT_MAX_TICKS], factor = p->x.factor != 0 ? p->x.factor : 1;
    size_t n = ticks_of(&p->x, f->x0, f->x1, 6, tick);
    int digits = p->x.tick ? -1 : decimals_of(tick, n, factor);
    double bottom = f->top + f->height;
    for (size_t i = 0; i < n; i++) {
        double x = place_x(f, mapped(&p->x, tick[i]));
        svg_line(f->out, x, f->top, x, bottom, faint);
        svg_line(f->out, x, bottom, x, bottom + 5, ink);
        svg_number(f->out, x, bottom + 19, "middle", tick[i] * factor, digits);
    }
    if (p->x.label)
        svg_text(f->out, f->left + f->width / 2, bottom + 41, "middle", large, p->x.label);
}

static void draw_y(const struct frame *f, const struct plot *p)
{
    double tick[PLOT_MAX_TICKS], factor = p->y.factor != 0 ? p->y.factor : 1;
    size_t n = ticks_of(&p->y, f->y0, f->y1, 6, tick);
    int digits = p->y.tick ? -1 : decimals_of(tick, n, factor);
    for (size_t i = 0; i < n; i++) {
        double y = place_y(f, mapped(&p->y, tick[i]));
        svg_line(f->out, f->left, y, f->left + f->width, y, faint);
        svg_line(f->out, f->left - 5, y, f->left, y, ink);
        svg_number(f->out, f->left - 9, y + 4, "end", tick[i] * factor, digits);
    }
    if (!p->y.label)
        return;
    char turn[64];
    double middle = f->top + f->height / 2;
    snprintf(turn, sizeof turn, "%s transform=\"rotate(-90 20 %.1f)\"", large, middle);
    svg_text(f->out, 20, middle, "middle", turn, p->y.label);
}

/* The second x axis has round numbers of its own. */
static void draw_top(const struct frame *f, const struct plot *p)
{
    double tick[PLOT_MAX_TICKS], factor = p->top.factor;
    if (!p->top.label || !(factor > 0) || p->x.map)
        return;
    size_t n = plot_ticks(f->x0 * factor, f->x1 * factor, 6, tick);
    int digits = decimals_of(tick, n, 1);
    for (size_t i = 0; i < n; i++) {
        double x = place_x(f, tick[i] / factor);
        svg_line(f->out, x, f->top - 5, x, f->top, ink);
        svg_number(f->out, x, f->top - 10, "middle", tick[i], digits);
    }
    svg_text(f->out, f->left + f->width / 2, f->top - 30, "middle", large, p->top.label);
}

/* ---- Series ---- */

static const char *colour_of(const struct plot *p, size_t i)
{
    size_t n = 0;
    if (p->series[i].muted)
        return grey;
    for (size_t k = 0; k < i; k++)
        n += !p->series[k].muted;
    return colours[n % PLOT_COLOURS];
}

static const char *dashes(const struct plot_series *s)
{
    return s->dashed ? " stroke-dasharray=\"7 4\"" : "";
}

static void draw_line(const struct frame *f, const struct plot *p, const struct plot_series *s,
                      const char *colour)
{
    bool down = false; /* the pen */
    double last_x = NAN, last_y = NAN, x, y;
    fprintf(f->out, "<path clip-path=\"url(#area)\" fill=\"none\" stroke=\"%s\" "
            "stroke-width=\"%s\" stroke-linejoin=\"round\"%s d=\"",
            colour, s->muted ? "1.2" : "2", dashes(s));
    for (size_t i = 0; i < s->n; i++) {
        if (!place(f, p, s->x[i], s->y[i], &x, &y)) {
            down = false;
            continue;
        }
        /* Of thousands of points most fall on the same tenth of a pixel. */
        if (down && fabs(x - last_x) < 0.1 && fabs(y - last_y) < 0.1)
            continue;
        fprintf(f->out, "%c%.1f %.1f", down ? 'L' : 'M', x, y);
        down = true;
        last_x = x;
        last_y = y;
    }
    fputs("\"/>\n", f->out);
}

static void draw_points(const struct frame *f, const struct plot *p, const struct plot_series *s,
                        const char *colour)
{
    for (size_t i = 0; i < s->n; i++) {
        double x, y, low, high;
        if (!place(f, p, s->x[i], s->y[i], &x, &y) || !inside(f, x, y))
            continue;
        if (s->low && s->high && place(f, p, s->x[i], s->low[i], &x, &low) &&
            place(f, p, s->x[i], s->high[i], &x, &high))
            fprintf(f->out, "<path clip-path=\"url(#area)\" stroke=\"%s\" stroke-width=\"1.2\" "
                    "fill=\"none\" d=\"M%.1f %.1fV%.1fM%.1f %.1fh6M%.1f %.1fh6\"/>\n",
                    colour, x, low, high, x - 3, low, x - 3, high);
        if (s->markers)
            svg_dot(f->out, x, y, colour);
        if (s->note)
            svg_text(f->out, x + 8, y + 4, "start", "font-size=\"11\"", s->note[i]);
    }
}

static void draw_series(const struct frame *f, const struct plot *p)
{
    for (size_t i = 0; i < p->n_series; i++) {
        const struct plot_series *s = &p->series[i];
        if (!s->no_line)
            draw_line(f, p, s, colour_of(p, i));
        draw_points(f, p, s, colour_of(p, i));
    }
}

/* ---- Legend ---- */

/* How much of the lines and dots lies in a box: each segment is asked at a few places. */
static size_t points_in(const struct frame *f, const struct plot *p, double left, double top,
                        double width, double height)
{
    enum { PLACES = 8 };
    size_t n = 0;
    for (size_t i = 0; i < p->n_series; i++) {
        const struct plot_series *s = &p->series[i];
        double x0, y0, x, y;
        for (size_t k = 0; k < s->n; k++) {
            if (!place(f, p, s->x[k], s->y[k], &x, &y))
                continue;
            if (k == 0 || !place(f, p, s->x[k - 1], s->y[k - 1], &x0, &y0))
                x0 = x, y0 = y;
            for (int m = 1; m <= PLACES; m++) {
                double px = x0 + (x - x0) * m / PLACES, py = y0 + (y - y0) * m / PLACES;
                n += px >= left && px <= left + width && py >= top && py <= top + height;
            }
        }
    }
    return n;
}

/* In the corner with the fewest points; the upper right one where several are as empty. */
static void find_corner(const struct frame *f, const struct plot *p, double width, double height,
                        double *left, double *top)
{
    size_t fewest = (size_t)-1;
    for (int corner = 0; corner < 4; corner++) {
        double x = corner % 2 ? f->left + 12 : f->left + f->width - width - 12;
        double y = corner < 2 ? f->top + 12 : f->top + f->height - height - 12;
        size_t n = points_in(f, p, x - 8, y - 8, width + 16, height + 16);
        if (n < fewest) {
            fewest = n;
            *left = x;
            *top = y;
        }
    }
}

static size_t length(const char *utf8)
{
    size_t n = 0;
    for (; *utf8; utf8++)
        n += ((unsigned char)*utf8 & 0xc0) != 0x80;
    return n;
}

static void draw_entry(const struct frame *f, const struct plot *p, size_t i, double left, double y)
{
    const struct plot_series *s = &p->series[i];
    if (!s->no_line)
        fprintf(f->out, "<path stroke=\"%s\" stroke-width=\"2\"%s d=\"M%.1f %.1fh28\"/>\n",
                colour_of(p, i), dashes(s), left, y);
    if (s->markers)
        svg_dot(f->out, left + 14, y, colour_of(p, i));
    svg_text(f->out, left + 36, y + 4, "start", "", s->name);
}

static void draw_legend(const struct frame *f, const struct plot *p)
{
    size_t named = 0, longest = 0;
    double left = 0, top = 0;
    for (size_t i = 0; i < p->n_series; i++) {
        size_t n = p->series[i].name ? length(p->series[i].name) : 0;
        longest = n > longest ? n : longest;
        named += p->series[i].name != NULL;
    }
    if (named == 0)
        return;
    double width = 56 + 7 * (double)longest, height = 12 + 20 * (double)named;
    find_corner(f, p, width, height, &left, &top);
    fprintf(f->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"4\" "
            "fill=\"#ffffff\" fill-opacity=\"0.85\" stroke=\"%s\"/>\n", left, top, width, height,
            faint);
    double y = top + 16;
    for (size_t i = 0; i < p->n_series; i++) {
        if (!p->series[i].name)
            continue;
        draw_entry(f, p, i, left + 10, y);
        y += 20;
    }
}

/* ---- The picture ---- */

static void begin(const struct frame *f, const struct plot *p)
{
    double width = f->left + f->width + 28, height = f->top + f->height + 58;
    fprintf(f->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\" font-family=\"Helvetica, Arial, sans-serif\" "
            "font-size=\"13\" fill=\"%s\">\n<title>", width, height, width, height, ink);
    svg_escaped(f->out, p->title ? p->title : "plot");
    /* The clip leaves half a stroke: a curve may run along the edge. */
    fprintf(f->out, "</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n"
            "<clipPath id=\"area\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>"
            "</clipPath>\n", f->left - 1, f->top - 1, f->width + 2, f->height + 2);
    if (p->title)
        svg_text(f->out, f->left + f->width / 2, 27, "middle",
                 "font-size=\"17\" font-weight=\"bold\"", p->title);
}

static void draw(FILE *out, const struct plot *p)
{
    struct frame f = {.out = out,
                      .left = 76,
                      .top = (p->title ? 44 : 20) + (p->top.label ? 42 : 0),
                      .width = p->square ? 440 : 600,
                      .height = p->square ? 440 : 340};
    find_ranges(&f, p);
    begin(&f, p);
    draw_x(&f, p);
    draw_y(&f, p);
    draw_top(&f, p);
    fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
            "stroke=\"%s\"/>\n", f.left, f.top, f.width, f.height, ink);
    draw_series(&f, p);
    draw_legend(&f, p);
    fputs("</svg>\n", out);
}

char *plot_svg(const struct plot *p)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    draw(out, p);
    bool bad = ferror(out) != 0;
    if (fclose(out) != 0 || bad) {
        free(text);
        return NULL;
    }
    return text;
}
