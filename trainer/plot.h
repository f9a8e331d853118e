/*
 * plot.h - line plots as SVG: a few series on one pair of axes.
 *
 *     const struct plot_series s[] = {{.name = "training", .x = epoch, .y = loss, .n = n}};
 *     struct plot p = {.title = "Loss", .x = {.label = "epochs"}, .y = {.label = "nats"},
 *                      .series = s, .n_series = 1};
 *     char *svg = plot_svg(&p);
 *
 * An axis with a map is drawn by map(value): log10, or the probit of a DET curve; the caller then
 * gives the places of its ticks, in values. A point that is not finite, or whose map is not, breaks
 * its line.
 */
#ifndef PLOT_H
#define PLOT_H

#include <stdbool.h>
#include <stddef.h>

#define PLOT_COLOURS   8 /* series beyond repeat them */
#define PLOT_MAX_TICKS 24

struct plot_axis {
    const char *label;     /* UTF-8, escaped here; NULL: none */
    double min, max;       /* NaN, or both 0: as the series need it */
    double (*map)(double); /* rises; NULL: linear */
    const double *tick;    /* ticks where the caller wants them; NULL: at round numbers */
    size_t n_tick;
    double factor;         /* a tick shows its value times this, 100 for per cent; 0: 1 */
};

struct plot_series {
    const char *name;         /* in the legend; NULL: not there */
    const double *x, *y;
    size_t n;
    const double *low, *high; /* a bar from low to high at each point, or NULL */
    const char *const *note;  /* a word beside each point, or NULL */
    bool dashed;
    bool markers;             /* a dot at each point */
    bool no_line;
    bool muted;               /* grey, for a reference such as the diagonal of chance */
};

struct plot {
    const char *title;
    struct plot_axis x, y;
    struct {
        const char *label; /* NULL: no second x axis */
        double factor;     /* it shows x times this, at round numbers */
    } top;
    const struct plot_series *series;
    size_t n_series;
    bool square; /* a square area, for two rates against each other */
};

/* The picture as a NUL-terminated SVG document, to be freed with free(). NULL without memory. */
char *plot_svg(const struct plot *p);
/*
 * Round numbers from low to high: about n, at most PLOT_MAX_TICKS, 1, 2 or 5 times a power of ten
 * apart. How many; 0 unless low < high and both are finite.
 */
size_t plot_ticks(double low, double high, size_t n, double tick[PLOT_MAX_TICKS]);

#endif
