/* cmd_pretrain.c - bolter-train pretrain: a language model learns from texts, from random weights or on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/commands.h"
#include "trainer/lm.h"

struct pretrain {
    struct lm l;
    const char *tokenizer, *validation, *kind;
    double validation_share, ascii_share;
    size_t layers, width, heads, context, length;
    bool gutenberg, untied;
    bolter_tokens *train, *valid; /* the streams; valid NULL: the end of train */
};

/* ---- Options ---- */

static int parse(struct pretrain *p, int argc, char **argv)
{
    struct lm *l = &p->l;
    const struct option_row rows[] = {
        STRING("model", 'm', &l->model, "DIR", "go on with a language model"),
        STRING("vocab", 0, &p->tokenizer, "DIR",
               "or begin with random weights, and the vocabulary of this directory"),
        SIZE("layers", 0, &p->layers, 1, 512, "N", "blocks of a new model [12]"),
        SIZE("width", 0, &p->width, 1, 32768, "N", "its channels, a multiple of the heads [768]"),
        SIZE("heads", 0, &p->heads, 1, 32768, "N", "its attention heads [12]"),
        SIZE("context", 0, &p->context, 2, 1 << 17, "N", "its positions [1024]"),
        FLAG("untied", 0, &p->untied, "its output layer is a matrix of its own"),
        WORD("init", 0, &l->train.init, "HOW", "how its weights begin [gpt2]", "gpt2, pytorch"),
        HEADING("Texts:"),
        STRING("kind", 0, &p->kind, "KIND", "what they are, instead of finding out"),
        FLAG("gutenberg", 0, &p->gutenberg, "leave out what Project Gutenberg adds to a book"),
        SHARE("ascii-share", 0, &p->ascii_share, 0, 1, "SHARE",
              "leave out texts with so few ASCII characters, or fewer; 0: none"),
        STRING("validation", 0, &p->validation, "PATH", "texts to validate on"),
        SHARE("validation-share", 0, &p->validation_share, 0, 0.9, "SHARE",
              "or the last tokens of all"),
        SIZE("length", 0, &p->length, 0, 1 << 17, "N", "tokens of a passage, 0: the context"),
        LM_ROWS(l),
    };
    _Static_assert(sizeof rows / sizeof *rows <= LM_MAX_OPTIONS, "the options have to fit their copy");
    return lm_parse(l, argc, argv, rows, sizeof rows / sizeof *rows,
                    "pretrain -m DIR | --vocab DIR -o DIR [options] PATH...");
}

/* ---- The texts ---- */

static bool read_one(const struct pretrain *p, bolter_tokens *t, const char *path, bolter_error *err)
{
    bolter_corpus *c = NULL;
    bool ok = bolter_corpus_open(&c, p->kind, path, NULL, err) == BOLTER_OK &&
              bolter_tokens_add(t, c, err) == BOLTER_OK;
    bolter_corpus_free(c);
    return ok;
}

/* Read files or directories into a new stream. */
static bool read_texts(const struct pretrain *p, const char *what, char **path, size_t n,
                       bolter_tokens **t, bolter_seq *all, char hex[65])
{
    bolter_error err = {0};
    const bolter_tokens_options o = {.gutenberg = p->gutenberg, .ascii_share = p->ascii_share};
    bool ok = bolter_tokens_open(t, p->l.m, &o, &err) == BOLTER_OK;
    for (size_t i = 0; ok && i < n; i++)
        ok = read_one(p, *t, path[i], &err);
    ok = ok && bolter_tokens_end(*t, all, hex, &err) == BOLTER_OK;
    if (!ok) {
        complain("%s", err.text);
        return false;
    }
    bolter_tokens_count c = bolter_tokens_count_of(*t);
    fprintf(stderr, "%s: %llu texts, %llu tokens; left out: %llu empty, %llu by --ascii-share\n", what,
            (unsigned long long)c.n_text, (unsigned long long)c.n_token, (unsigned long long)c.empty,
            (unsigned long long)c.foreign);
    return true;
}

/*
 * Passages of length predicted tokens, one after the other: each begins with the last token of the one
 * before. What is left at the end is too short.
 */
static bool cut(struct passages *out, bolter_seq all, size_t length)
{
    size_t n = all.n > 0 ? (all.n - 1) / length : 0;
    *out = (struct passages){.p = calloc(n + 1, sizeof *out->p), .n = n};
    for (size_t i = 0; out->p && i < n; i++)
        out->p[i] = (bolter_passage){all.ids + i * length, length + 1, 1};
    if (!out->p)
        complain("no memory for %zu passages", n);
    return out->p != NULL;
}

static bool make_passages(struct pretrain *p, char **path, size_t n)
{
    struct lm *l = &p->l;
    bolter_seq all, valid;
    char hex[2][65] = {"", ""}, *validation = (char *)(uintptr_t)p->validation;
    if (!read_texts(p, "texts", path, n, &p->train, &all, hex[0]))
        return false;
    if (p->validation) {
        if (!read_texts(p, "validation", &validation, 1, &p->valid, &valid, hex[1]))
            return false;
    } else {
        size_t n_valid = (size_t)(p->validation_share * (double)all.n);
        valid = (bolter_seq){.ids = all.ids + all.n - n_valid, .n = n_valid};
        all.n -= n_valid;
    }
    size_t context = (size_t)bolter_model_info_of(l->m)->n_ctx;
    size_t length = p->length > 0 && p->length < context ? p->length : context;
    if (!cut(&l->training, all, length) || !cut(&l->validation, valid, length))
        return false;
    fprintf(stderr, "passages of %zu tokens: %zu to train on, %zu to validate on\n", length,
            l->training.n, l->validation.n);
    l->data = json_pack("{s:s, s:s, s:I, s:I}", "texts", hex[0], "validation", hex[1], "train_passages",
                        (json_int_t)l->training.n, "validation_passages",
                        (json_int_t)l->validation.n);
    return l->data != NULL;
}

/* ---- The command ---- */

/* The name of an option that only a new model has room for; NULL: none was given. */
static const char *shape_given(const struct pretrain *p)
{
    return p->layers > 0    ? "--layers"
           : p->width > 0   ? "--width"
           : p->heads > 0   ? "--heads"
           : p->context > 0 ? "--context"
           : p->untied      ? "--untied"
           : p->l.train.init ? "--init"
                             : NULL;
}

/* What was not given is as the smallest GPT-2 has it. */
static void complete_shape(struct pretrain *p)
{
    p->layers = p->layers > 0 ? p->layers : 12;
    p->width = p->width > 0 ? p->width : 768;
    p->heads = p->heads > 0 ? p->heads : 12;
    p->context = p->context > 0 ? p->context : 1024;
    p->l.train.init = p->l.train.init ? p->l.train.init : "gpt2";
}

/* So that the settings say what the model is that went on. */
static void take_shape(struct pretrain *p)
{
    const bolter_model_info *info = bolter_model_info_of(p->l.m);
    p->layers = (size_t)info->n_layer;
    p->width = (size_t)info->n_embd;
    p->heads = (size_t)info->n_head;
    p->context = (size_t)info->n_ctx;
}

static bool open_model(struct pretrain *p)
{
    struct lm *l = &p->l;
    bolter_error err = {0};
    const bolter_shape shape = {(int32_t)p->context, (int32_t)p->width, (int32_t)p->layers,
                                (int32_t)p->heads, p->untied};
    l->random_init = !l->model;
    bolter_status rc = l->model ? bolter_model_open(&l->m, l->model, &err)
                                : bolter_model_blank(&l->m, &shape, p->tokenizer, &err);
    if (rc != BOLTER_OK)
        complain("%s", err.text);
    else
        take_shape(p);
    return rc == BOLTER_OK;
}

int cmd_pretrain(int argc, char **argv)
{
    struct pretrain p = {.validation_share = 0.1};
    lm_default(&p.l);
    p.l.train.init = NULL; /* to see whether it is given, as the shape */
    p.l.eval_every = 100;
    int operand = parse(&p, argc, argv);
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (!p.l.model == !p.tokenizer || !p.l.out || operand == argc) {
        complain("pretrain needs -m DIR or --vocab DIR, -o DIR and texts (see --help)");
        return EXIT_USAGE;
    }
    const char *given = shape_given(&p);
    if (p.l.model && given) {
        complain("%s is for a new model: one that goes on learning stays as it is", given);
        return EXIT_USAGE;
    }
    complete_shape(&p);
    if (!lm_check(&p.l))
        return EXIT_USAGE;
    bool ready = open_model(&p) && make_passages(&p, argv + operand, (size_t)(argc - operand));
    int status = ready ? lm_train(&p.l) : EXIT_FAILED;
    free(p.l.training.p);
    free(p.l.validation.p);
    json_decref(p.l.data);
    bolter_tokens_free(p.train);
    bolter_tokens_free(p.valid);
    bolter_model_unref(p.l.m);
    return status;
}
