/* cmd_generate.c - bolter-train generate: a language model goes on with a text. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/commands.h"
#include "trainer/interrupt.h"
#include "trainer/options.h"
#include "trainer/prompt.h"
#include "trainer/progress.h"

struct generate {
    const char *model, *prompt, *precision, *path; /* path: of the prompt, "-" for standard input */
    size_t max_tokens;
    struct sampling_options sampling;
    bool begin, echo, json;

    bolter_model *m;
    bolter_generator *g;
    char *read; /* the prompt, unless it was an option's value */
};

/* ---- The prompt ---- */

/* A whole file, without the end of its last line; NULL after a complaint. */
static char *read_prompt(const char *path)
{
    bool in = strcmp(path, "-") == 0;
    FILE *f = in ? stdin : fopen(path, "rb");
    char *text = NULL;
    size_t cap = 0;
    ssize_t n = f ? getdelim(&text, &cap, 0, f) : -1; /* a prompt ends at a NUL */
    if (!f || ferror(f)) {
        complain("%s: %s", in ? "standard input" : path, strerror(errno));
        free(text);
        text = NULL;
    } else if (n < 0) {
        free(text);
        text = strdup("");
    } else if (text[n - 1] == '\n') {
        text[n - 1] = 0;
    }
    if (f && !in)
        fclose(f);
    return text;
}

static bool open_all(struct generate *o, bolter_error *err)
{
    const bolter_open_options with = {.precision = o->precision};
    const bolter_sampling s = sampling_of(&o->sampling);
    if (bolter_model_open_with(&o->m, o->model, &with, err) != BOLTER_OK ||
        bolter_generator_open(&o->g, o->m, &s, err) != BOLTER_OK)
        return false;
    bool begin = o->begin || !*o->prompt;
    return bolter_generator_feed_text(o->g, o->prompt, strlen(o->prompt), begin, err) == BOLTER_OK;
}

/* ---- The text ---- */

static void print_piece(void *ud, const char *text, size_t n)
{
    const struct generate *o = ud;
    if (o->json)
        return;
    fwrite(text, 1, n, stdout);
    fflush(stdout);
}

static void print_json(const struct generate *o, const struct written *w)
{
    json_t *ids = json_array();
    for (size_t i = 0; i < w->n_ids; i++)
        json_array_append_new(ids, json_integer(w->ids[i]));
    json_t *prompt = json_string(o->prompt);
    json_t *j = json_pack("{s:i, s:s, s:o, s:s, s:o, s:I, s:s, s:f}", "v", 1, "model",
                          bolter_model_info_of(o->m)->id, "prompt", prompt ? prompt : json_null(),
                          "text", w->text, "ids", ids, "prompt_tokens",
                          (json_int_t)w->n_prompt, "stop", stop_name(w->stop), "seconds", w->seconds);
    json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(j);
}

static int generate(struct generate *o)
{
    bolter_error err = {0};
    struct written w = {0};
    double began = seconds_now();
    if (!open_all(o, &err)) {
        complain("%s", err.text);
        return EXIT_FAILED;
    }
    double opened = seconds_now() - began;
    if (o->echo)
        print_piece(o, o->prompt, strlen(o->prompt));
    if (!write_on(o->g, o->max_tokens, print_piece, o, &w))
        return EXIT_FAILED;
    if (o->json)
        print_json(o, &w);
    else
        putchar('\n');
    fprintf(stderr, "%zu tokens of prompt in %.2f s, %zu tokens in %.2f s, %.1f a second; opened in "
            "%.2f s; stopped: %s\n", w.n_prompt, w.prompt_seconds, w.n_ids, w.seconds,
            w.seconds > 0 ? (double)w.n_ids / w.seconds : 0.0, opened, stop_name(w.stop));
    written_free(&w);
    return w.stop == STOP_INTERRUPT ? EXIT_INTERRUPTED : EXIT_DONE;
}

int cmd_generate(int argc, char **argv)
{
    struct generate o = {.precision = "auto", .max_tokens = 200, .sampling = {.seed = 123}};
    const struct option_row rows[] = {
        STRING("model", 'm', &o.model, "DIR", "a language model: a Hugging Face directory"),
        STRING("prompt", 'p', &o.prompt, "TEXT", "what to go on from, instead of FILE"),
        FLAG("begin", 0, &o.begin, "the model's begin token before it"),
        FLAG("echo", 0, &o.echo, "print it, too"),
        SIZE("max-tokens", 'n', &o.max_tokens, 0, 1 << 20, "N", "end after so many tokens"),
        SAMPLING_ROWS(&o.sampling),
        WORD("precision", 0, &o.precision, "FORMAT", "of the weights, auto as they are stored", PRECISIONS),
        FLAG("json", 0, &o.json, "one JSON object, when all is there"),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "generate -m DIR [options] [FILE]");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (!o.model || argc - operand > 1 || (o.prompt && operand < argc)) {
        complain("generate needs -m DIR, and --prompt TEXT or one FILE (see --help)");
        return EXIT_USAGE;
    }
    if (!o.prompt)
        o.prompt = o.read = read_prompt(operand < argc ? argv[operand] : "-");
    interrupt_catch();
    int status = o.prompt ? generate(&o) : EXIT_FAILED;
    bolter_generator_free(o.g);
    bolter_model_unref(o.m);
    free(o.read);
    return status;
}
