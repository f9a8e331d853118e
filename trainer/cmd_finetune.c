/* cmd_finetune.c - bolter-train finetune: its options. */
#include <string.h>

#include "trainer/commands.h"
#include "trainer/finetune.h"
#include "trainer/options.h"

static const char usage[] = "finetune -m BASE -o DIR [options] corpora";

static int parse(struct finetune *f, int argc, char **argv)
{
    const struct option_row rows[] = {
        STRING("model", 'm', &f->model, "DIR", "base model: a Hugging Face directory"),
        STRING("out", 'o', &f->out, "DIR", "where the new model goes"),
        STRING("dtype", 0, &f->dtype, "TYPE", "float32, float16, bfloat16 or int8"),
        STRING("log", 0, &f->log_path, "FILE", "write JSON lines there while training"),
        SOURCE_ROWS(&f->sources),
        HEADING("What is read of a text:"),
        SIZE("max-tokens", 0, &f->max_tokens, 0, 1 << 20, "N", "tokens, 0: all that fit"),
        SIZE("tail-tokens", 0, &f->tail_tokens, 0, 1 << 20, "N",
             "of them from the end of a longer text, at most half"),
        FLAG("begin", 0, &f->begin, "begin each text with the model's begin token"),
        STRING("position", 0, &f->train.position, "WHERE",
             "token the head reads: last, first, mean"),
        SIZE("pad-to", 0, &f->train.pad_to, 0, 1 << 20, "N",
             "pad every text to N tokens, 0: no padding"),
        HEADING("What is trained, and how:"),
        STRING("trainable", 0, &f->train.trainable, "WHAT",
             "last_layer, last_block, last_two_blocks, all, lora"),
        SIZE("lora-rank", 0, &f->lora_rank, 1, 4096, "N", "rank of the adapters"),
        REAL("lora-alpha", 0, &f->lora_alpha, 0, 1e6, "X", "their scale is alpha / rank"),
        FLAG("random-init", 0, &f->random_init, "forget the base model's weights"),
        REAL("epochs", 'e', &f->epochs, 0.001, 1e4, "X", "passes over the training part"),
        SIZE("batch", 'b', &f->batch, 1, 4096, "N", "texts a step"),
        REAL("lr", 0, &f->lr, 0, 1, "X", "learning rate"),
        STRING("schedule", 0, &f->train.schedule, "HOW", "after warm-up: constant, linear, cosine"),
        REAL("warmup", 0, &f->warmup, 0, 1, "SHARE", "share of the steps that warm up"),
        REAL("weight-decay", 0, &f->weight_decay, 0, 10, "X", "AdamW's weight decay, on matrices"),
        FLAG("decay-all", 0, &f->decay_all, "on every tensor that trains"),
        REAL("layer-decay", 0, &f->layer_decay, 0.01, 1, "X",
             "rate of a block against the one above it"),
        REAL("clip-norm", 0, &f->clip_norm, 0, 1e6, "X", "largest gradient norm, 0: no clipping"),
        SIZE("seed", 0, &f->seed, 0, 1e15, "N", "of everything random"),
        SIZE("threads", 'j', &f->threads, 0, 256, "N", "0: all processors"),
        HEADING("When it is measured, and when it ends:"),
        SIZE("eval-every", 0, &f->eval_every, 0, 1e9, "N",
             "steps between evaluations, 0: half an epoch"),
        SIZE("patience", 0, &f->patience, 0, 1e6, "N",
             "end after N evaluations without a better one, 0: never"),
        REAL("max-fpr", 0, &f->max_fpr, 0, 1, "SHARE",
             "ham of the validation part that may reach the spam threshold"),
    };
    return options_parse(argc, argv, rows, sizeof rows / sizeof *rows, usage);
}

static bool dtype_known(const char *name)
{
    static const char *const names[] = {"float32", "float16", "bfloat16", "int8"};
    bool known = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        known = known || strcmp(names[i], name) == 0;
    return known;
}

int cmd_finetune(int argc, char **argv)
{
    struct finetune f = {
        .dtype = "float32",
        .lr = 4e-4,
        .weight_decay = 0.05,
        .clip_norm = 1,
        .layer_decay = 0.85,
        .lora_alpha = 16,
        .warmup = 0.06,
        .epochs = 3,
        .max_fpr = 0.001,
        .seed = 123,
        .batch = 16,
        .lora_rank = 16,
        .max_tokens = 512,
        .tail_tokens = 128,
    };
    bolter_train_options_default(&f.train);
    int operand = parse(&f, argc, argv);
    if (operand == -1)
        return EXIT_DONE;
    if (operand == -2)
        return EXIT_USAGE;
    if (operand < argc || !f.model || !f.out || f.sources.n == 0) {
        complain(operand < argc ? "unexpected operand \"%s\""
                                : "finetune needs -m BASE, -o DIR and corpora (see --help)%s",
                 operand < argc ? argv[operand] : "");
        return EXIT_USAGE;
    }
    if (!dtype_known(f.dtype)) {
        complain("--dtype: \"%s\", expected float32, float16, bfloat16 or int8", f.dtype);
        return EXIT_USAGE;
    }
    int rc = finetune_open(&f) ? finetune_run(&f) : EXIT_FAILED;
    if ((rc == EXIT_DONE || rc == EXIT_INTERRUPTED) && f.best_step > 0 && !finetune_save(&f))
        rc = EXIT_FAILED;
    finetune_close(&f);
    return rc;
}
