/*
 * test_plot.c - plots: round ticks, XML that a parser accepts, no coordinate that is no number, and
 * a picture for every odd input.
 *
 *     test-plot DIR    write the pictures of the tests into a directory, to look at them
 */
#include "trainer/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/check.h"

enum { MANY = 40 };

static double at[MANY], falls[MANY], rises[MANY];

static void fill(void)
{
    for (size_t i = 0; i < MANY; i++) {
        at[i] = 5.0 * (double)(i + 1) / MANY;
        falls[i] = 0.05 + 2 * exp(-at[i]);
        rises[i] = 0.5 + 0.48 * (1 - exp(-2 * at[i]));
    }
}

/* ---- Pictures ---- */

static double probit_like(double x)
{
    return log(x / (1 - x));
}

static const double unheard[] = {NAN, INFINITY, -INFINITY, 1, 2, NAN, 4};
static const double one[] = {3};
static const double rate[] = {0, 0.001, 0.01, 0.1, 0.5, 1}, miss[] = {1, 0.4, 0.2, 0.05, 0.002, 0};
static const double rate_tick[] = {0.001, 0.01, 0.1, 0.5, 0.9};
static const double low[] = {0.5, 0.3, 0.1, 0.01, 0.001, 0}, high[] = {1, 0.6, 0.4, 0.2, 0.1, 0.05};
static const double chance[] = {0, 1};

static const struct plot_series loss_series[] = {
    {.name = "training", .x = at, .y = falls, .n = MANY},
    {.name = "validation", .x = at, .y = rises, .n = MANY, .dashed = true, .markers = true},
};
static const struct plot_series odd_series[] = {
    {.name = "<a> & \"b\" \xff\x01 \xc3\xa9", .x = unheard, .y = unheard, .n = 7, .markers = true}};
static const struct plot_series one_series[] = {
    {.name = "one", .x = one, .y = one, .n = 1, .markers = true}};
static const struct plot_series no_series[] = {{.name = "none", .x = one, .y = one, .n = 0}};
static const struct plot_series det_series[] = {
    {.name = "bolter", .x = rate, .y = miss, .n = 6, .low = low, .high = high, .markers = true},
    {.name = "chance", .x = chance, .y = chance, .n = 2, .dashed = true, .muted = true},
};

static const struct picture {
    const char *name;
    struct plot plot;
} pictures[] = {
    {"curves", {.title = "Loss", .x = {.label = "epochs", .max = 5}, .y = {.label = "nats"},
                .top = {"examples seen", 1045}, .series = loss_series, .n_series = 2}},
    {"odd", {.title = "\xf0\x9f\x93\xa8 <&>", .series = odd_series, .n_series = 1}},
    {"one", {.x = {.label = "x"}, .series = one_series, .n_series = 1}},
    {"none", {.title = "Nothing", .series = no_series, .n_series = 1}},
    {"empty", {.top = {"twice", 2}}},
    {"reverse", {.x = {.min = 9, .max = NAN}, .y = {.min = 1, .max = 1}, .series = one_series,
                 .n_series = 1}},
    {"det", {.title = "Detection error tradeoff",
             .x = {"false positive rate, %", 0.0005, 0.95, probit_like, rate_tick, 5, 100},
             .y = {"miss rate, %", 0.0005, 0.95, probit_like, rate_tick, 5, 100},
             .square = true, .series = det_series, .n_series = 2}},
    {"roc", {.title = "Receiver operating characteristic",
             .x = {.label = "false positive rate", .max = 1},
             .y = {.label = "recall", .min = 0, .max = 1}, .square = true, .series = det_series,
             .n_series = 2}},
};
enum { N_PICTURES = sizeof pictures / sizeof *pictures };

static char *draw(struct check *c, const struct picture *p)
{
    char *svg = plot_svg(&p->plot);
    CHECK(c, svg, "%s: no picture", p->name);
    return svg;
}

static size_t count(const char *s, const char *word)
{
    size_t n = 0;
    for (; (s = strstr(s, word)); s += strlen(word))
        n++;
    return n;
}

/* ---- Ticks ---- */

static void ticks_are_round_and_between_the_ends(struct check *c)
{
    static const struct {
        double low, high;
        size_t n, want;
        double first, step;
    } cases[] = {
        {0, 5, 5, 6, 0, 1},         {0, 1, 5, 6, 0, 0.2},         {0.03, 2.4, 6, 4, 0.5, 0.5},
        {-1, 1, 4, 5, -1, 0.5},     {0, 5225, 6, 6, 0, 1000},     {99.2, 99.9, 6, 8, 99.2, 0.1},
        {1e-7, 9e-7, 4, 4, 2e-7, 2e-7}, {1e6, 1e6 + 1, 5, 6, 1e6, 0.2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double tick[PLOT_MAX_TICKS];
        size_t n = plot_ticks(cases[i].low, cases[i].high, cases[i].n, tick);
        CHECK(c, n == cases[i].want, "case %zu: %zu ticks, want %zu", i, n, cases[i].want);
        for (size_t k = 0; k < n; k++) {
            double want = cases[i].first + (double)k * cases[i].step;
            CHECK(c, fabs(tick[k] - want) < 1e-9 * cases[i].step + 1e-15 * fabs(want),
                  "case %zu, tick %zu: %.17g, want %.17g", i, k, tick[k], want);
        }
    }
}

static void a_range_without_width_has_no_ticks(struct check *c)
{
    static const double ends[][2] = {{1, 1}, {2, 1}, {NAN, 1}, {0, INFINITY}, {-INFINITY, 0},
                                     {1e300, 1.0000001e300}};
    double tick[PLOT_MAX_TICKS];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t n = plot_ticks(ends[i][0], ends[i][1], 5, tick);
        CHECK(c, n == 0 || ends[i][0] > 1e299, "%g to %g: %zu ticks", ends[i][0], ends[i][1], n);
        CHECK(c, n <= PLOT_MAX_TICKS, "%zu ticks", n);
    }
    CHECK(c, plot_ticks(0, 1, 0, tick) == 0, "none wanted");
}

/* ---- The document ---- */

static void no_coordinate_is_anything_but_a_number(struct check *c)
{
    for (size_t i = 0; i < N_PICTURES; i++) {
        char *svg = draw(c, &pictures[i]);
        CHECK(c, svg && !strstr(svg, "nan") && !strstr(svg, "inf"), "%s has nan or inf",
              pictures[i].name);
        free(svg);
    }
}

static void a_parser_accepts_every_picture(struct check *c)
{
    if (system("command -v xmllint >/dev/null") != 0) {
        check_skip(c, "xmllint is not installed");
        return;
    }
    for (size_t i = 0; i < N_PICTURES; i++) {
        char *svg = draw(c, &pictures[i]);
        FILE *parser = popen("xmllint --noout -", "w");
        bool fed = svg && parser && fputs(svg, parser) >= 0;
        CHECK(c, parser && pclose(parser) == 0 && fed, "%s is not well formed", pictures[i].name);
        free(svg);
    }
}

static void text_is_escaped_and_made_valid(struct check *c)
{
    char *svg = draw(c, &pictures[1]);
    static const char legend[] =
        ">&lt;a&gt; &amp; \"b\" \xef\xbf\xbd\xef\xbf\xbd \xc3\xa9</text>";
    static const char title[] = "<title>\xf0\x9f\x93\xa8 &lt;&amp;&gt;</title>";
    CHECK(c, svg && strstr(svg, legend), "the legend is wrong");
    CHECK(c, svg && strstr(svg, title), "the title is wrong");
    free(svg);
}

static void points_that_are_no_number_break_the_line(struct check *c)
{
    char *svg = draw(c, &pictures[1]);
    const char *path = svg ? strstr(svg, " d=\"M") : NULL;
    char line[200] = "";
    if (CHECK(c, path != NULL, "no line"))
        sscanf(path, " d=\"%199[^\"]", line);
    CHECK(c, count(line, "M") == 2 && count(line, "L") == 1, "got \"%s\"", line);
    CHECK(c, svg && count(svg, "<circle") == 3 + 1, "dots and one in the legend");
    free(svg);
}

/* The text element of a tick: its place along x and its number. */
static bool has_tick(const char *svg, double x, const char *text)
{
    char want[100];
    snprintf(want, sizeof want, "<text x=\"%.1f\" ", x);
    for (const char *at_x = svg; (at_x = strstr(at_x, want)); at_x++) {
        const char *content = strchr(at_x, '>');
        if (content && strncmp(content + 1, text, strlen(text)) == 0 &&
            content[1 + strlen(text)] == '<')
            return true;
    }
    return false;
}

static void the_second_axis_counts_in_its_own_unit(struct check *c)
{
    char *svg = draw(c, &pictures[0]);
    CHECK(c, svg && has_tick(svg, 76, "0"), "no 0 at the left");
    CHECK(c, svg && has_tick(svg, 76 + 600, "5"), "no 5 at the right");
    CHECK(c, svg && has_tick(svg, 76 + 600 * 1000 / 5225.0, "1000"), "no 1000 examples");
    CHECK(c, svg && strstr(svg, ">examples seen</text>"), "no label");
    free(svg);
}

static void a_map_places_the_callers_ticks(struct check *c)
{
    char *svg = draw(c, &pictures[6]);
    double first = probit_like(0.0005), last = probit_like(0.95);
    double middle = 76 + 440 * (probit_like(0.5) - first) / (last - first);
    CHECK(c, svg && has_tick(svg, middle, "50"), "no 50 %% at %.1f", middle);
    CHECK(c, svg && has_tick(svg, 76 + 440 * (probit_like(0.001) - first) / (last - first), "0.1"),
          "no 0.1 %%");
    free(svg);
}

static void a_long_series_takes_a_point_a_tenth_of_a_pixel(struct check *c)
{
    enum { LONG = 200000 };
    double *x = calloc(LONG, sizeof *x);
    if (!x)
        abort();
    for (size_t i = 0; i < LONG; i++)
        x[i] = (double)i;
    struct plot_series s = {.x = x, .y = x, .n = LONG};
    struct plot p = {.series = &s, .n_series = 1};
    char *svg = plot_svg(&p);
    CHECK(c, svg && strlen(svg) < 200000, "%zu bytes", svg ? strlen(svg) : 0);
    free(svg);
    free(x);
}

static int write_pictures(const char *dir)
{
    for (size_t i = 0; i < N_PICTURES; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s.svg", dir, pictures[i].name);
        char *svg = plot_svg(&pictures[i].plot);
        FILE *f = fopen(path, "w");
        if (!svg || !f || fputs(svg, f) < 0 || fclose(f) != 0)
            return 1;
        free(svg);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        CASE(ticks_are_round_and_between_the_ends),
        CASE(a_range_without_width_has_no_ticks),
        CASE(no_coordinate_is_anything_but_a_number),
        CASE(a_parser_accepts_every_picture),
        CASE(text_is_escaped_and_made_valid),
        CASE(points_that_are_no_number_break_the_line),
        CASE(the_second_axis_counts_in_its_own_unit),
        CASE(a_map_places_the_callers_ticks),
        CASE(a_long_series_takes_a_point_a_tenth_of_a_pixel),
    };
    fill();
    if (argc > 1)
        return write_pictures(argv[1]);
    return check_main(cases, sizeof cases / sizeof *cases);
}
