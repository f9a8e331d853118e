/* cmd_tokenizer.c - bolter-train tokenizer encode | decode: JSON lines through the tokenizer. */
#include <stdlib.h>
#include <string.h>

#include "trainer/commands.h"
#include "trainer/jsonl.h"
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

int cmd_tokenizer(int argc, char **argv)
{
    static const char usage[] = "tokenizer encode|decode -m DIR < JSON lines";
    const char *model = NULL;
    const struct option_row rows[] = {
        STRING("model", 'm', &model, "DIR", "directory of vocab.json and merges.txt"),
    };
    int operand = options_parse(argc, argv, rows, 1, usage);
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    const char *what = operand + 1 == argc ? argv[operand] : "";
    bool encoding = strcmp(what, "encode") == 0;
    if (!model || (!encoding && strcmp(what, "decode") != 0)) {
        complain("usage: bolter-train %s", usage);
        return EXIT_USAGE;
    }
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
