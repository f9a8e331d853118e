/* cmd_protocol.c - bolter-train protocol: its options, and what the protocols share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/commands.h"
#include "trainer/options.h"
#include "trainer/place.h"
#include "trainer/protocol.h"
#include "trainer/score.h"

static const struct {
    const char *name;
    bool (*run)(struct protocol *p);
    bool in_order; /* one sequence of messages, without parts */
} protocols[] = {
    {"few-shot", protocol_few_shot, false},
    {"cross", protocol_cross, false},
    {"stream", protocol_stream, true},
};
#define N_PROTOCOL (sizeof protocols / sizeof *protocols)

/* ---- Options ---- */

struct given {
    struct protocol *p;
    struct sources sources; /* of the corpus that is being given */
    double lr, weight_decay, layer_decay, lm_loss;
};

/* Keep what was given since the last --corpus; --labels holds for those that follow. */
static bool end_corpus(struct given *g)
{
    struct protocol *p = g->p;
    if (g->sources.n == 0 && p->n_corpus == 0)
        return true;
    if (p->n_corpus == 0)
        p->n_corpus = 1;
    p->corpus[p->n_corpus - 1].sources = g->sources;
    g->sources = (struct sources){.labels = g->sources.labels};
    return true;
}

static bool begin_corpus(void *to, const char *name, const char *value)
{
    struct given *g = to;
    struct protocol *p = g->p;
    end_corpus(g);
    if (p->n_corpus == MAX_CORPORA) {
        complain("--%s: more than %d", name, MAX_CORPORA);
        return false;
    }
    p->corpus[p->n_corpus++].name = value;
    return true;
}

static int parse(struct protocol *p, int argc, char **argv)
{
    struct given g = {.p = p, .lr = 4e-4, .weight_decay = 0.05, .layer_decay = 0.85};
    const struct option_row rows[] = {
        STRING("model", 'm', &p->model, "DIR", "base model, from which each run starts"),
        CALL("corpus", 0, begin_corpus, &g, "NAME", "what follows is another corpus, of this name"),
        SOURCE_ROWS(&g.sources), LABELS_ROW(&g.sources, "of the models that are made, with commas"),
        HEADING("Each run:"),
        SIZE("max-tokens", 0, &p->max_tokens, 1, 1 << 20, "N", "tokens that are read of a text"),
        SIZE("tail-tokens", 0, &p->tail_tokens, 0, 1 << 20, "N", "of them from the end"),
        FLAG("begin", 0, &p->begin, "begin each text with the model's begin token"),
        WORD("position", 0, &p->fit.train.position, "WHERE",
             "token the head reads, else as the base model", POSITIONS),
        STRING("trainable", 0, &p->fit.train.trainable, "WHAT",
               "last_layer, last_block, last_N_blocks, all, lora, qlora"),
        REAL("epochs", 'e', &p->fit.epochs, 0.001, 1e4, "X", "passes over the training texts"),
        SIZE("min-steps", 0, &p->fit.min_steps, 0, 1e9, "N", "but at least so many steps"),
        SIZE("batch", 'b', &p->fit.batch, 1, 4096, "N", "texts a step"),
        REAL("lr", 0, &g.lr, 0, 1, "X", "learning rate"),
        WORD("schedule", 0, &p->fit.train.schedule, "HOW", "after warm-up", SCHEDULES),
        REAL("warmup", 0, &p->fit.warmup, 0, 1, "SHARE", "share of the steps that warm up"),
        REAL("weight-decay", 0, &g.weight_decay, 0, 10, "X", "AdamW's weight decay, on matrices"),
        REAL("layer-decay", 0, &g.layer_decay, 0.01, 1, "X",
             "rate of a block against the one above it"),
        REAL("lm-loss", 0, &g.lm_loss, 0, 100, "X",
             "weight of a second loss: the next token of the text"),
        SIZE("lm-every", 0, &p->fit.train.lm_every, 1, 1024, "N", "of every N-th token"),
        WORD("precision", 0, &p->fit.train.precision, "TYPE", "of large products",
             "float32, bfloat16"),
        SIZE("seed", 0, &p->seed, 0, 1e15, "N", "the first run's"),
        SIZE("threads", 'j', &p->fit.train.threads, 0, 256, "N", "0: all processors"),
        FLAG("json", 0, &p->json, "a JSON line for each run"),
        HEADING("few-shot, with few training texts:"),
        STRING("sizes", 0, &p->sizes, "LIST", "how many, with commas"),
        SIZE("seeds", 0, &p->n_seed, 1, 1000, "N", "draws of each size"),
        SIZE("max-test", 0, &p->max_test, 0, 1e9, "N", "test texts that are scored, 0: all"),
        HEADING("stream, message after message:"),
        SIZE("every", 0, &p->every, 1, 1e9, "N", "train again after so many messages"),
        SIZE("warm", 0, &p->warm, 0, 1e9, "N", "labelled messages before the first is scored"),
        SIZE("delay", 0, &p->delay, 0, 1e9, "N", "a label is known so many messages later"),
        SIZE("window", 0, &p->window, 0, 1e9, "N", "train on the last N labelled, 0: on all"),
        STRING("order", 0, &p->order, "FILE", "ids, a line each, in the order of arrival"),
        FLAG("by-date", 0, &p->by_date, "mail by the date of its topmost Received field, else its Date"),
        FLAG("shuffle", 0, &p->shuffle, "in a random order instead"),
        FLAG("wide", 0, &p->wide, "a wide part that learns each message at once, instead of the recipe"),
        STRING("out", 'o', &p->out, "FILE", "write id, label and score of each message there"),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "protocol few-shot|cross|stream -m BASE [options] corpora");
    end_corpus(&g);
    p->fit.train.lr = (float)g.lr;
    p->fit.train.weight_decay = (float)g.weight_decay;
    p->fit.train.layer_decay = (float)g.layer_decay;
    p->fit.train.lm_loss = (float)g.lm_loss;
    return operand;
}

/* ---- Corpora ---- */

static bool open_corpus(const struct protocol *p, struct protocol_corpus *c, bool in_order)
{
    bolter_error err = {0};
    bool ok = bolter_dataset_open(&c->d, p->m, &err) == BOLTER_OK;
    if (ok && p->wide)
        bolter_dataset_keep_features(c->d);
    if (ok && p->by_date)
        bolter_dataset_keep_dates(c->d);
    ok = ok && sources_label(&c->sources, c->d, &err) == BOLTER_OK &&
         sources_read(&c->sources, c->d, in_order ? BOLTER_TEST : BOLTER_BY_SPLIT, &err) == BOLTER_OK;
    ok = ok && fit_rows_of(&c->train, c->d, BOLTER_TRAIN) &&
         fit_rows_of(&c->validation, c->d, BOLTER_VALID) &&
         fit_rows_of(&c->test, c->d, BOLTER_TEST);
    for (size_t i = 0; ok && i < c->test.n; i++) {
        if (c->test.row[i]->label < 0) {
            complain("%s: no label to compare with", c->test.row[i]->id);
            return false;
        }
    }
    if (!ok)
        complain("%s", err.code ? err.text : "no memory");
    if (ok && protocol_spam(c) < 0) {
        complain("no label is called spam");
        ok = false;
    }
    return ok;
}

static bool open_all(struct protocol *p, bool in_order)
{
    bolter_error err = {0};
    size_t tail = p->tail_tokens < p->max_tokens / 2 ? p->tail_tokens : p->max_tokens / 2;
    const bolter_open_options o = {.max_tokens = (int32_t)p->max_tokens,
                                   .tail_tokens = (int32_t)tail,
                                   .begin = p->begin ? "yes" : NULL};
    if (bolter_model_open_with(&p->m, p->model, &o, &err) != BOLTER_OK ||
        bolter_cache_open(&p->cache, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < p->n_corpus; i++)
        ok = open_corpus(p, &p->corpus[i], in_order);
    return ok;
}

static void close_all(struct protocol *p)
{
    for (size_t i = 0; i < p->n_corpus; i++) {
        free(p->corpus[i].train.row);
        free(p->corpus[i].validation.row);
        free(p->corpus[i].test.row);
        bolter_dataset_free(p->corpus[i].d);
    }
    bolter_cache_free(p->cache);
    bolter_model_unref(p->m);
}

/* ---- Runs ---- */

int32_t protocol_spam(const struct protocol_corpus *c)
{
    for (size_t k = 0; k < bolter_dataset_n_label(c->d); k++)
        if (strcmp(bolter_dataset_label(c->d, k), "spam") == 0)
            return (int32_t)k;
    return -1;
}

void protocol_truth(const struct protocol_corpus *c, const struct fit_rows *rows, int32_t *truth)
{
    int32_t spam = protocol_spam(c);
    for (size_t i = 0; i < rows->n; i++)
        truth[i] = rows->row[i]->label == spam;
}

bool protocol_fit(const struct protocol *p, const struct protocol_corpus *c,
                  const struct fit_rows *train, const struct fit_rows *validation,
                  const struct fit_rows *test, size_t seed, double *spam, double *seconds)
{
    bolter_error err = {0};
    struct fit_options o = p->fit;
    struct fit_result r;
    size_t K = bolter_dataset_n_label(c->d), label = (size_t)protocol_spam(c);
    o.train.seed = seed;
    o.train.cache = p->cache;
    if (validation->n == 0)
        o.keep = FIT_LAST;
    if (fit_model(p->m, c->d, train, validation, test, &o, &r, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    for (size_t i = 0; i < test->n; i++)
        spam[i] = (double)(float)softmax_at(r.test + i * K, K, label, 1);
    *seconds = r.seconds;
    fit_result_clear(&r);
    return true;
}

/* ---- The command ---- */

static bool fits(const struct protocol *p, size_t which)
{
    bool cross = strcmp(protocols[which].name, "cross") == 0;
    if (p->wide && (!protocols[which].in_order || p->window > 0)) {
        complain(p->window > 0 ? "--wide forgets nothing, so that it takes no --window"
                               : "--wide is of protocol stream alone");
        return false;
    }
    if (p->by_date && p->shuffle) {
        complain("--by-date and --shuffle are two orders");
        return false;
    }
    for (size_t i = 0; i < p->n_corpus; i++) {
        if (p->corpus[i].sources.n == 0 || (cross && !p->corpus[i].name)) {
            complain("%s", cross ? "protocol cross needs --corpus NAME before each corpus"
                                 : "a --corpus has no files");
            return false;
        }
    }
    if (cross ? p->n_corpus < 2 : p->n_corpus != 1)
        complain("protocol %s needs -m BASE and %s (see --help)", protocols[which].name,
                 cross ? "two corpora or more" : "one corpus");
    return cross ? p->n_corpus >= 2 : p->n_corpus == 1;
}

int cmd_protocol(int argc, char **argv)
{
    static struct protocol p = {.seed = 123,
                                .n_seed = 5,
                                .max_tokens = 256,
                                .tail_tokens = 64,
                                .sizes = "4,8,16,32,64,128,256",
                                .max_test = 1000,
                                .every = 500};
    fit_options_default(&p.fit);
    p.fit.keep = FIT_BEST_LOSS;
    p.fit.min_steps = 40;
    int operand = parse(&p, argc, argv);
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    size_t which = 0;
    while (which < N_PROTOCOL &&
           (operand == argc || strcmp(protocols[which].name, argv[operand]) != 0))
        which++;
    if (which == N_PROTOCOL || operand + 1 != argc || !p.model) {
        complain(
            "protocol needs a name (few-shot, cross, stream), -m BASE and corpora (see --help)");
        return EXIT_USAGE;
    }
    if (!fits(&p, which))
        return EXIT_USAGE;
    bool ok = (!p.out || place_takes_file(p.out)) && open_all(&p, protocols[which].in_order) &&
              protocols[which].run(&p);
    close_all(&p);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
