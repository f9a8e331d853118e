/* cmd_export.c - bolter-train export: a model directory in another number format. */
#include "trainer/commands.h"
#include "trainer/options.h"

#include "bolter_train.h"

int cmd_export(int argc, char **argv)
{
    const char *model = NULL, *out = NULL, *dtype = "float32", *adapter = NULL;
    const struct option_row rows[] = {
        STRING("model", 'm', &model, "DIR", "the model"),
        STRING("out", 'o', &out, "DIR", "the new directory"),
        WORD("dtype", 0, &dtype, "TYPE", "of the weights", DTYPES),
        STRING("adapter", 0, &adapter, "DIR", "merge these LoRA adapters (peft's format)"),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "export -m DIR -o DIR [options]");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (operand < argc || !model || !out) {
        complain("export needs -m DIR and -o DIR");
        return EXIT_USAGE;
    }
    bolter_error err = {0};
    bolter_model *m = NULL;
    bolter_open_options open = {.adapter = adapter};
    bolter_save_options save = {.dtype = dtype};
    bool ok = bolter_model_open_with(&m, model, &open, &err) == BOLTER_OK &&
              bolter_model_save(m, out, &save, &err) == BOLTER_OK;
    if (!ok)
        complain("%s", err.text);
    bolter_model_unref(m);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
