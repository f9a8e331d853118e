/* cmd_tokenizer.c - bolter-train tokenizer: JSON lines through a tokenizer, or a new one from texts. */
#include <stdlib.h>
#include <string.h>

#include "trainer/commands.h"
#include "trainer/jsonl.h"
#include "trainer/learn.h"
#include "trainer/options.h"

static json_t *encode(void *arg, const json_t *in)
{
    const bolter_tok *tok = arg;
    const json_t *text = json_object_get(in, "text");
    if (!json_is_string(text)) {
        complain("an object without \"text\"");
        return NULL;
    }
    size_t len = json_string_length(text), n = 0;
    int32_t *ids = calloc(len + 1, sizeof *ids); /* a token is at least one byte */
    bolter_error err = {0};
    json_t *out = NULL;
    if (ids && bolter_tok_encode(tok, json_string_value(text), len, ids, len, &n, &err) == BOLTER_OK)
        out = json_pack("{s:o}", "ids", jsonl_of_ids(ids, n));
    else
        complain("%s", ids ? err.text : "no memory");
    free(ids);
    return out;
}

static json_t *decode(void *arg, const json_t *in)
{
    const bolter_tok *tok = arg;
    bolter_seq seq = jsonl_ids(in);
    bolter_error err = {0};
    size_t n = 0;
    if (!seq.ids)
        return NULL;
    char *bytes = NULL;
    json_t *out = NULL;
    bolter_status rc = bolter_tok_decode(tok, seq.ids, seq.n, NULL, 0, &n, &err);
    if (rc == BOLTER_OK && (bytes = malloc(n + 1)))
        rc = bolter_tok_decode(tok, seq.ids, seq.n, bytes, n, &n, &err);
    if (rc == BOLTER_OK && bytes) {
        json_t *text = json_stringn(bytes, n);
        if (text)
            out = json_pack("{s:o}", "text", text);
        else
            complain("the ids decode to bytes that are not UTF-8");
    } else {
        complain("%s", err.code ? err.text : "no memory");
    }
    free(bytes);
    free((void *)(uintptr_t)seq.ids);
    return out;
}

/* encode or decode. */
static int translate(const char *model, bool encoding)
{
    bolter_tok *tok;
    bolter_error err = {0};
    if (bolter_tok_open(&tok, model, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return EXIT_FAILED;
    }
    bool ok = jsonl_each(encoding ? encode : decode, tok);
    bolter_tok_free(tok);
    return ok ? EXIT_DONE : EXIT_FAILED;
}

static int train(struct learn *l, char *const *file, size_t n_file)
{
    if (l->out && l->n_vocab > 0 && l->sources.n + n_file > 0)
        return learn_tokenizer(l, file, n_file);
    complain("tokenizer train needs -o DIR, --vocab-size N, and texts");
    return EXIT_USAGE;
}

int cmd_tokenizer(int argc, char **argv)
{
    static const char usage[] =
        "tokenizer encode|decode -m DIR < JSON lines\n"
        "       bolter-train tokenizer train -o DIR --vocab-size N [options] [corpora] [FILE]...";
    const char *model = NULL;
    struct learn l = {.min_count = 2, .max_pieces = 2000000};
    const struct option_row rows[] = {
        STRING("model", 'm', &model, "DIR", "directory of vocab.json and merges.txt"),
        HEADING("Of train:"),
        STRING("out", 'o', &l.out, "DIR", "where the new tokenizer goes"),
        SIZE("vocab-size", 0, &l.n_vocab, 257, 10000000, "N", "tokens in all"),
        SIZE("min-count", 0, &l.min_count, 1, 1e15, "N", "merge no pair that occurs less often"),
        CALL("special", 0, learn_take_special, &l, "TOKEN",
             "a special token; may be given again, \"\": none [<|endoftext|>]"),
        SIZE("max-pieces", 0, &l.max_pieces, 1000, 1e9, "N",
             "different pieces of text that are counted"),
        SIZE("threads", 'j', &l.threads, 0, 256, "N", "0: all processors"),
        FLAG("json", 0, &l.json, "print one JSON object"),
        HEADING("Its texts, besides files of plain text as operands:"),
        CALL("spam", 0, sources_take, &l.sources, "PATH", "messages"),
        CALL("ham", 0, sources_take, &l.sources, "PATH", "the same"),
        CALL("class", 0, sources_take, &l.sources, "NAME=PATH", "the same"),
        CALL("data", 0, sources_take, &l.sources, "FILE", "texts"),
        CALL("train", 0, sources_take, &l.sources, "FILE", "the same"),
        CALL("kind", 0, sources_take, &l.sources, "KIND", "what the corpora after it are"),
        FLAG("quotes", 0, &l.sources.quotes, "read TSV with quotes, as pandas does"),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows, usage);
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    const char *what = operand < argc ? argv[operand] : "";
    if (strcmp(what, "train") == 0)
        return train(&l, argv + operand + 1, (size_t)(argc - operand - 1));
    bool encoding = strcmp(what, "encode") == 0;
    if (!model || operand + 1 != argc || (!encoding && strcmp(what, "decode") != 0)) {
        complain("usage: bolter-train %s", usage);
        return EXIT_USAGE;
    }
    return translate(model, encoding);
}
