/* cmd_finetune.c - bolter-train finetune: its options. */
#include <string.h>

#include "trainer/commands.h"
#include "trainer/finetune.h"
#include "trainer/options.h"

static const char usage[] = "finetune -m BASE -o DIR [options] corpora";

static int parse(struct finetune *f, int argc, char **argv)
{
    const struct option_row rows[] = {
        {"model", 'm', OPTION_STRING, &f->model, 0, 0, "DIR", "base model: a Hugging Face directory", 0},
        {"out", 'o', OPTION_STRING, &f->out, 0, 0, "DIR", "where the new model goes", 0},
        {"dtype", 0, OPTION_STRING, &f->dtype, 0, 0, "TYPE", "float32, float16, bfloat16 or int8", 0},
        {"log", 0, OPTION_STRING, &f->log_path, 0, 0, "FILE", "write JSON lines there while training", 0},
        SOURCE_ROWS(&f->sources),
        {.kind = OPTION_HEADING, .help = "What is read of a text:"},
        {"max-tokens", 0, OPTION_SIZE, &f->max_tokens, 0, 1 << 20, "N", "tokens, 0: all that fit", 0},
        {"tail-tokens", 0, OPTION_SIZE, &f->tail_tokens, 0, 1 << 20, "N", "of them from the end of a longer text, at most half", 0},
        {"begin", 0, OPTION_FLAG, &f->begin, 0, 0, NULL, "begin each text with the model's begin token", 0},
        {"position", 0, OPTION_STRING, &f->train.position, 0, 0, "WHERE", "token the head reads: last, first, mean", 0},
        {"pad-to", 0, OPTION_SIZE, &f->train.pad_to, 0, 1 << 20, "N", "pad every text to N tokens, 0: no padding", 0},
        {.kind = OPTION_HEADING, .help = "What is trained, and how:"},
        {"trainable", 0, OPTION_STRING, &f->train.trainable, 0, 0, "WHAT", "last_layer, last_block, last_two_blocks, all, lora", 0},
        {"lora-rank", 0, OPTION_SIZE, &f->lora_rank, 1, 4096, "N", "rank of the adapters", 0},
        {"lora-alpha", 0, OPTION_REAL, &f->lora_alpha, 0, 1e6, "X", "their scale is alpha / rank", 0},
        {"random-init", 0, OPTION_FLAG, &f->random_init, 0, 0, NULL, "forget the base model's weights", 0},
        {"epochs", 'e', OPTION_REAL, &f->epochs, 0.001, 1e4, "X", "passes over the training part", 0},
        {"batch", 'b', OPTION_SIZE, &f->batch, 1, 4096, "N", "texts a step", 0},
        {"lr", 0, OPTION_REAL, &f->lr, 0, 1, "X", "learning rate", 0},
        {"schedule", 0, OPTION_STRING, &f->train.schedule, 0, 0, "HOW", "after warm-up: constant, linear, cosine", 0},
        {"warmup", 0, OPTION_REAL, &f->warmup, 0, 1, "SHARE", "share of the steps that warm up", 0},
        {"weight-decay", 0, OPTION_REAL, &f->weight_decay, 0, 10, "X", "AdamW's weight decay, on matrices", 0},
        {"decay-all", 0, OPTION_FLAG, &f->decay_all, 0, 0, NULL, "on every tensor that trains", 0},
        {"layer-decay", 0, OPTION_REAL, &f->layer_decay, 0.01, 1, "X", "rate of a block against the one above it", 0},
        {"clip-norm", 0, OPTION_REAL, &f->clip_norm, 0, 1e6, "X", "largest gradient norm, 0: no clipping", 0},
        {"seed", 0, OPTION_SIZE, &f->seed, 0, 1e15, "N", "of everything random", 0},
        {"threads", 'j', OPTION_SIZE, &f->threads, 0, 256, "N", "0: all processors", 0},
        {.kind = OPTION_HEADING, .help = "When it is measured, and when it ends:"},
        {"eval-every", 0, OPTION_SIZE, &f->eval_every, 0, 1e9, "N", "steps between evaluations, 0: half an epoch", 0},
        {"patience", 0, OPTION_SIZE, &f->patience, 0, 1e6, "N", "end after N evaluations without a better one, 0: never", 0},
        {"max-fpr", 0, OPTION_REAL, &f->max_fpr, 0, 1, "SHARE", "ham of the validation part that may reach the spam threshold", 0},
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
