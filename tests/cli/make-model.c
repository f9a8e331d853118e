/*
 * make-model.c - write a tiny GPT-2 classifier whose verdict is known, for tests of the programs.
 *
 *     make-model DIR spam|ham|unsure|random [LABEL]...
 *
 * One block of 8 channels with random weights, 256 byte tokens and three merges, in Hugging Face
 * form. The final norm has no gain and the bias (1, 0, 0, ...): its output, and so the verdict, is
 * the same for every text; with "random" the gain is 1 and the text decides. Labels are "ham" and
 * "spam" unless others are named, of which one must be "spam"; the first that is not gets what spam
 * leaves over.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/rng.h"

enum { C = 8, T = 128, N_HEAD = 2, N_MERGE = 3, N_VOCAB = 256 + N_MERGE + 1, N_LABEL_MAX = 8 };

static const char *const merges[N_MERGE][2] = {{"h", "e"}, {"t", "he"}, {"i", "n"}};
static const char end_of_text[] = "<|endoftext|>";

struct plan {
    const char *dir;
    const char *verdict;
    const char *labels[N_LABEL_MAX];
    size_t n_label;
};

enum fill { RANDOM, ZERO, ONE, FINAL_GAIN, FINAL_BIAS, HEAD };

static const struct tensor {
    const char *name;
    size_t rows, columns; /* 0 rows: a vector; the head has a row a label */
    enum fill fill;
} tensors[] = {
    {"transformer.wte.weight", N_VOCAB, C, RANDOM},
    {"transformer.wpe.weight", T, C, RANDOM},
    {"transformer.h.0.ln_1.weight", 0, C, ONE},
    {"transformer.h.0.ln_1.bias", 0, C, ZERO},
    {"transformer.h.0.attn.c_attn.weight", C, 3 * C, RANDOM},
    {"transformer.h.0.attn.c_attn.bias", 0, 3 * C, ZERO},
    {"transformer.h.0.attn.c_proj.weight", C, C, RANDOM},
    {"transformer.h.0.attn.c_proj.bias", 0, C, ZERO},
    {"transformer.h.0.ln_2.weight", 0, C, ONE},
    {"transformer.h.0.ln_2.bias", 0, C, ZERO},
    {"transformer.h.0.mlp.c_fc.weight", C, 4 * C, RANDOM},
    {"transformer.h.0.mlp.c_fc.bias", 0, 4 * C, ZERO},
    {"transformer.h.0.mlp.c_proj.weight", 4 * C, C, RANDOM},
    {"transformer.h.0.mlp.c_proj.bias", 0, C, ZERO},
    {"transformer.ln_f.weight", 0, C, FINAL_GAIN},
    {"transformer.ln_f.bias", 0, C, FINAL_BIAS},
    {"score.weight", 0, C, HEAD},
};
enum { N_TENSOR = sizeof tensors / sizeof *tensors };

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "make-model: %s\n", what);
    exit(2);
}

static void write_file(const struct plan *p, const char *name, const void *bytes, size_t n)
{
    bolter_error err = {0};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    if (bt_write_file(path, bytes, n, &err) != BOLTER_OK)
        die(err.text);
}

/* Takes over j. */
static void write_json(const struct plan *p, const char *name, json_t *j)
{
    char *text = j ? json_dumps(j, JSON_INDENT(1)) : NULL;
    if (!text)
        die("no memory, or a name that is no UTF-8");
    write_file(p, name, text, strlen(text));
    free(text);
    json_decref(j);
}

/* ---- Tokenizer ---- */

static bool printable(unsigned b)
{
    return (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
}

/* GPT-2 writes byte b as one character: itself if printable, else the next from U+0100 on. */
static void byte_name(char out[4], unsigned b)
{
    unsigned u = b;
    if (!printable(b)) {
        u = 0x100;
        for (unsigned i = 0; i < b; i++)
            u += !printable(i);
    }
    if (u < 0x80) {
        snprintf(out, 4, "%c", (int)u);
    } else {
        snprintf(out, 4, "%c%c", (int)(0xc0 | u >> 6), (int)(0x80 | (u & 0x3f)));
    }
}

static void write_tokenizer(const struct plan *p)
{
    json_t *vocab = json_object();
    char name[16];
    json_int_t id = 0;
    for (unsigned b = 0; b < 256; b++) {
        byte_name(name, b);
        json_object_set_new(vocab, name, json_integer(id++));
    }
    bt_buf lines;
    bt_buf_init(&lines, 1000);
    bool ok = bt_buf_append_str(&lines, "#version: 0.2\n");
    for (size_t i = 0; i < N_MERGE; i++) {
        snprintf(name, sizeof name, "%s%s", merges[i][0], merges[i][1]);
        json_object_set_new(vocab, name, json_integer(id++));
        ok = ok && bt_buf_appendf(&lines, "%s %s\n", merges[i][0], merges[i][1]);
    }
    json_object_set_new(vocab, end_of_text, json_integer(id));
    if (!ok)
        die("no memory for the merges");
    write_json(p, "vocab.json", vocab);
    write_file(p, "merges.txt", lines.data, lines.len);
    bt_buf_free(&lines);
}

/* ---- Weights ---- */

/* The head sees (1, 0, 0, ...): its first column holds the logits. */
static float head_value(const struct plan *p, size_t row, size_t column, bt_rng *rng)
{
    if (strcmp(p->verdict, "random") == 0)
        return (float)bt_rng_normal(rng);
    if (column > 0)
        return 0;
    if (strcmp(p->labels[row], "spam") == 0)
        return strcmp(p->verdict, "spam") == 0 ? 8 : strcmp(p->verdict, "ham") == 0 ? -8 : 1;
    return row == 0 || (row == 1 && strcmp(p->labels[0], "spam") == 0) ? 0 : -20;
}

static float value(const struct plan *p, enum fill fill, size_t row, size_t column, bt_rng *rng)
{
    bool random = strcmp(p->verdict, "random") == 0;
    switch (fill) {
    case RANDOM:
        return 0.2f * (float)bt_rng_normal(rng);
    case ONE:
        return 1;
    case FINAL_GAIN:
        return random ? 1 : 0;
    case FINAL_BIAS:
        return !random && column == 0 ? 1 : 0;
    case HEAD:
        return head_value(p, row, column, rng);
    case ZERO:
        break;
    }
    return 0;
}

static bool append_tensor(bt_buf *data, const struct plan *p, const struct tensor *t, size_t rows,
                          bt_rng *rng)
{
    bool ok = true;
    for (size_t i = 0; i < (rows ? rows : 1); i++) {
        for (size_t k = 0; k < t->columns; k++) {
            float f = value(p, t->fill, i, k, rng);
            uint32_t u;
            memcpy(&u, &f, sizeof u);
            unsigned char le[4];
            for (int b = 0; b < 4; b++)
                le[b] = (unsigned char)(u >> 8 * b);
            ok = ok && bt_buf_append(data, le, sizeof le);
        }
    }
    return ok;
}

/* Header entry of one tensor whose bytes are begin..end. */
static json_t *entry(const struct tensor *t, size_t rows, size_t begin, size_t end)
{
    json_t *shape = json_array();
    if (rows > 0)
        json_array_append_new(shape, json_integer((json_int_t)rows));
    json_array_append_new(shape, json_integer((json_int_t)t->columns));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)end);
}

static void write_weights(const struct plan *p)
{
    bt_buf data, file;
    bt_rng rng = {.seed = 1};
    json_t *header = json_object();
    bt_buf_init(&data, 1 << 20);
    bt_buf_init(&file, 1 << 20);
    bool ok = true;
    for (size_t i = 0; i < N_TENSOR; i++) {
        size_t rows = tensors[i].fill == HEAD ? p->n_label : tensors[i].rows, begin = data.len;
        ok = ok && append_tensor(&data, p, &tensors[i], rows, &rng);
        json_object_set_new(header, tensors[i].name, entry(&tensors[i], rows, begin, data.len));
    }
    char *text = json_dumps(header, JSON_COMPACT);
    if (!ok || !text)
        die("no memory for the weights");
    size_t n = (strlen(text) + 7) / 8 * 8;
    unsigned char le[8] = {0};
    for (int b = 0; b < 4; b++)
        le[b] = (unsigned char)(n >> 8 * b);
    ok = bt_buf_append(&file, le, 8) && bt_buf_appendf(&file, "%-*s", (int)n, text) &&
         bt_buf_append(&file, data.data, data.len);
    if (!ok)
        die("no memory for the file");
    write_file(p, "model.safetensors", file.data, file.len);
    free(text);
    json_decref(header);
    bt_buf_free(&data);
    bt_buf_free(&file);
}

/* ---- Descriptions ---- */

static void write_config(const struct plan *p)
{
    json_t *by_id = json_object(), *by_label = json_object();
    for (size_t i = 0; i < p->n_label; i++) {
        char id[24];
        snprintf(id, sizeof id, "%zu", i);
        json_object_set_new(by_id, id, json_string(p->labels[i]));
        json_object_set_new(by_label, p->labels[i], json_integer((json_int_t)i));
    }
    write_json(p, "config.json",
               json_pack("{s:[s], s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:i, s:i, s:o, s:o}",
                         "architectures", "GPT2ForSequenceClassification", "model_type", "gpt2",
                         "activation_function", "gelu_new", "n_positions", T, "n_ctx", T, "n_embd",
                         C, "n_layer", 1, "n_head", N_HEAD, "vocab_size", N_VOCAB,
                         "layer_norm_epsilon", 1e-5, "bos_token_id", N_VOCAB - 1, "eos_token_id",
                         N_VOCAB - 1, "id2label", by_id, "label2id", by_label));
}

static void write_description(const struct plan *p)
{
    json_t *labels = json_array();
    for (size_t i = 0; i < p->n_label; i++)
        json_array_append_new(labels, json_string(p->labels[i]));
    write_json(p, "bolter.json",
               json_pack("{s:i, s:o, s:i, s:i, s:b, s:s, s:f, s:f, s:f}", "v", 1, "labels", labels,
                         "max_tokens", T, "tail_tokens", T / 4, "bos", 0, "position", "last",
                         "temperature", 1.0, "spam_threshold", 0.97, "unsure_threshold", 0.5));
}

int main(int argc, char **argv)
{
    static const char *const verdicts[] = {"spam", "ham", "unsure", "random"};
    struct plan p = {.labels = {"ham", "spam"}, .n_label = 2};
    bool known = false;
    for (size_t i = 0; argc >= 3 && i < sizeof verdicts / sizeof *verdicts; i++)
        known = known || strcmp(argv[2], verdicts[i]) == 0;
    if (!known || argc - 3 > N_LABEL_MAX)
        die("usage: make-model DIR spam|ham|unsure|random [LABEL]...");
    p.dir = argv[1];
    p.verdict = argv[2];
    for (int i = 3; i < argc; i++)
        p.labels[i - 3] = argv[i];
    if (argc > 3)
        p.n_label = (size_t)argc - 3;
    mkdir(p.dir, 0777);
    write_tokenizer(&p);
    write_weights(&p);
    write_config(&p);
    write_description(&p);
    return 0;
}
