/* cmd_finetune.c - bolter-train finetune: its options. */
#include <string.h>

#include "trainer/commands.h"
#include "trainer/finetune.h"
#include "trainer/options.h"

static const char usage[] = "finetune -m BASE -o DIR [options] corpora";

/* What is made small. */
#define LOSS_ROWS(r)                                                                               \
    STRING("class-weights", 0, &(r)->class_weights, "LIST",                                        \
           "of the loss: balanced, or numbers; none"),                                             \
        REAL("label-smoothing", 0, &(r)->label_smoothing, 0, 0.999, "X",                           \
             "share of the loss spread over all labels"),                                          \
        REAL("ignore-label", 0, &(r)->ignore_label, -2147483648.0, 2147483647, "N",                \
             "this label does not count in the loss"),                                             \
        REAL("lm-loss", 0, &(r)->lm_loss, 0, 100, "X",                                             \
             "weight of a second loss: the next token of the text"),                               \
        SIZE("lm-every", 0, &(r)->lm_every, 1, 1024, "N", "of every N-th token"),                  \
        SHARE("window-share", 0, &(r)->windows, 0, 1, "SHARE",                                          \
              "long texts of which a stretch is shown, not beginning and end"),                    \
        SHARE("disguise", 0, &(r)->disguise, 0, 1, "SHARE",                                        \
              "spam that is shown with innocent words put into it")

/* What frozen blocks make. */
#define CACHE_ROWS(f)                                                                              \
    WORD("trunk-precision", 0, &(f)->train.trunk_precision, "TYPE", "that of frozen blocks",       \
         "float32, bfloat16, int8"),                                                               \
        WORD("trunk-dtype", 0, &(f)->train.cache_dtype, "TYPE",                                    \
             "what frozen blocks made is kept as", "float32, bfloat16"),                           \
        SIZE("cache-memory", 0, &(f)->recipe.cache_memory, 0, 1 << 20, "MIB",                      \
             "of it in memory, the rest in a temporary file"),                                     \
        FLAG("no-cache", 0, &(f)->recipe.no_cache, "run frozen blocks again in every step")

static int parse(struct finetune *f, int argc, char **argv)
{
    const struct option_row rows[] = {
        STRING("model", 'm', &f->model, "DIR", "base model: a Hugging Face directory"),
        STRING("out", 'o', &f->out, "DIR", "where the new model goes"),
        WORD("dtype", 0, &f->dtype, "TYPE", "of the weights", DTYPES),
        STRING("save-adapter", 0, &f->recipe.adapter, "DIR",
               "write the adapters there, too, in peft's format"),
        STRING("log", 0, &f->log_path, "FILE", "write JSON lines there while training"),
        SOURCE_ROWS(&f->sources), LABELS_ROW(&f->sources, "of the model that is made, with commas"),
        HEADING("What is read of a text:"),
        SIZE("max-tokens", 0, &f->max_tokens, 0, 1 << 20, "N", "tokens, 0: all that fit"),
        SIZE("tail-tokens", 0, &f->tail_tokens, 0, 1 << 20, "N",
             "of them from the end of a longer text, at most half"),
        FLAG("begin", 0, &f->begin, "begin each text with the model's begin token"),
        WORD("position", 0, &f->train.position, "WHERE",
             "token the head reads, else as the base model", POSITIONS),
        STRING("pad-to", 0, &f->recipe.pad_to, "LENGTH",
               "cut or pad texts to N tokens, context, longest (of training); none"),
        FLAG("no-causal", 0, &f->recipe.no_causal, "every token attends to all, not only to earlier"),
        HEADING("What is trained, and how:"),
        STRING("trainable", 0, &f->train.trainable, "WHAT",
             "last_layer, last_block, last_N_blocks, all, lora, qlora"),
        STRING("lora-targets", 0, &f->train.lora_targets, "LIST",
               "layers with adapters: all, attention, mlp, or names"),
        SIZE("lora-rank", 0, &f->lora_rank, 1, 4096, "N", "rank of the adapters"),
        REAL("lora-alpha", 0, &f->lora_alpha, 0, 1e6, "X", "their scale is alpha / rank"),
        FLAG("random-init", 0, &f->random_init, "forget the base model's weights"),
        FLAG("head-bias", 0, &f->recipe.head_bias, "train the head with a bias"),
        CALL("book", 0, recipe_book, f, NULL, "the book's settings; later options change them"),
        REAL("epochs", 'e', &f->epochs, 0.001, 1e4, "X", "passes over the training part"),
        SIZE("batch", 'b', &f->batch, 1, 4096, "N", "texts a step"),
        SIZE("accumulate", 0, &f->recipe.accumulate, 1, 4096, "N", "batches of a step"),
        FLAG("drop-last", 0, &f->recipe.drop_last, "leave out an epoch's last, smaller batch"),
        REAL("lr", 0, &f->lr, 0, 1, "X", "learning rate"),
        WORD("schedule", 0, &f->train.schedule, "HOW", "after warm-up", SCHEDULES),
        REAL("warmup", 0, &f->warmup, 0, 1, "SHARE", "share of the steps that warm up"),
        REAL("weight-decay", 0, &f->weight_decay, 0, 10, "X", "AdamW's weight decay, on matrices"),
        FLAG("decay-all", 0, &f->decay_all, "weight decay on every tensor that trains"),
        REAL("layer-decay", 0, &f->layer_decay, 0.01, 1, "X", "rate of a block to that above it"),
        REAL("clip-norm", 0, &f->clip_norm, 0, 1e6, "X", "largest gradient norm, 0: no clipping"),
        LOSS_ROWS(&f->recipe),
        SIZE("seed", 0, &f->seed, 0, 1e15, "N", "of everything random"),
        SIZE("threads", 'j', &f->threads, 0, 256, "N", "0: all processors"),
        WORD("precision", 0, &f->train.precision, "TYPE", "of large products", "float32, bfloat16"),
        CACHE_ROWS(f),
        FLAG("wide", 0, &f->wide, "remember words, too: train a wide part beside the network"),
        HEADING("When it is measured, and when it ends:"),
        SIZE("eval-every", 0, &f->eval_every, 0, 1e9, "N",
             "steps between evaluations, 0: half an epoch"),
        SIZE("eval-batches", 0, &f->eval_batches, 0, 1e9, "N",
             "of the first N batches of each part, 0: of all"),
        WORD("select", 0, &f->select, "MEASURE", "of the validation part that picks the weights",
             "loss, accuracy, auc"),
        SIZE("patience", 0, &f->patience, 0, 1e6, "N",
             "end after N evaluations without a better one, 0: never"),
        FLAG("final-test", 0, &f->final_test, "measure the test part once, at the end"),
        SHARE("max-fpr", 0, &f->threshold.max_fpr, BOLTER_MIN_FPR, MAX_FPR, "SHARE",
             "ham of the validation part that may reach the spam threshold"),
        SHARE("confidence", 0, &f->threshold.confidence, 0.5, 0.999999, "SHARE",
             "of what the card says that this proves"),
        HEADING("How it goes on, and again:"),
        REAL("checkpoint-every", 0, &f->checkpoint_minutes, 0, 1e6, "MINUTES",
             "write OUT.run, 0: only when interrupted"),
        FLAG("resume", 0, &f->resume, "go on with the run in OUT.run"),
        FLAG("finish", 0, &f->finish, "with --resume: train no more, write its best weights"),
        STRING("seeds", 0, &f->seeds, "LIST",
               "run with each seed of a list, or with N from --seed on; keep the best"),
    };
    enum { N_ROWS = sizeof rows / sizeof *rows };
    _Static_assert(N_ROWS <= FINETUNE_MAX_OPTIONS, "the options have to fit their copy");
    memcpy(f->option, rows, sizeof rows);
    f->n_option = N_ROWS;
    return options_parse(argc, argv, rows, N_ROWS, usage);
}

/* A test part that was asked for by name is there to be measured. */
static void take_test_part(struct finetune *f)
{
    for (size_t i = 0; i < f->sources.n; i++)
        f->final_test = f->final_test || f->sources.source[i].part == BOLTER_TEST;
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
        .threshold = {.max_fpr = 0.001, .confidence = 0.95},
        .checkpoint_minutes = 10,
        .select = "loss",
        .seed = 123,
        .batch = 16,
        .lora_rank = 16,
        .max_tokens = 512,
        .tail_tokens = 128,
    };
    bolter_train_options_default(&f.train);
    recipe_default(&f.recipe);
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
    if (f.finish && !f.resume) {
        complain("--finish is for a run that --resume goes on with");
        return EXIT_USAGE;
    }
    if (!seeds_parse(&f) || !recipe_check(&f))
        return EXIT_USAGE;
    take_test_part(&f);
    return finetune(&f);
}
