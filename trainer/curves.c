/* curves.c - loss and accuracy over a run, as the two plots of its record. */
#include <stdlib.h>

#include "trainer/plot.h"
#include "trainer/runlog.h"

struct curves {
    double *epoch, *train, *validation; /* one block, (3, n) */
};

static char *draw(const struct runlog *log, const char *title, struct plot_axis y,
                  const struct curves *c)
{
    bool few = log->n <= 60;
    const struct plot_series series[] = {
        {.name = "training", .x = c->epoch, .y = c->train, .n = log->n, .markers = few},
        {.name = "validation", .x = c->epoch, .y = c->validation, .n = log->n, .markers = few,
         .dashed = true},
    };
    const struct runlog_line *last = log->n > 0 ? &log->line[log->n - 1] : NULL;
    struct plot p = {.title = title,
                     .x = {.label = "epochs", .max = last ? last->epoch : 1},
                     .y = y,
                     .series = series,
                     .n_series = 2};
    if (last && last->epoch > 0) {
        p.top.label = "examples seen";
        p.top.factor = (double)last->examples / last->epoch;
    }
    return plot_svg(&p);
}

static char *curves_svg(const struct runlog *log, bool accuracy)
{
    double *block = calloc(3 * log->n + 1, sizeof *block);
    struct curves c = {block, block + log->n, block + 2 * log->n};
    if (!block)
        return NULL;
    for (size_t i = 0; i < log->n; i++) {
        const struct runlog_line *l = &log->line[i];
        c.epoch[i] = l->epoch;
        c.train[i] = accuracy ? l->train_accuracy : l->train_loss;
        c.validation[i] = accuracy ? l->validation.accuracy : l->validation.loss;
    }
    struct plot_axis loss = {.label = "cross-entropy, nats"};
    struct plot_axis share = {.label = "accuracy, %", .factor = 100};
    char *svg = draw(log, accuracy ? "Accuracy" : "Loss", accuracy ? share : loss, &c);
    free(block);
    return svg;
}

char *runlog_loss_svg(const struct runlog *log)
{
    return curves_svg(log, false);
}

char *runlog_accuracy_svg(const struct runlog *log)
{
    return curves_svg(log, true);
}
