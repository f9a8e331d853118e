/* cmd_average.c - bolter-train average: one model of several that were fine-tuned from the same one. */
#include <stdlib.h>

#include <jansson.h>

#include "bolter_train.h"
#include "trainer/commands.h"
#include "trainer/options.h"

struct average {
    const char *out, *dtype;
    char **dir; /* (n) */
    bolter_model **m;
    size_t n;
};

static bool open_all(struct average *a, bolter_error *err)
{
    a->m = calloc(a->n, sizeof *a->m);
    if (!a->m)
        complain("no memory");
    bool ok = a->m != NULL;
    for (size_t i = 0; ok && i < a->n; i++) {
        ok = bolter_model_open(&a->m[i], a->dir[i], err) == BOLTER_OK;
        if (!ok)
            complain("%s", err->text);
    }
    return ok;
}

/* A JSON object that names the models; free it. */
static char *provenance(const struct average *a)
{
    json_t *ids = json_array();
    for (size_t i = 0; i < a->n; i++)
        json_array_append_new(ids, json_string(bolter_model_info_of(a->m[i])->id));
    json_t *program = json_sprintf("bolter-train %s", bolter_version());
    json_t *j = json_pack("{s:o, s:o}", "program", program, "average_of", ids);
    char *text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    return text;
}

static bool save(const struct average *a, bolter_error *err)
{
    char *made = provenance(a);
    /* Theirs are of other scores. */
    const bolter_save_options o = {.dtype = a->dtype, .temperature = 1, .spam_threshold = 0.5,
                                   .unsure_threshold = 0.5, .provenance = made};
    const bolter_model *const *m = (const bolter_model *const *)a->m;
    bool ok = made && bolter_model_average(m, a->n, a->out, &o, err) == BOLTER_OK;
    if (!ok)
        complain("%s", err->code ? err->text : "no memory");
    else if (bolter_model_info_of(a->m[0])->n_label > 0)
        complain("%s: spam begins at 0.5 there; calibrate chooses a threshold", a->out);
    free(made);
    return ok;
}

int cmd_average(int argc, char **argv)
{
    struct average a = {.dtype = "float32"};
    const struct option_row rows[] = {
        STRING("out", 'o', &a.out, "DIR", "the new directory"),
        WORD("dtype", 0, &a.dtype, "TYPE", "of the weights", DTYPES),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "average -o DIR [options] MODEL MODEL...");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (argc - operand < 2 || !a.out) {
        complain("average needs -o DIR and two models or more");
        return EXIT_USAGE;
    }
    a.dir = argv + operand;
    a.n = (size_t)(argc - operand);
    bolter_error err = {0};
    bool ok = open_all(&a, &err) && save(&a, &err);
    for (size_t i = 0; a.m && i < a.n; i++)
        bolter_model_unref(a.m[i]);
    free(a.m);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
