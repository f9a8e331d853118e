/* trainer.c - main of bolter-train: the table of subcommands. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bolter.h"
#include "trainer/commands.h"
#include "trainer/options.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"fetch", cmd_fetch, "download a known data set or GPT-2 weights, verified and unpacked"},
    {"prepare", cmd_prepare, "corpora -> train.csv, validation.csv, test.csv"},
    {"finetune", cmd_finetune, "base model + corpora -> new model directory"},
    {"calibrate", cmd_calibrate, "windows, temperature and thresholds of a model, from a corpus"},
    {"wide", cmd_wide, "words remembered beside a model's network, from corpora"},
    {"baseline", cmd_baseline, "naive Bayes and logistic regression on words, measured"},
    {"evaluate", cmd_evaluate, "metrics of a model on a corpus"},
    {"predict", cmd_predict, "id, label and score of each message"},
    {"protocol", cmd_protocol, "measure a recipe: few-shot, across corpora, in order of arrival"},
    {"experiments", cmd_experiments, "the additional experiments of a book, as a table"},
    {"pretrain", cmd_pretrain, "a language model learns from texts, from random weights or on"},
    {"instruct", cmd_instruct, "a language model learns to answer instructions"},
    {"respond", cmd_respond, "it answers them, and another model may score the answers"},
    {"generate", cmd_generate, "a language model goes on with a text"},
    {"serve", cmd_serve, "a page to try a model, and its interface for programs"},
    {"inspect", cmd_inspect, "what the model saw: text, tokens, logits, gradients, tensors"},
    {"tokenizer", cmd_tokenizer, "learn a tokenizer from texts; encode and decode"},
    {"quantize", cmd_quantize, "int8 weights, with the measured change of scores"},
    {"bench", cmd_bench, "speed on this machine: texts a second, latency, memory"},
    {"average", cmd_average, "one model of several that were fine-tuned from the same one"},
    {"import", cmd_import, "model directory of OpenAI's GPT-2 or a PyTorch state dict"},
    {"export", cmd_export, "a model directory in another number format, adapters merged"},
};

static void print_usage(FILE *f)
{
    fputs("Usage: bolter-train SUBCOMMAND [options]\n\n", f);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(f, "  %-12s %s\n", commands[i].name, commands[i].help);
    fputs("\nbolter-train SUBCOMMAND --help prints its options; --version the version.\n", f);
}

/* The status, unless what was printed did not arrive. */
static int flushed(int status)
{
    bool bad = ferror(stdout) != 0;
    if ((fflush(stdout) != 0 || bad) && status == EXIT_DONE) {
        complain("standard output: write failed");
        return EXIT_FAILED;
    }
    return status;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("bolter-train %s\n", bolter_version());
        return flushed(EXIT_DONE);
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_usage(stdout);
        return flushed(EXIT_DONE);
    }
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return flushed(commands[i].run(argc - 1, argv + 1));
    if (argc > 1)
        complain("unknown subcommand \"%s\"", argv[1]);
    print_usage(stderr);
    return EXIT_USAGE;
}
