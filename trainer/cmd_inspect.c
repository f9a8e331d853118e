/*
 * cmd_inspect.c - bolter-train inspect: what the model saw and what it made of it.
 *
 *   text, tokens      of messages
 *   logits, grads     of ids, JSON lines (for checking against other programs)
 *   model             shape, thresholds, and whether the weights are the ones bolter.json names
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bolter_train.h"
#include "trainer/commands.h"
#include "trainer/jsonl.h"
#include "trainer/options.h"

struct inspect {
    const char *model, *adapter, *out, *kind;
    bool plain;
    bolter_model *m;
    bolter_session *s;
    /* of grads: the batch so far */
    bolter_seq *seqs;
    int32_t *labels;
    size_t n;
};

/* ---- text, tokens ---- */

static bool print_tokens(const struct inspect *in, const char *utf8, size_t n)
{
    int32_t *ids = calloc(bolter_model_info_of(in->m)->max_ids, sizeof *ids);
    bolter_reading r;
    bolter_error err = {0};
    if (!ids || bolter_model_read(in->m, utf8, n, ids, &r, &err) != BOLTER_OK) {
        complain("%s", ids ? err.text : "no memory");
        free(ids);
        return false;
    }
    printf("# %zu tokens, %zu read\n", r.n_all, r.n_all - r.n_unread);
    for (size_t i = 0; i < r.n_ids; i++) {
        char piece[256];
        size_t len = 0;
        if (r.windows > 1 && i % (r.n_ids / r.windows) == 0)
            printf("# window %zu of %zu\n", i / (r.n_ids / r.windows) + 1, r.windows);
        bolter_tok_decode(bolter_model_tok(in->m), &ids[i], 1, piece, sizeof piece, &len, NULL);
        printf("%zu\t%d\t", i, (int)ids[i]);
        for (size_t k = 0; k < len && k < sizeof piece; k++)
            printf((unsigned char)piece[k] < 32 || piece[k] == '\\' ? "\\x%02x" : "%c",
                   (unsigned char)piece[k]);
        putchar('\n');
    }
    free(ids);
    return true;
}

static bool inspect_example(const struct inspect *in, bolter_text *t, const bolter_example *ex,
                            const char *what)
{
    const char *utf8;
    size_t n;
    bolter_error err = {0};
    bolter_text_reset(t);
    bolter_status rc;
    if (ex->is_mail && !in->plain) {
        rc = bolter_text_chunk(t, ex->bytes, ex->n, &err);
        if (rc == BOLTER_OK)
            rc = bolter_text_finish(t, &utf8, &n, &err);
    } else {
        rc = bolter_text_plain(t, ex->bytes, ex->n, &utf8, &n, &err);
    }
    if (rc != BOLTER_OK) {
        complain("%s: %s", ex->id, err.text);
        return false;
    }
    printf("# %s%s\n", ex->id, bolter_text_truncated(t) ? " (cut at a limit)" : "");
    if (strcmp(what, "tokens") == 0)
        return print_tokens(in, utf8, n);
    printf("%s\n", strcmp(what, "traits") == 0 ? bolter_text_traits(t) : utf8);
    return true;
}

static bool inspect_texts(const struct inspect *in, char **path, int n_path, const char *what)
{
    bolter_text *t;
    bolter_error err = {0};
    bolter_text_options o = {.layout = bolter_model_info_of(in->m)->text_layout};
    if (bolter_text_open(&t, &o, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    bool ok = true;
    for (int i = 0; ok && i < n_path; i++) {
        bolter_corpus *c;
        bolter_example ex;
        bolter_status rc = bolter_corpus_open(&c, in->kind, path[i], NULL, &err);
        while (rc == BOLTER_OK && (rc = bolter_corpus_next(c, &ex, &err)) == BOLTER_OK)
            if (!(ok = inspect_example(in, t, &ex, what)))
                break;
        if (ok && rc != BOLTER_END) {
            complain("%s", err.text);
            ok = false;
        }
        bolter_corpus_free(c);
    }
    bolter_text_free(t);
    return ok;
}

/* ---- logits, grads ---- */

static json_t *logits_of(void *arg, const json_t *in)
{
    struct inspect *i = arg;
    const bolter_model_info *info = bolter_model_info_of(i->m);
    bolter_seq seq = jsonl_ids(in);
    if (!seq.ids)
        return NULL;
    bool lm = info->n_label == 0;
    size_t n = (size_t)(lm ? info->n_vocab : info->n_label);
    float *logits = calloc(n, sizeof *logits);
    double loss = NAN;
    bolter_error err = {0};
    bolter_status rc = !logits ? BOLTER_E_NOMEM
                       : lm    ? bolter_session_lm(i->s, &seq, logits, &loss, &err)
                               : bolter_session_logits(i->s, &seq, 1, logits, &err);
    json_t *out = NULL;
    if (rc == BOLTER_OK)
        out = json_pack("{s:o}", "logits", jsonl_of_floats(logits, n));
    else
        complain("%s", err.code ? err.text : "no memory");
    if (out && isfinite(loss))
        json_object_set_new(out, "loss", json_real(loss));
    free(logits);
    free((void *)(uintptr_t)seq.ids);
    return out;
}

static json_t *gather(void *arg, const json_t *in)
{
    struct inspect *i = arg;
    int32_t label;
    if (!jsonl_int32(json_object_get(in, "label"), &label)) {
        complain("an object without \"label\", a whole number");
        return NULL;
    }
    bolter_seq seq = jsonl_ids(in);
    if (!seq.ids)
        return NULL;
    bolter_seq *seqs = realloc(i->seqs, (i->n + 1) * sizeof *seqs);
    int32_t *labels = realloc(i->labels, (i->n + 1) * sizeof *labels);
    i->seqs = seqs ? seqs : i->seqs;
    i->labels = labels ? labels : i->labels;
    if (!seqs || !labels) {
        free((void *)(uintptr_t)seq.ids);
        complain("no memory");
        return NULL;
    }
    i->seqs[i->n] = seq;
    i->labels[i->n++] = label;
    return json_null();
}

static bool write_gradients(struct inspect *in)
{
    const char *labels[256];
    size_t n_label = (size_t)bolter_model_info_of(in->m)->n_label;
    for (size_t i = 0; i < n_label && i < 256; i++)
        labels[i] = bolter_model_label(in->m, (int32_t)i);
    bolter_train_options o;
    bolter_train_options_default(&o);
    o.position = NULL; /* the model's own */
    bolter_trainer *t = NULL;
    bolter_error err = {0};
    bool ok = jsonl_each(gather, in);
    ok = ok && bolter_trainer_open(&t, in->m, labels, n_label, &o, &err) == BOLTER_OK &&
         bolter_trainer_write_gradients(t, in->seqs, in->labels, in->n, in->out, &err) == BOLTER_OK;
    if (!ok && err.code)
        complain("%s", err.text);
    bolter_trainer_free(t);
    for (size_t i = 0; i < in->n; i++)
        free((void *)(uintptr_t)in->seqs[i].ids);
    free(in->seqs);
    free(in->labels);
    return ok;
}

/* ---- model ---- */

static void print_proof(const bolter_threshold_proof *p)
{
    printf("promise       from %g on at most %g %% of ham is called spam, with %g %% confidence: %s by "
           "%llu ham\n",
           p->threshold, 100 * p->max_fpr, 100 * p->confidence, p->proved ? "proved" : "not proved",
           (unsigned long long)p->ham);
}

static bool inspect_model(const struct inspect *in)
{
    const bolter_model_info *i = bolter_model_info_of(in->m);
    char path[4096], hex[65];
    bolter_error err = {0};
    printf("architecture  %s, %d blocks, width %d, %d heads, context %d, vocabulary %d\n", i->arch,
           (int)i->n_layer, (int)i->n_embd, (int)i->n_head, (int)i->n_ctx, (int)i->n_vocab);
    if (i->untied)
        printf("output layer  a matrix of its own\n");
    printf("parameters    %llu\nmodel id      %s\n", (unsigned long long)i->n_param, i->id);
    printf("reads         %d tokens, %d of them from the end of longer texts\n", (int)i->max_tokens,
           (int)i->tail_tokens);
    if (i->windows > 1)
        printf("windows       %d, of a longer text\n", (int)i->windows);
    for (int32_t k = 0; k < i->n_label; k++)
        printf("label %d       %s\n", (int)k, bolter_model_label(in->m, k));
    if (i->n_label > 0)
        printf("temperature   %g\nspam from     %g\nunsure from   %g\n", i->temperature,
               i->spam_threshold, i->unsure_threshold);
    if (i->proof)
        print_proof(i->proof);
    if (i->mix)
        printf("wide part     log-odds %g x network + %g x wide %+g\n", i->mix->deep, i->mix->wide,
               i->mix->bias);
    printf("layout        ");
    for (const char *p = i->text_layout; *p; p++)
        fputs(*p == '\n' ? "\\n" : (char[]){*p, 0}, stdout);
    putchar('\n');
    snprintf(path, sizeof path, "%s/model.safetensors", in->model);
    if (bolter_file_sha256(path, hex, &err) != BOLTER_OK || strncmp(hex, i->network_id, 16) != 0) {
        complain("%s", err.code ? err.text : "the weights are not the ones that bolter.json names");
        return false;
    }
    return true;
}

/* ---- The subcommand ---- */

static int parse(struct inspect *in, int argc, char **argv)
{
    const struct option_row rows[] = {
        STRING("model", 'm', &in->model, "DIR", "the model"),
        STRING("adapter", 0, &in->adapter, "DIR", "with these LoRA adapters merged"),
        STRING("out", 'o', &in->out, "FILE", "of grads: the safetensors file to write"),
        STRING("kind", 0, &in->kind, "KIND",
             "what the files are: mbox, maildir, dir, mail, text, lines, tsv, csv"),
    };
    return options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                         "inspect text|tokens|traits|logits|grads|model -m DIR [options] [FILE]...");
}

static bool run(struct inspect *in, const char *what, char **path, int n_path)
{
    bolter_error err = {0};
    bolter_open_options o = {.adapter = in->adapter};
    if (bolter_model_open_with(&in->m, in->model, &o, &err) != BOLTER_OK ||
        bolter_session_open(&in->s, in->m, 1, (size_t)bolter_model_info_of(in->m)->n_ctx, &err) !=
            BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    if (n_path > 0)
        return inspect_texts(in, path, n_path, what);
    if (strcmp(what, "logits") == 0)
        return jsonl_each(logits_of, in);
    if (strcmp(what, "grads") == 0)
        return write_gradients(in);
    return inspect_model(in);
}

int cmd_inspect(int argc, char **argv)
{
    static const char *const subjects[] = {"text", "tokens", "traits", "logits", "grads", "model"};
    enum { OF_FILES = 3, N = sizeof subjects / sizeof *subjects };
    struct inspect in = {0};
    int operand = parse(&in, argc, argv);
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    size_t k = 0;
    while (k < N && (operand == argc || strcmp(subjects[k], argv[operand]) != 0))
        k++;
    if (k == N || !in.model || (strcmp(subjects[k], "grads") == 0 && !in.out)) {
        complain("inspect needs a subject (text, tokens, traits, logits, grads, model), -m DIR, "
                 "and for grads --out FILE");
        return EXIT_USAGE;
    }
    if ((k < OF_FILES) != (operand + 1 < argc)) {
        complain(k < OF_FILES ? "inspect %s needs files" : "inspect %s takes no files", subjects[k]);
        return EXIT_USAGE;
    }
    bool ok = run(&in, subjects[k], argv + operand + 1, argc - operand - 1);
    bolter_session_free(in.s);
    bolter_model_unref(in.m);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
