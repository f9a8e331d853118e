/* cmd_wide.c - bolter-train wide: give a model a wide part, of a site's own mail perhaps, without another
 * step of the network's training. */
#include "trainer/commands.h"
#include "trainer/options.h"
#include "trainer/sources.h"
#include "trainer/wide.h"

struct widen {
    const char *model, *out;
    struct sources sources;
    struct wanted_threshold threshold;
    size_t threads;
};

static int parse(struct widen *w, int argc, char **argv)
{
    const struct option_row rows[] = {
        STRING("model", 'm', &w->model, "DIR", "the model"),
        STRING("out", 'o', &w->out, "DIR", "where it goes with the wide part; not said: the same"),
        SIZE("threads", 'j', &w->threads, 0, 256, "N", "0: all processors"),
        SOURCE_ROWS(&w->sources),
        HEADING("The threshold:"),
        SHARE("max-fpr", 0, &w->threshold.max_fpr, BOLTER_MIN_FPR, MAX_FPR, "SHARE",
              "ham of the validation part that may reach the spam threshold"),
        SHARE("confidence", 0, &w->threshold.confidence, 0.5, 0.999999, "SHARE",
              "of what that proves"),
    };
    int operand =
        options_parse(argc, argv, rows, sizeof rows / sizeof *rows, "wide -m DIR [options] corpora");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (operand < argc || !w->model || w->sources.n == 0) {
        complain("wide needs -m DIR and corpora (see --help)");
        return EXIT_USAGE;
    }
    return -1;
}

static bool read_corpora(const struct widen *w, bolter_dataset **d)
{
    const bolter_open_options o = {.precision = "auto", .no_wide = true};
    bolter_error err = {0};
    bolter_model *m = NULL;
    bolter_status rc = bolter_model_open_with(&m, w->model, &o, &err);
    if (rc == BOLTER_OK)
        rc = bolter_model_need_spam_head(m, &err);
    if (rc == BOLTER_OK)
        rc = bolter_dataset_open(d, m, &err);
    if (rc == BOLTER_OK) {
        bolter_dataset_keep_features(*d);
        rc = sources_read(&w->sources, *d, BOLTER_BY_SPLIT, &err);
    }
    bolter_model_unref(m);
    if (rc != BOLTER_OK)
        complain("%s", err.text);
    return rc == BOLTER_OK;
}

int cmd_wide(int argc, char **argv)
{
    struct widen w = {.threshold = {.max_fpr = 0.001, .confidence = 0.95}};
    int rc = parse(&w, argc, argv);
    if (rc >= 0)
        return rc;
    bolter_dataset *d = NULL;
    bool ok = read_corpora(&w, &d) &&
              wide_add(w.model, w.out ? w.out : w.model, d, &w.threshold, w.threads);
    bolter_dataset_free(d);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
