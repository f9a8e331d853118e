/* cmd_predict.c - bolter-train predict: id, label and score of each text. */
#include <stdio.h>

#include "trainer/commands.h"
#include "trainer/options.h"
#include "trainer/scored.h"

static int parse(struct scored *s, int argc, char **argv)
{
    const struct option_row rows[] = {
        STRING("model", 'm', &s->model, "DIR", "the model"),
        STRING("part", 0, &s->part_name, "PART", "train, validation, test, or all of the corpora"),
        WORD("precision", 0, &s->precision, "TYPE", "score packed, as bolter does", PRECISIONS),
        SIZE("windows", 0, &s->windows, 0, 64, "N",
             "read longer texts in up to so many windows, 0: as the model says"),
        FLAG("no-wide", 0, &s->no_wide, "by the network alone, where there is a wide part"),
        SIZE("threads", 'j', &s->threads, 0, 256, "N", "0: all processors"),
        SOURCE_ROWS(&s->sources), LABELS_ROW(&s->sources, "of the corpora, with commas"),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "predict -m DIR [options] corpora");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (operand < argc || !s->model || s->sources.n == 0) {
        complain("predict needs -m DIR and corpora (see --help)");
        return EXIT_USAGE;
    }
    return scored_check_part(s) ? -1 : EXIT_USAGE;
}

int cmd_predict(int argc, char **argv)
{
    struct scored s = {.part_name = "all", .own_labels = true};
    int rc = parse(&s, argc, argv);
    if (rc >= 0)
        return rc;
    bool ok = scored_open(&s, true);
    for (size_t i = 0; ok && i < s.n; i++) {
        const bolter_row *row = scored_row(&s, i);
        const char *label = row->label >= 0 ? bolter_dataset_label(s.d, (size_t)row->label) : "-";
        printf("%s\t%s\t%.9g\n", row->id, label, scored_spam(&s, i));
    }
    scored_close(&s);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
