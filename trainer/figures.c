/*
 * figures.c - the plots of an evaluation.
 *
 * ROC: recall by false positive rate, on a logarithmic axis, because a mail filter lives at its
 * left end. DET: both errors on axes of the normal distribution's quantiles, where normally
 * distributed scores give a straight line (Martin et al. 1997, "The DET curve in assessment of
 * detection task performance"). No error at all is drawn where half an error would be.
 */
#include "trainer/figures.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trainer/files.h"
#include "trainer/options.h"
#include "trainer/plot.h"

#define N_COLUMN  40 /* of the histogram */
#define LOGIT_MAX 9.0

/* ---- Axes ---- */

/*
 * Quantile of the standard normal distribution, by halving: erfc() is exact in both tails, and a
 * few thousand points a plot do not hurry.
 */
static double probit(double p)
{
    double low = -9, high = 9;
    if (!(p > 0 && p < 1))
        return NAN;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        *(0.5 * erfc(-middle / sqrt(2)) < p ? &low : &high) = middle;
    }
    return (low + high) / 2;
}

static double logit(double p)
{
    return log(p / (1 - p));
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static const double log_ticks[] = {1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1};
static const double rate_ticks[] = {1e-6, 1e-5, 1e-4, 1e-3, 0.005, 0.01, 0.02, 0.05,
                                    0.1,  0.2,  0.4,  0.6,  0.8,   0.9,  0.99};
static const double score_ticks[] = {0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999};
static const double fifths[] = {0, 0.2, 0.4, 0.6, 0.8, 1};
static const double count_ticks[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7};
#define TICKS(list) .tick = list, .n_tick = sizeof list / sizeof *list

static bool save_plot(const char *dir, const char *name, const struct plot *p)
{
    char *svg = plot_svg(p);
    if (!svg)
        complain("%s: no memory", name);
    bool ok = svg && save_text(dir, name, svg);
    free(svg);
    return ok;
}

/* ---- Curves ---- */

struct curve {
    char name[64], point_name[96];
    double *fpr, *recall, *miss; /* (n), a staircase */
    size_t n, n_spam, n_ham;
    double lowest_fpr, lowest_miss; /* half an error */
    /* where the threshold is, with exact intervals */
    bolter_interval at_fpr, at_recall, at_miss;
};

static void curve_free(struct curve *c)
{
    free(c->fpr);
    free(c->recall);
    free(c->miss);
}

static void add_point(struct curve *c, double fpr, double recall)
{
    c->fpr[c->n] = fmax(fpr, c->lowest_fpr);
    c->recall[c->n] = recall;
    c->miss[c->n++] = fmax(1 - recall, c->lowest_miss);
}

/* Spam leads up, ham to the right; equal scores of both in a slope. */
static void fill(struct curve *c, const bolter_roc_point *p, size_t n_points)
{
    c->n_spam = p[n_points - 1].tp;
    c->n_ham = p[n_points - 1].fp;
    c->lowest_fpr = 0.5 / (double)c->n_ham;
    c->lowest_miss = 0.5 / (double)c->n_spam;
    for (size_t i = 0; i < n_points; i++)
        add_point(c, (double)p[i].fp / (double)c->n_ham, (double)p[i].tp / (double)c->n_spam);
}

/* False after a complaint. A curve of one class has n_spam or n_ham 0 and is not drawn. */
static bool curve_open(struct curve *c, const struct figure_source *source)
{
    bolter_error err = {0};
    bolter_report r;
    size_t n = 0, room = source->scores.n + 1;
    *c = (struct curve){.fpr = calloc(room, sizeof *c->fpr),
                        .recall = calloc(room, sizeof *c->recall),
                        .miss = calloc(room, sizeof *c->miss)};
    snprintf(c->name, sizeof c->name, "%s", source->name);
    snprintf(c->point_name, sizeof c->point_name, "%.60s from %.4g, 95 %%", source->name,
             source->scores.threshold);
    bolter_roc_point *p = calloc(room, sizeof *p);
    bool ok = c->fpr && c->recall && c->miss && p &&
              bolter_roc_of(&source->scores, p, &n, &err) == BOLTER_OK &&
              bolter_report_of(&source->scores, 0, 1, &r, &err) == BOLTER_OK;
    if (ok) {
        fill(c, p, n);
        c->at_fpr = r.fpr;
        c->at_recall = r.recall;
        c->at_miss = r.miss;
        c->at_fpr.value = fmax(r.fpr.value, c->lowest_fpr);
        c->at_miss.value = fmax(r.miss.value, c->lowest_miss);
    } else {
        complain("%s", err.code ? err.text : "no memory");
    }
    free(p);
    return ok;
}

/* A curve and its point at the threshold: two series. */
static void draw_curve(struct plot_series s[2], const struct curve *c, bool det)
{
    const bolter_interval *at = det ? &c->at_miss : &c->at_recall;
    s[0] = (struct plot_series){
        .name = c->name, .x = c->fpr, .y = det ? c->miss : c->recall, .n = c->n};
    s[1] = (struct plot_series){.name = c->point_name,
                                .x = &c->at_fpr.value,
                                .y = &at->value,
                                .n = 1,
                                .low = &at->low,
                                .high = &at->high,
                                .markers = true,
                                .no_line = true};
}

static bool save_roc(const char *dir, const struct plot_series *s, size_t n, double lowest)
{
    const struct plot p = {.title = "Spam found by ham lost (ROC)",
                           .x = {.label = "ham called spam, %",
                                 .min = pow(10, floor(log10(lowest))),
                                 .max = 1,
                                 .map = log10,
                                 TICKS(log_ticks),
                                 .factor = 100},
                           .y = {.label = "spam found, %", .min = 0, .max = 1, .factor = 100},
                           .series = s,
                           .n_series = n};
    return save_plot(dir, "roc.svg", &p);
}

static bool save_det(const char *dir, const struct plot_series *s, size_t n, double lowest_fpr,
                     double lowest_miss)
{
    const struct plot p = {.title = "Both errors (DET)",
                           .x = {.label = "ham called spam, %",
                                 .min = fmin(0.7 * lowest_fpr, 0.001),
                                 .max = 0.6,
                                 .map = probit,
                                 TICKS(rate_ticks),
                                 .factor = 100},
                           .y = {.label = "spam called ham, %",
                                 .min = fmin(0.7 * lowest_miss, 0.01),
                                 .max = 0.99,
                                 .map = probit,
                                 TICKS(rate_ticks),
                                 .factor = 100},
                           .series = s,
                           .n_series = n,
                           .square = true};
    return save_plot(dir, "det.svg", &p);
}

static bool save_curves(const char *dir, const struct figure_source *first,
                        const struct figure_source *second)
{
    struct curve a = {0}, b = {0};
    struct plot_series s[4];
    bool ok = curve_open(&a, first) && (!second || curve_open(&b, second));
    if (ok && a.n_spam > 0 && a.n_ham > 0) {
        size_t n = second ? 4 : 2;
        for (int det = 0; ok && det < 2; det++) {
            draw_curve(s, &a, det);
            if (second)
                draw_curve(s + 2, &b, det);
            ok = det ? save_det(dir, s, n, a.lowest_fpr, a.lowest_miss)
                     : save_roc(dir, s, n, a.lowest_fpr);
        }
    }
    curve_free(&a);
    curve_free(&b);
    return ok;
}

/* ---- Calibration ---- */

static bool save_reliability(const char *dir, const bolter_scores *scores)
{
    static const double diagonal[] = {0, 1};
    bolter_bin bins[BOLTER_N_BIN];
    double ece, x[BOLTER_N_BIN], y[BOLTER_N_BIN], low[BOLTER_N_BIN], high[BOLTER_N_BIN];
    char text[BOLTER_N_BIN][24], title[80];
    const char *note[BOLTER_N_BIN];
    size_t n = 0;
    if (bolter_reliability_of(scores, bins, &ece, NULL) != BOLTER_OK)
        return true;
    for (size_t b = 0; b < BOLTER_N_BIN; b++) {
        if (bins[b].n == 0)
            continue;
        x[n] = bins[b].mean_score;
        y[n] = bins[b].spam.value;
        low[n] = bins[b].spam.low;
        high[n] = bins[b].spam.high;
        snprintf(text[n], sizeof text[n], "%llu", (unsigned long long)bins[b].n);
        note[n] = text[n];
        n++;
    }
    snprintf(title, sizeof title, "Are the probabilities true? (ECE %.2f %%)", 100 * ece);
    const struct plot_series s[] = {
        {.name = "measured (95 %), messages",
         .x = x,
         .y = y,
         .n = n,
         .low = low,
         .high = high,
         .note = note,
         .markers = true,
         .no_line = true},
        {.name = "true probabilities",
         .x = diagonal,
         .y = diagonal,
         .n = 2,
         .muted = true,
         .dashed = true},
    };
    const struct plot p = {
        .title = title,
        .x = {.label = "score", .min = -0.05, .max = 1.1, TICKS(fifths)},
        .y = {.label = "share of spam", .min = -0.05, .max = 1.05, TICKS(fifths)},
        .series = s,
        .n_series = 2,
        .square = true};
    return save_plot(dir, "reliability.svg", &p);
}

/* ---- Histogram ---- */

struct histogram {
    double edge[2 * N_COLUMN], count[2][2 * N_COLUMN]; /* each column's left and right end */
    double low, high;                                  /* range, after the map */
    double most;
    bool probability;
};

/* Columns of equal width in log-odds for probabilities, whose ends are where the messages are. */
static void measure_range(struct histogram *h, const bolter_scores *s)
{
    h->low = INFINITY;
    h->high = -INFINITY;
    for (size_t i = 0; i < s->n; i++) {
        h->low = fmin(h->low, s->score[i]);
        h->high = fmax(h->high, s->score[i]);
    }
    h->probability = h->low >= 0 && h->high <= 1;
    if (h->probability) {
        h->low = -LOGIT_MAX;
        h->high = LOGIT_MAX;
    } else if (!(h->low < h->high)) {
        h->high = h->low + 1;
    }
}

static void count(struct histogram *h, const bolter_scores *s)
{
    double width = (h->high - h->low) / N_COLUMN;
    for (size_t k = 0; k < (size_t)N_COLUMN * 2; k++) {
        double x = h->low + width * (double)((k + 1) / 2);
        h->edge[k] = h->probability ? logistic(x) : x;
        h->count[0][k] = h->count[1][k] = 0;
    }
    for (size_t i = 0; i < s->n; i++) {
        double x = h->probability ? logit(s->score[i]) : s->score[i];
        double at = fmin(fmax((x - h->low) / width, 0), N_COLUMN - 1);
        size_t k = 2 * (size_t)at;
        h->count[s->truth[i]][k]++;
        h->count[s->truth[i]][k + 1]++;
        h->most = fmax(h->most, h->count[s->truth[i]][k]);
    }
}

static bool save_histogram(const char *dir, const bolter_scores *scores)
{
    struct histogram h = {.most = 0};
    measure_range(&h, scores);
    count(&h, scores);
    double top = pow(10, ceil(log10(fmax(h.most, 9)) + 0.05));
    /* Logarithms begin at half a message; an empty column stands on the axis. */
    for (size_t k = 0; k < (size_t)N_COLUMN * 2; k++) {
        h.count[0][k] = fmax(h.count[0][k], 0.5);
        h.count[1][k] = fmax(h.count[1][k], 0.5);
    }
    const double line_x[] = {scores->threshold, scores->threshold}, line_y[] = {0.5, top};
    const struct plot_series s[] = {
        {.name = "ham", .x = h.edge, .y = h.count[0], .n = 2 * N_COLUMN},
        {.name = "spam", .x = h.edge, .y = h.count[1], .n = 2 * N_COLUMN},
        {.name = "threshold", .x = line_x, .y = line_y, .n = 2, .muted = true, .dashed = true},
    };
    struct plot p = {
        .title = "Messages by score",
        .x = {.label = "score"},
        .y = {.label = "messages", .min = 0.5, .max = top, .map = log10, TICKS(count_ticks)},
        .series = s,
        .n_series = 3};
    if (h.probability)
        p.x = (struct plot_axis){.label = "score",
                                 .min = logistic(-LOGIT_MAX),
                                 .max = logistic(LOGIT_MAX),
                                 .map = logit,
                                 TICKS(score_ticks)};
    return save_plot(dir, "scores.svg", &p);
}

bool figures_save(const char *dir, const struct figure_source *first,
                  const struct figure_source *second)
{
    if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
        complain("%s: %s", dir, strerror(errno));
        return false;
    }
    return save_curves(dir, first, second) && save_reliability(dir, &first->scores) &&
           save_histogram(dir, &first->scores);
}
